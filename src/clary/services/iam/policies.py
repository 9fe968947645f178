"""Managed policies and their versions."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.errors import AccessDenied
from clary.core.operations import operation
from clary.core.policy_documents import PolicyKind
from clary.services.iam.documents import MANAGED_LIMIT, checked, encoded
from clary.services.iam.errors import NoSuchEntity
from clary.services.iam.tagging import add_tags, list_tags, remove_tags
from clary.services.iam.views import paged, policy_view, tags_of
from clary.storage.identities import Identities
from clary.storage.identity_catalogue import managed_policies
from clary.storage.identity_entities import GROUP, POLICY, ROLE, USER, Entity
from clary.storage.identity_policies import PolicyVersion

_MOST_IN_ACCOUNT = 1500
_GROUPS = {"User": USER, "Role": ROLE, "Group": GROUP}


class Policies:
    """The managed policies that an account sees: its own and AWS's."""

    api = "iam"

    def __init__(self, identities: Identities) -> None:
        self._identities = identities

    def _own(self, call: Call, arn: str) -> Entity:
        """A policy of the caller's account, which may be changed."""
        policy = self._identities.policies.get(arn)
        if policy.account != call.account:
            raise AccessDenied(
                f"User: {call.principal.arn} is not authorized to perform: iam:{call.operation} "
                f"on resource: policy {arn}"
            )
        return policy

    def _visible(self, call: Call, arn: str) -> Entity:
        policy = self._identities.policies.get(arn)
        if policy.account not in (call.account, "aws"):
            raise NoSuchEntity(f"Policy {arn} was not found.")
        return policy

    @operation("CreatePolicy", resource="policy/{PolicyName}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes a policy with its first version."""
        document = checked(request["PolicyDocument"], PolicyKind.IDENTITY, MANAGED_LIMIT, "PolicySize")
        body: dict[str, object] = {"tags": tags_of(request), "description": request.get("Description", "")}
        policy = self._identities.policies.create(
            call.account, request["PolicyName"], request.get("Path", "/"), document, body
        )
        view = policy_view(self._identities, policy, call.account)
        view.pop("Description", None)  # AWS does not repeat it here
        return {"Policy": view}

    @operation("GetPolicy", resource="{PolicyArn}")
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Describes a policy."""
        return {"Policy": policy_view(self._identities, self._visible(call, request["PolicyArn"]), call.account)}

    @operation("ListPolicies")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists policies: AWS's ("AWS"), one's own ("Local") or both."""
        scope, prefix = request.get("Scope", "All"), request.get("PathPrefix", "/")
        found: list[Entity] = []
        if scope in ("All", "AWS"):
            found += [self._identities.policies.get(arn) for arn in managed_policies()]
        if scope in ("All", "Local"):
            found += self._identities.entities.page(call.account, POLICY, limit=_MOST_IN_ACCOUNT)[0]
        found = [policy for policy in found if policy.path.startswith(prefix)]
        if request.get("OnlyAttached"):
            found = [policy for policy in found if self._identities.policies.owners(call.account, policy.arn)]
        if request.get("PolicyUsageFilter") == "PermissionsBoundary":
            found = [policy for policy in found if self._identities.policies.bounded(call.account, policy.arn)]
        return paged(
            request,
            "Policies",
            found,
            lambda policy: f"{policy.key} {policy.arn}",
            lambda policy: policy_view(self._identities, policy, call.account, in_list=True),
        )

    @operation("DeletePolicy", resource="{PolicyArn}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes a policy that is attached to nothing and has one version."""
        policy = self._own(call, request["PolicyArn"])
        self._identities.entities.delete(call.account, POLICY, policy.name)
        return {}

    @operation("CreatePolicyVersion", resource="{PolicyArn}")
    def add_version(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Adds a version."""
        policy = self._own(call, request["PolicyArn"])
        document = checked(request["PolicyDocument"], PolicyKind.IDENTITY, MANAGED_LIMIT, "PolicySize")
        version = self._identities.policies.add_version(
            policy.arn, document, as_default=bool(request.get("SetAsDefault", False))
        )
        return {"PolicyVersion": _version_view(version, with_document=False)}

    @operation("GetPolicyVersion", resource="{PolicyArn}")
    def version(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Describes a version, with its document."""
        policy = self._visible(call, request["PolicyArn"])
        return {"PolicyVersion": _version_view(self._identities.policies.version(policy.arn, request["VersionId"]))}

    @operation("ListPolicyVersions", resource="{PolicyArn}")
    def versions(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists versions, newest first."""
        policy = self._visible(call, request["PolicyArn"])
        versions = self._identities.policies.versions(policy.arn)
        return paged(
            request,
            "Versions",
            versions,
            lambda version: f"{1_000_000 - version.number:07}",
            lambda version: _version_view(version, with_document=False),
        )

    @operation("SetDefaultPolicyVersion", resource="{PolicyArn}")
    def set_default(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Chooses the version that counts."""
        self._identities.policies.set_default(self._own(call, request["PolicyArn"]).arn, request["VersionId"])
        return {}

    @operation("DeletePolicyVersion", resource="{PolicyArn}")
    def delete_version(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes a version that does not count."""
        self._identities.policies.delete_version(self._own(call, request["PolicyArn"]).arn, request["VersionId"])
        return {}

    @operation("ListEntitiesForPolicy", resource="{PolicyArn}")
    def entities(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists the users, groups and roles that a policy is attached to."""
        policy = self._visible(call, request["PolicyArn"])
        wanted = _GROUPS.get(request.get("EntityFilter", ""))
        found = [
            owner
            for kind, key in self._identities.policies.owners(call.account, policy.arn)
            if wanted in (None, kind)
            for owner in (self._identities.entities.find(call.account, kind, key),)
            if owner is not None and owner.path.startswith(request.get("PathPrefix", "/"))
        ]
        page = paged(request, "page", found, lambda owner: f"{owner.kind} {owner.key}", lambda owner: owner)
        answer: dict[str, Any] = {"PolicyGroups": [], "PolicyUsers": [], "PolicyRoles": []}
        for owner in page.pop("page"):
            word = owner.kind.capitalize()
            answer[f"Policy{word}s"].append({f"{word}Name": owner.name, f"{word}Id": owner.id})
        return {**answer, **page}

    @operation("TagPolicy", resource="{PolicyArn}")
    def tag(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Adds tags."""
        return add_tags(self._identities, call.account, POLICY, self._own(call, request["PolicyArn"]).name, request)

    @operation("UntagPolicy", resource="{PolicyArn}")
    def untag(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes tags."""
        return remove_tags(self._identities, call.account, POLICY, self._own(call, request["PolicyArn"]).name, request)

    @operation("ListPolicyTags", resource="{PolicyArn}")
    def tags(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists tags."""
        return list_tags(self._identities, call.account, POLICY, self._own(call, request["PolicyArn"]).name, request)


def _version_view(version: PolicyVersion, *, with_document: bool = True) -> dict[str, Any]:
    view: dict[str, Any] = {
        "VersionId": version.id,
        "IsDefaultVersion": version.is_default,
        "CreateDate": int(version.created),
    }
    if with_document:
        view["Document"] = encoded(version.document)
    return view
