"""The policy simulator: what would be allowed, by the same evaluation that every call goes through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clary.core.call import ANONYMOUS, Call, Principal
from clary.core.operations import operation
from clary.core.policy import Effect, PolicyDocument, Request, Statement, decide_all, decide_together
from clary.core.policy_conditions import Values
from clary.core.policy_documents import MalformedPolicy, PolicyKind, parse
from clary.services.iam.errors import InvalidInput, NoSuchEntity
from clary.services.iam.views import paged
from clary.storage.identities import Identities
from clary.storage.identity_decisions import account_of
from clary.storage.identity_entities import GROUP, ROLE, USER, Entity
from clary.storage.identity_keys import role_principal, user_principal


@dataclass(frozen=True, slots=True)
class _Source:
    """A policy with the name and kind under which answers report it."""

    name: str
    kind: str
    document: PolicyDocument


@dataclass(frozen=True, slots=True)
class _Scene:
    """What is simulated: who, with which policies, under which circumstances."""

    principal: Principal
    sources: Sequence[_Source]
    boundaries: Sequence[_Source]
    resource_policy: PolicyDocument | None
    resource_account: str
    context: dict[str, Values]


class Simulator:
    """Simulates policies of users, groups and roles, and policies that a request brings."""

    api = "iam"

    def __init__(self, identities: Identities) -> None:
        self._identities = identities

    @operation("SimulateCustomPolicy")
    def custom(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Evaluates the policies in the request."""
        return self._answer(request, self._scene(call, request, ANONYMOUS, []))

    @operation("SimulatePrincipalPolicy", resource="{PolicySourceArn}")
    def principal(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Evaluates the policies of a user, group or role, and those in the request."""
        arn = request["PolicySourceArn"]
        if account_of(arn) != call.account:
            raise InvalidInput(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
        entity = self._identities.entities.by_arn(arn)
        if entity is None or entity.kind not in (USER, GROUP, ROLE):
            raise NoSuchEntity(f"Entity {arn} does not exist.")
        sources = [
            _Source(source.name, source.kind, _parsed(source.document, source.name))
            for source in self._identities.sources(entity)
        ]
        return self._answer(request, self._scene(call, request, _acting(entity), sources, entity))

    def _scene(
        self,
        call: Call,
        request: dict[str, Any],
        principal: Principal,
        sources: list[_Source],
        entity: Entity | None = None,
    ) -> _Scene:
        sources = sources + _given(request, "PolicyInputList")
        boundaries = _given(request, "PermissionsBoundaryPolicyInputList")
        bound = entity.body.get("boundary") if entity is not None else None
        if bound and not boundaries:
            boundaries = [
                _Source(bound, "user-managed", _parsed(self._identities.policies.document(bound) or "", bound))
            ]
        caller = request.get("CallerArn")
        if caller is not None:
            found = self._identities.entities.by_arn(caller)
            if found is None or found.kind not in (USER, ROLE):
                raise InvalidInput(f"Invalid caller ARN: {caller}")
            principal = _acting(found)
        account = account_of(request.get("ResourceOwner", "")) or call.account
        entries = {
            entry["ContextKeyName"]: _values(entry)
            for entry in request.get("ContextEntries", ())
            if "ContextKeyName" in entry
        }
        policy = request.get("ResourcePolicy")
        return _Scene(
            principal if principal.arn else Principal("user", f"arn:aws:iam::{call.account}:root", call.account),
            sources,
            boundaries,
            _parsed(policy, "ResourcePolicy", PolicyKind.RESOURCE) if policy is not None else None,
            account,
            dict(self._identities.context(principal, account, entries)),
        )

    def _answer(self, request: dict[str, Any], scene: _Scene) -> dict[str, Any]:
        pairs = [
            (f"{number:06}", action, resource)
            for number, (action, resource) in enumerate(
                (action, resource)
                for action in request["ActionNames"]
                for resource in request.get("ResourceArns", ["*"])
            )
        ]
        for _, action, _ in pairs:
            if ":" not in action and action != "*":
                raise InvalidInput(f"Invalid action: {action}")
        return paged(
            request, "EvaluationResults", pairs, lambda pair: pair[0], lambda pair: _evaluate(scene, pair[1], pair[2])
        )


def _acting(entity: Entity) -> Principal:
    if entity.kind == USER:
        return user_principal(entity)
    if entity.kind == ROLE:
        return role_principal(entity, "simulation")
    return ANONYMOUS  # a group acts as nobody; its policies are evaluated all the same


def _given(request: dict[str, Any], member: str) -> list[_Source]:
    return [
        _Source(f"{member}.{number}", "none", _parsed(text, f"{member}.{number}"))
        for number, text in enumerate(request.get(member, ()), 1)
    ]


def _parsed(text: str, name: str, kind: PolicyKind = PolicyKind.IDENTITY) -> PolicyDocument:
    try:
        return parse(text, kind)
    except MalformedPolicy as error:
        raise InvalidInput(f"Invalid policy {name}: {error}") from error


def _values(entry: dict[str, Any]) -> Values:
    values: list[str] = entry.get("ContextKeyValues", [])
    return tuple(values) if entry.get("ContextKeyType", "").endswith("List") or len(values) != 1 else values[0]


def _evaluate(scene: _Scene, action: str, resource: str) -> dict[str, Any]:
    request = Request(action, resource, scene.context, scene.principal)
    statements = [statement for source in scene.sources for statement in source.document.statements]
    identity = decide_all(statements, request)
    by_resource = scene.resource_policy.decide(request) if scene.resource_policy is not None else Effect.NONE
    limits: dict[str, Effect] = {}
    if scene.boundaries:
        bounds = [statement for source in scene.boundaries for statement in source.document.statements]
        limits["permissions boundary"] = decide_all(bounds, request)
    owner = account_of(resource) or scene.resource_account
    decision = decide_together(
        request,
        identity,
        by_resource,
        same_account=owner in (scene.principal.account, "aws"),
        limits=limits,
    )
    word = "allowed" if decision.allowed else "explicitDeny" if decision.explicit_deny else "implicitDeny"
    result: dict[str, Any] = {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": word,
        "MatchedStatements": _matched(scene, request),
        "MissingContextValues": _missing(statements, request),
    }
    if limits:
        passed = limits["permissions boundary"] is Effect.ALLOW
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": passed}
    return result


def _matched(scene: _Scene, request: Request) -> list[dict[str, Any]]:
    sources = list(scene.sources)
    if scene.resource_policy is not None:
        sources.append(_Source("ResourcePolicy", "resource", scene.resource_policy))
    return [
        {"SourcePolicyId": source.name, "SourcePolicyType": source.kind}
        for source in sources
        for statement in source.document.statements
        if statement.decide(request) is not Effect.NONE
    ]


def _missing(statements: Sequence[Statement], request: Request) -> list[str]:
    """The condition keys that statements about this action ask for and the simulation was not told."""
    names: set[str] = set()
    for statement in statements:
        if statement.covers_action(request.action):
            names |= statement.names
    return sorted(name for name in names if name not in request.context)
