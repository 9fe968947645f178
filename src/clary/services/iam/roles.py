"""Roles: CreateRole, GetRole, ListRoles, UpdateRole, UpdateAssumeRolePolicy, DeleteRole and their tags."""

from __future__ import annotations

import re
from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.core.policy_documents import PolicyKind, parse
from clary.services.iam.documents import TRUST_LIMIT, checked
from clary.services.iam.errors import MalformedPolicyDocument, UnmodifiableEntity
from clary.services.iam.tagging import add_tags, list_tags, remove_tags
from clary.services.iam.views import entity_page, role_view, tags_of
from clary.storage.identities import Identities
from clary.storage.identity_entities import ROLE, Entity

SERVICE_PATH = "/aws-service-role/"
_ENTITY = re.compile(r"arn:aws:iam::[0-9]{12}:(user|role)/")


def refuse_service_linked(role: Entity) -> None:
    """Keeps what belongs to a service from being changed by others.

    Raises:
        UnmodifiableEntity: it is a service-linked role.
    """
    if role.path.startswith(SERVICE_PATH):
        raise UnmodifiableEntity(name=role.name)


def checked_trust(identities: Identities, document: str) -> str:
    """A trust policy, when it can be read and every user and role of ours that it names is there.

    Raises:
        MalformedPolicyDocument: it breaks the grammar, or names somebody who does not exist.
        LimitExceeded: it is too large.
    """
    checked(document, PolicyKind.TRUST, TRUST_LIMIT, "ACLSizePerRole")
    for statement in parse(document, PolicyKind.TRUST).statements:
        for arn in statement.principals.arns if statement.principals is not None else ():
            if _ENTITY.match(arn) and identities.entities.by_arn(arn) is None:
                raise MalformedPolicyDocument(f'Invalid principal in policy: "AWS":"{arn}"')
    return document


class Roles:
    """The roles of an account."""

    api = "iam"

    def __init__(self, identities: Identities) -> None:
        self._identities = identities

    def _modifiable(self, call: Call, request: dict[str, Any]) -> Entity:
        role = self._identities.entities.get(call.account, ROLE, request["RoleName"])
        refuse_service_linked(role)
        return role

    @operation("CreateRole", resource="role/{RoleName}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes a role."""
        body: dict[str, Any] = {
            "trust": checked_trust(self._identities, request["AssumeRolePolicyDocument"]),
            "max_session_seconds": request.get("MaxSessionDuration", 3600),
            "tags": tags_of(request),
        }
        if "Description" in request:
            body["description"] = request["Description"]
        if "PermissionsBoundary" in request:
            body["boundary"] = self._identities.policies.get(request["PermissionsBoundary"]).arn
        path = request.get("Path", "/")
        return {
            "Role": role_view(self._identities.entities.create(call.account, ROLE, request["RoleName"], path, body))
        }

    @operation("GetRole", resource="role/{RoleName}")
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Describes a role."""
        return {"Role": role_view(self._identities.entities.get(call.account, ROLE, request["RoleName"]))}

    @operation("ListRoles", resource="role/*")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists roles by name."""
        return entity_page(
            request, "Roles", self._identities, call.account, ROLE, lambda role: role_view(role, in_list=True)
        )

    @operation("UpdateRole", resource="role/{RoleName}")
    def update(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Changes description and longest session."""
        role = self._modifiable(call, request)
        changes: dict[str, Any] = {"max_session_seconds": request.get("MaxSessionDuration", 3600)}
        if "Description" in request:
            changes["description"] = request["Description"]
        self._identities.entities.update(call.account, ROLE, role.name, changes)
        return {}

    @operation("UpdateRoleDescription", resource="role/{RoleName}")
    def update_description(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Changes the description."""
        role = self._modifiable(call, request)
        changed = self._identities.entities.update(
            call.account, ROLE, role.name, {"description": request["Description"]}
        )
        return {"Role": role_view(changed)}

    @operation("UpdateAssumeRolePolicy", resource="role/{RoleName}")
    def update_trust(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Changes who may assume the role."""
        role = self._modifiable(call, request)
        trust = checked_trust(self._identities, request["PolicyDocument"])
        self._identities.entities.update(call.account, ROLE, role.name, {"trust": trust})
        return {}

    @operation("DeleteRole", resource="role/{RoleName}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes a role that has no policies and instance profiles any more."""
        role = self._modifiable(call, request)
        self._identities.entities.delete(call.account, ROLE, role.name)
        return {}

    @operation("TagRole", resource="role/{RoleName}")
    def tag(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Adds tags."""
        return add_tags(self._identities, call.account, ROLE, request["RoleName"], request)

    @operation("UntagRole", resource="role/{RoleName}")
    def untag(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes tags."""
        return remove_tags(self._identities, call.account, ROLE, request["RoleName"], request)

    @operation("ListRoleTags", resource="role/{RoleName}")
    def tags(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists tags."""
        return list_tags(self._identities, call.account, ROLE, request["RoleName"], request)
