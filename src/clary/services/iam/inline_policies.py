"""Inline policies of users, groups and roles, and permissions boundaries of users and roles."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.core.policy_documents import PolicyKind
from clary.services.iam.documents import INLINE_LIMITS, checked, encoded, size_of
from clary.services.iam.errors import LimitExceeded, NoSuchEntity
from clary.services.iam.roles import refuse_service_linked
from clary.services.iam.views import paged
from clary.storage.identities import Identities
from clary.storage.identity_entities import GROUP, ROLE, USER


class InlinePolicies:
    """Policies that are part of their owner."""

    api = "iam"

    def __init__(self, identities: Identities) -> None:
        self._identities = identities

    def _put(self, call: Call, kind: str, request: dict[str, Any]) -> dict[str, Any]:
        owner = self._identities.entities.get(call.account, kind, request[f"{kind.capitalize()}Name"])
        limit = INLINE_LIMITS[kind]
        document = checked(request["PolicyDocument"], PolicyKind.IDENTITY, limit, "PolicySize")
        others = self._identities.policies.inline(call.account, kind, owner.name)
        others[request["PolicyName"]] = document
        if sum(size_of(one) for one in others.values()) > limit:
            raise LimitExceeded(f"Maximum policy size of {limit} bytes exceeded for {kind} {owner.name}")
        self._identities.policies.put_inline(call.account, kind, owner.name, request["PolicyName"], document)
        return {}

    def _get(self, call: Call, kind: str, request: dict[str, Any]) -> dict[str, Any]:
        word = kind.capitalize()
        owner = self._identities.entities.get(call.account, kind, request[f"{word}Name"])
        name = request["PolicyName"]
        document = self._identities.policies.inline(call.account, kind, owner.name).get(name)
        if document is None:
            raise NoSuchEntity(f"The {kind} policy with name {name} cannot be found.")
        return {f"{word}Name": owner.name, "PolicyName": name, "PolicyDocument": encoded(document)}

    def _delete(self, call: Call, kind: str, request: dict[str, Any]) -> dict[str, Any]:
        owner = self._identities.entities.get(call.account, kind, request[f"{kind.capitalize()}Name"])
        self._identities.policies.delete_inline(call.account, kind, owner.name, request["PolicyName"])
        return {}

    def _list(self, call: Call, kind: str, request: dict[str, Any]) -> dict[str, Any]:
        owner = self._identities.entities.get(call.account, kind, request[f"{kind.capitalize()}Name"])
        names = list(self._identities.policies.inline(call.account, kind, owner.name))
        return paged(request, "PolicyNames", names, str, str)

    @operation("PutUserPolicy", resource="user/{UserName}")
    def put_user(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stores an inline policy of a user."""
        return self._put(call, USER, request)

    @operation("PutGroupPolicy", resource="group/{GroupName}")
    def put_group(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stores an inline policy of a group."""
        return self._put(call, GROUP, request)

    @operation("PutRolePolicy", resource="role/{RoleName}")
    def put_role(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stores an inline policy of a role."""
        refuse_service_linked(self._identities.entities.get(call.account, ROLE, request["RoleName"]))
        return self._put(call, ROLE, request)

    @operation("GetUserPolicy", resource="user/{UserName}")
    def get_user(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Gives an inline policy of a user."""
        return self._get(call, USER, request)

    @operation("GetGroupPolicy", resource="group/{GroupName}")
    def get_group(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Gives an inline policy of a group."""
        return self._get(call, GROUP, request)

    @operation("GetRolePolicy", resource="role/{RoleName}")
    def get_role(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Gives an inline policy of a role."""
        return self._get(call, ROLE, request)

    @operation("DeleteUserPolicy", resource="user/{UserName}")
    def delete_user(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes an inline policy of a user."""
        return self._delete(call, USER, request)

    @operation("DeleteGroupPolicy", resource="group/{GroupName}")
    def delete_group(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes an inline policy of a group."""
        return self._delete(call, GROUP, request)

    @operation("DeleteRolePolicy", resource="role/{RoleName}")
    def delete_role(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes an inline policy of a role."""
        refuse_service_linked(self._identities.entities.get(call.account, ROLE, request["RoleName"]))
        return self._delete(call, ROLE, request)

    @operation("ListUserPolicies", resource="user/{UserName}")
    def of_user(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists the inline policies of a user."""
        return self._list(call, USER, request)

    @operation("ListGroupPolicies", resource="group/{GroupName}")
    def of_group(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists the inline policies of a group."""
        return self._list(call, GROUP, request)

    @operation("ListRolePolicies", resource="role/{RoleName}")
    def of_role(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists the inline policies of a role."""
        return self._list(call, ROLE, request)


class Boundaries:
    """Permissions boundaries: what a user's or role's policies can at most allow."""

    api = "iam"

    def __init__(self, identities: Identities) -> None:
        self._identities = identities

    def _set(self, call: Call, kind: str, name: str, arn: str | None) -> dict[str, Any]:
        owner = self._identities.entities.get(call.account, kind, name)
        if arn is None and not owner.body.get("boundary"):
            raise NoSuchEntity(f"The {kind} {owner.name} has no permissions boundary.")
        boundary = self._identities.policies.get(arn).arn if arn is not None else None
        self._identities.entities.update(call.account, kind, owner.name, {"boundary": boundary})
        return {}

    @operation("PutUserPermissionsBoundary", resource="user/{UserName}")
    def put_user(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Sets a user's boundary."""
        return self._set(call, USER, request["UserName"], request["PermissionsBoundary"])

    @operation("PutRolePermissionsBoundary", resource="role/{RoleName}")
    def put_role(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Sets a role's boundary."""
        refuse_service_linked(self._identities.entities.get(call.account, ROLE, request["RoleName"]))
        return self._set(call, ROLE, request["RoleName"], request["PermissionsBoundary"])

    @operation("DeleteUserPermissionsBoundary", resource="user/{UserName}")
    def delete_user(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes a user's boundary."""
        return self._set(call, USER, request["UserName"], None)

    @operation("DeleteRolePermissionsBoundary", resource="role/{RoleName}")
    def delete_role(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes a role's boundary."""
        refuse_service_linked(self._identities.entities.get(call.account, ROLE, request["RoleName"]))
        return self._set(call, ROLE, request["RoleName"], None)
