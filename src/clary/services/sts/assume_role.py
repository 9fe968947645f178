"""AssumeRole: temporary credentials of a role, for those whom its trust policy lets in."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.errors import AccessDenied
from clary.core.operations import operation
from clary.core.policy import Effect
from clary.core.policy_conditions import Values
from clary.core.policy_documents import MalformedPolicy, parse
from clary.services.sts.caller import credentials_view
from clary.services.sts.errors import MalformedPolicyDocument, PackedPolicyTooLarge, ValidationError
from clary.storage.identities import Identities, Role, trust_document

_DEFAULT_SECONDS = 3600
_CHAINED_SECONDS = 3600
_SESSION_POLICY_CHARACTERS = 2048


class AssumedRoles:
    """Hands out sessions of roles."""

    api = "sts"

    def __init__(self, identities: Identities) -> None:
        self._identities = identities

    @operation("AssumeRole", public=True)
    def assume(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes a session of a role. The trust policy is checked here, together with the caller's own policies."""
        arn, name = request["RoleArn"], request["RoleSessionName"]
        if "SerialNumber" in request or "TokenCode" in request:
            raise AccessDenied("MultiFactorAuthentication failed with invalid MFA one time pass code. ")
        if "SourceIdentity" in request:
            raise ValidationError("Clary does not keep source identities; leave out SourceIdentity.")
        if call.principal.kind == "root":
            raise AccessDenied("Roles may not be assumed by root accounts.")
        role = self._identities.role(arn)
        tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}
        actions = ("sts:AssumeRole", "sts:TagSession") if tags else ("sts:AssumeRole",)
        conditions = _conditions(call, request, tags)
        for action in actions:
            if role is None or not self._may(call, role, action, conditions):
                raise AccessDenied(
                    f"User: {call.principal.arn} is not authorized to perform: {action} on resource: {arn}"
                )
        assert role is not None
        seconds = self._duration(call, role, request)
        policies = self._session_policies(request)
        principal = self._identities.role_principal(role.arn, name)
        session = self._identities.keys.issue_session(principal, seconds, policies, tags)
        answer: dict[str, Any] = {
            "Credentials": credentials_view(session),
            "AssumedRoleUser": {"AssumedRoleId": principal.user_id, "Arn": principal.arn},
        }
        if "Policy" in request:
            answer["PackedPolicySize"] = _packed_percent(request["Policy"])
        return answer

    def _may(self, call: Call, role: Role, action: str, conditions: dict[str, Values]) -> bool:
        trusted = self._identities.trust_effect(role, call.principal, conditions, action)
        if trusted not in (Effect.ALLOW, Effect.ALLOW_ACCOUNT):
            return False
        return self._identities.allowed(
            call.principal, action, role.arn, conditions, trust_document(role.trust)
        ).allowed

    def _duration(self, call: Call, role: Role, request: dict[str, Any]) -> int:
        seconds = int(request.get("DurationSeconds", _DEFAULT_SECONDS))
        if seconds > role.max_session_seconds:
            raise ValidationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
        current = self._identities.credential(call.principal.access_key_id)
        is_chained = call.principal.kind == "assumed-role" and current is not None and current.session_token is not None
        if is_chained and seconds > _CHAINED_SECONDS:
            raise ValidationError(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
            )
        return seconds

    def _session_policies(self, request: dict[str, Any]) -> list[str]:
        policies = [request["Policy"]] if "Policy" in request else []
        for text in policies:
            try:
                parse(text)
            except MalformedPolicy as error:
                raise MalformedPolicyDocument(str(error)) from error
            if len(text) > _SESSION_POLICY_CHARACTERS:
                raise PackedPolicyTooLarge(percent=_packed_percent(text))
        for entry in request.get("PolicyArns", ()):
            document = self._identities.policies.document(entry.get("arn", ""))
            if document is None:
                raise ValidationError(f"The specified managed policy {entry.get('arn', '')} does not exist.")
            policies.append(document)
        return policies


def _conditions(call: Call, request: dict[str, Any], tags: dict[str, str]) -> dict[str, Values]:
    conditions: dict[str, Values] = {**call.conditions, "sts:RoleSessionName": request["RoleSessionName"]}
    if "ExternalId" in request:
        conditions["sts:ExternalId"] = request["ExternalId"]
    for key, value in tags.items():
        conditions[f"aws:RequestTag/{key}"] = value
    if tags:
        conditions["aws:TagKeys"] = tuple(tags)
    return conditions


def _packed_percent(text: str) -> int:
    """How much of the allotted space a session policy takes, in percent, at least one."""
    return max(1, len(text) * 100 // _SESSION_POLICY_CHARACTERS)
