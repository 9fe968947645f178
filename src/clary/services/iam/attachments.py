"""Managed policies on users, groups and roles: attach, detach, list."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.iam.errors import InvalidInput
from clary.services.iam.roles import refuse_service_linked
from clary.services.iam.views import paged
from clary.storage.identities import Identities
from clary.storage.identity_entities import GROUP, ROLE, USER


class Attachments:
    """What is attached to whom."""

    api = "iam"

    def __init__(self, identities: Identities) -> None:
        self._identities = identities

    def _attach(self, call: Call, kind: str, name: str, arn: str) -> dict[str, Any]:
        if not arn.startswith("arn:"):
            raise InvalidInput(f"ARN {arn} is not valid.")
        self._identities.policies.attach(call.account, kind, name, arn)
        return {}

    def _detach(self, call: Call, kind: str, name: str, arn: str) -> dict[str, Any]:
        self._identities.policies.detach(call.account, kind, name, arn)
        return {}

    def _list(self, call: Call, kind: str, name: str, request: dict[str, Any]) -> dict[str, Any]:
        owner = self._identities.entities.get(call.account, kind, name)
        arns = self._identities.policies.attached(call.account, kind, owner.name)
        policies = [self._identities.policies.get(arn) for arn in arns]
        prefix = request.get("PathPrefix", "/")
        return paged(
            request,
            "AttachedPolicies",
            [policy for policy in policies if policy.path.startswith(prefix)],
            lambda policy: f"{policy.key} {policy.arn}",
            lambda policy: {"PolicyName": policy.name, "PolicyArn": policy.arn},
        )

    @operation("AttachUserPolicy", resource="user/{UserName}")
    def attach_user(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Attaches a policy to a user."""
        return self._attach(call, USER, request["UserName"], request["PolicyArn"])

    @operation("AttachGroupPolicy", resource="group/{GroupName}")
    def attach_group(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Attaches a policy to a group."""
        return self._attach(call, GROUP, request["GroupName"], request["PolicyArn"])

    @operation("AttachRolePolicy", resource="role/{RoleName}")
    def attach_role(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Attaches a policy to a role."""
        refuse_service_linked(self._identities.entities.get(call.account, ROLE, request["RoleName"]))
        return self._attach(call, ROLE, request["RoleName"], request["PolicyArn"])

    @operation("DetachUserPolicy", resource="user/{UserName}")
    def detach_user(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Detaches a policy from a user."""
        return self._detach(call, USER, request["UserName"], request["PolicyArn"])

    @operation("DetachGroupPolicy", resource="group/{GroupName}")
    def detach_group(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Detaches a policy from a group."""
        return self._detach(call, GROUP, request["GroupName"], request["PolicyArn"])

    @operation("DetachRolePolicy", resource="role/{RoleName}")
    def detach_role(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Detaches a policy from a role."""
        refuse_service_linked(self._identities.entities.get(call.account, ROLE, request["RoleName"]))
        return self._detach(call, ROLE, request["RoleName"], request["PolicyArn"])

    @operation("ListAttachedUserPolicies", resource="user/{UserName}")
    def of_user(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists what is attached to a user."""
        return self._list(call, USER, request["UserName"], request)

    @operation("ListAttachedGroupPolicies", resource="group/{GroupName}")
    def of_group(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists what is attached to a group."""
        return self._list(call, GROUP, request["GroupName"], request)

    @operation("ListAttachedRolePolicies", resource="role/{RoleName}")
    def of_role(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists what is attached to a role."""
        return self._list(call, ROLE, request["RoleName"], request)
