"""Whether the caller may do what the request asks: policies on every call."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from clary.core.call import Call
from clary.core.errors import AccessDenied, AccessDeniedException
from clary.core.operations import BoundOperation
from clary.core.policy import Decision, PolicyDocument, PolicyEvaluation, denial
from clary.core.policy_conditions import Values

_MEMBER = re.compile(r"\{(\w+)\}")
_XML_FAMILIES = frozenset({"s3", "iam", "sts"})


@dataclass(frozen=True, slots=True)
class Guard:
    """What protects the resource that a request names, beside the caller's own policies.

    Attributes:
        conditions: the condition keys that the API adds to those of every request.
        policy: the resource's policy document (a bucket's), None without one.
        account: the account that owns the resource, "" for the caller's own.
        is_missing: whether there is no such resource: its handler says so better than "access denied".
    """

    policy: Mapping[str, Any] | PolicyDocument | None = None
    account: str = ""
    is_missing: bool = False
    conditions: Mapping[str, Values] = field(default_factory=dict)


UNGUARDED = Guard()


@dataclass(frozen=True, slots=True)
class ArnRule:
    """How a family's actions and ARNs are written.

    Attributes:
        prefix: "s3" in "s3:GetObject" and "arn:aws:s3:::bucket".
        has_region, has_account: whether its ARNs carry them.
    """

    prefix: str
    has_region: bool = True
    has_account: bool = True


class Authorizer:
    """Checks calls against identity policies and, where there is one, the resource's own policy.

    Args:
        policies: evaluates policies.
        rules: how each API writes its ARNs.
        guard: what protects the resource that a request to an API names.
        enabled: False lets everything pass, for machines whose owner switched verification off.
    """

    def __init__(
        self,
        policies: PolicyEvaluation,
        rules: Mapping[str, ArnRule],
        guard: Callable[[Call, Mapping[str, Any]], Guard],
        *,
        enabled: bool = True,
    ) -> None:
        self._policies = policies
        self._rules = rules
        self._guard = guard
        self._enabled = enabled

    def check(self, call: Call, bound: BoundOperation, request: Mapping[str, Any]) -> None:
        """Lets an allowed call pass.

        Raises:
            AccessDenied, AccessDeniedException: as the API's clients expect it.
        """
        if bound.mark.public or not self._enabled:
            return
        guard = self._guard(call, request)
        if guard.is_missing:
            return
        tags = tag_conditions(request)
        if tags:
            guard = replace(guard, conditions={**tags, **guard.conditions})
        rule = self._rules[call.api]
        action = f"{rule.prefix}:{bound.mark.action or bound.mark.name}"
        self.check_action(call, action, _arn(rule, call, bound, request), guard)

    def check_action(self, call: Call, action: str, resource_arn: str, guard: Guard = UNGUARDED) -> None:
        """Lets an allowed action on a resource pass; for operations that touch a second resource.

        Raises:
            AccessDenied, AccessDeniedException: as the API's clients expect it.
        """
        if not self._enabled:
            return
        conditions = {**call.conditions, **guard.conditions} if guard.conditions else call.conditions
        decision = self._policies.allowed(call.principal, action, resource_arn, conditions, guard.policy, guard.account)
        if not decision.allowed:
            raise _denied(call, action, resource_arn, decision)


def tag_conditions(request: Mapping[str, Any]) -> dict[str, Values]:
    """`aws:RequestTag/KEY` and `aws:TagKeys` of a request that brings tags, or names keys of tags to remove.

    Args:
        request: its parameters. Most APIs write tags as a list of keys and values (SageMaker's members begin with a
            capital, Personalize's with a small letter), some as a map.
    """
    given = request.get("Tags", request.get("tags"))
    pairs: dict[str, str] = {}
    if isinstance(given, Mapping):
        pairs = {str(key): str(value) for key, value in given.items()}
    elif isinstance(given, list):
        for tag in given:
            if isinstance(tag, Mapping):
                lower = {str(name).lower().removeprefix("tag"): value for name, value in tag.items()}
                if "key" in lower:
                    pairs[str(lower["key"])] = str(lower.get("value", ""))
    keys = request.get("TagKeys", request.get("tagKeys"))
    named = [*pairs, *(map(str, keys) if isinstance(keys, list) else ())]
    found: dict[str, Values] = {f"aws:RequestTag/{key}": value for key, value in pairs.items()}
    if named:
        found["aws:TagKeys"] = tuple(named)
    return found


def _arn(rule: ArnRule, call: Call, bound: BoundOperation, request: Mapping[str, Any]) -> str:
    def is_named(template: str) -> bool:
        return all(isinstance(request.get(name), str) for name in _MEMBER.findall(template))

    template = next(filter(is_named, bound.mark.resource.split(" or ")), "*")
    if template == "*":
        return "*"
    resource = _MEMBER.sub(lambda match: _named(str(request[match[1]]), template[: match.start()]), template)
    if resource.startswith("arn:"):
        return resource
    if bound.mark.lower:
        resource = resource.lower()
    region = call.region if rule.has_region else ""
    account = call.account if rule.has_account else ""
    return f"arn:aws:{rule.prefix}:{region}:{account}:{resource}"


def _named(value: str, before: str) -> str:
    """What fills a template behind `before`; of an ARN that is sent in the place of a name, the name."""
    if before and value.startswith("arn:"):
        return value.partition(f":{before}")[2].removesuffix(":*") or value
    return value


def _denied(call: Call, action: str, resource_arn: str, decision: Decision) -> AccessDenied | AccessDeniedException:
    error = AccessDenied if call.api in _XML_FAMILIES else AccessDeniedException
    if call.principal.is_anonymous:
        return error("Access Denied")
    return error(denial(call.principal, action, resource_arn, decision, quoted=call.api == "s3"))
