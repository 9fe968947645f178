"""Reads policy documents and says, in AWS's words, what is wrong with one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from clary.core.policy import PolicyDocument, Principals, Statement
from clary.core.policy_conditions import Condition
from clary.core.policy_patterns import Pattern, pattern


class PolicyKind(Enum):
    """Where a document hangs: it decides which elements it must have and may not have."""

    IDENTITY = "identity"
    RESOURCE = "resource"
    TRUST = "trust"


class MalformedPolicy(ValueError):
    """A policy document breaks the grammar; the message is AWS's."""


_ELEMENTS = frozenset(
    ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition")
)
_VERSIONS = ("2012-10-17", "2008-10-17")
_SID = re.compile(r"[A-Za-z0-9]*\Z")
_VENDOR = re.compile(r"[A-Za-z0-9-]+\Z")
_ACTION_NAME = re.compile(r"[A-Za-z0-9*?-]+\Z")
_PRINCIPAL_ARN = re.compile(
    r"arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:(root|user/.+|role/.+|assumed-role/.+|federated-user/.+)\Z"
)
_ACCOUNT = re.compile(r"[0-9]{12}\Z")
_TRUST_ACTIONS = (
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:tagsession",
    "sts:setsourceidentity",
    "sts:setcontext",
)
_DEEPEST = 20


def parse(document: str | Mapping[str, Any], kind: PolicyKind = PolicyKind.IDENTITY) -> PolicyDocument:
    """Reads a policy.

    Args:
        document: its JSON text, or the values already read from it.
        kind: where it hangs.

    Raises:
        MalformedPolicy: it breaks the grammar.
    """
    values = _loaded(document, kind) if isinstance(document, str) else document
    if not isinstance(values, Mapping):
        raise MalformedPolicy("Syntax errors in policy.")
    unknown = set(values) - {"Version", "Id", "Statement"}
    if unknown:
        raise MalformedPolicy("Syntax errors in policy.")
    version = values.get("Version", "2008-10-17")
    if version not in _VERSIONS:
        raise MalformedPolicy("Syntax errors in policy.")
    if kind is PolicyKind.IDENTITY and version != "2012-10-17":
        raise MalformedPolicy("Policy document must be version 2012-10-17 or greater.")
    listed = values.get("Statement")
    if isinstance(listed, Mapping):
        listed = [listed]
    if not isinstance(listed, Sequence) or isinstance(listed, str) or not listed:
        raise MalformedPolicy("Syntax errors in policy." if listed is not None else "Missing required field Statement")
    statements = tuple(_statement(entry, kind, variables=version == "2012-10-17") for entry in listed)
    sids = [statement.sid for statement in statements if statement.sid]
    if len(set(sids)) != len(sids):
        raise MalformedPolicy("Statement IDs (SID) in a single policy must be unique.")
    return PolicyDocument(statements, version)


def _loaded(text: str, kind: PolicyKind) -> Any:
    if _depth(text) > _DEEPEST:
        raise MalformedPolicy("Syntax errors in policy.")
    try:
        return json.loads(text, object_pairs_hook=_object_once)
    except ValueError as error:
        if kind is PolicyKind.RESOURCE:
            raise MalformedPolicy("Policies must be valid JSON and the first byte must be '{'") from error
        raise MalformedPolicy(
            "This policy contains invalid Json" if kind is PolicyKind.TRUST else "Syntax errors in policy."
        ) from error


def _depth(text: str) -> int:
    deepest = depth = 0
    for character in text:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _object_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a field is there twice")
    return values


def _statement(entry: Any, kind: PolicyKind, *, variables: bool) -> Statement:
    if not isinstance(entry, Mapping) or set(entry) - _ELEMENTS:
        raise MalformedPolicy("Syntax errors in policy.")
    effect = entry.get("Effect")
    if effect is None:
        raise MalformedPolicy("Missing required field Effect")
    if effect not in ("Allow", "Deny"):
        raise MalformedPolicy(
            "Syntax errors in policy." if kind is PolicyKind.IDENTITY else f"Invalid effect: {effect}"
        )
    sid = entry.get("Sid", "")
    if not isinstance(sid, str):
        raise MalformedPolicy("Syntax errors in policy.")
    if kind is not PolicyKind.RESOURCE and not _SID.match(sid):
        raise MalformedPolicy(
            "Statement IDs (SID) must be alpha-numeric. "
            "Check that your input satisfies the regular expression [0-9A-Za-z]*"
        )
    principals, not_principals = _principal_element(entry, kind)
    actions, not_actions = _actions(entry, kind)
    resources, not_resources = _resources(entry, kind, variables=variables)
    return Statement(
        allows=effect == "Allow",
        actions=actions,
        not_actions=not_actions,
        resources=resources,
        not_resources=not_resources,
        principals=principals,
        not_principals=not_principals,
        conditions=_conditions(entry.get("Condition"), variables=variables),
        sid=sid,
    )


def _texts(value: Any) -> list[str]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, Sequence) or any(not isinstance(text, str) for text in listed):
        raise MalformedPolicy("Syntax errors in policy.")
    return list(listed)


def _either(entry: Mapping[str, Any], name: str) -> tuple[Any, bool]:
    """The element `name` or its opposite `NotName`, and which of the two it is."""
    opposite = f"Not{name}"
    if name in entry and opposite in entry:
        raise MalformedPolicy("Syntax errors in policy.")
    return (entry[opposite], True) if opposite in entry else (entry.get(name), False)


def _actions(entry: Mapping[str, Any], kind: PolicyKind) -> tuple[tuple[Pattern, ...], bool]:
    value, negated = _either(entry, "Action")
    texts = _texts(value) if value is not None else []
    if not texts:
        raise MalformedPolicy(
            "Policy statement must contain actions." if kind is PolicyKind.IDENTITY else "Missing required field Action"
        )
    for text in texts:
        vendor, colon, name = text.partition(":")
        if text == "*" and kind is not PolicyKind.TRUST:
            continue
        if not colon or not name:
            raise MalformedPolicy(
                "Policy has invalid action"
                if kind is PolicyKind.RESOURCE
                else "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
            )
        if kind is PolicyKind.TRUST:
            if not _is_trust_action(text):
                raise MalformedPolicy("AssumeRole policy may only specify STS AssumeRole actions.")
        elif not _VENDOR.match(vendor):
            raise MalformedPolicy(f"Vendor {vendor} is not valid")
        elif not _ACTION_NAME.match(name):
            raise MalformedPolicy(
                "Policy has invalid action" if kind is PolicyKind.RESOURCE else "Syntax errors in policy."
            )
    return tuple(pattern(text, ignore_case=True) for text in texts), negated


def _is_trust_action(text: str) -> bool:
    wanted = pattern(text, ignore_case=True)
    return any(wanted.matches(action) for action in _TRUST_ACTIONS)


def _resources(entry: Mapping[str, Any], kind: PolicyKind, *, variables: bool) -> tuple[tuple[Pattern, ...], bool]:
    value, negated = _either(entry, "Resource")
    if kind is PolicyKind.TRUST:
        if value is not None:
            raise MalformedPolicy("Has prohibited field Resource")
        return (), False
    texts = _texts(value) if value is not None else []
    if not texts:
        raise MalformedPolicy(
            "Policy statement must contain resources."
            if kind is PolicyKind.IDENTITY
            else "Missing required field Resource"
        )
    for text in texts:
        if (
            text != "*"
            and not (text.startswith("arn:") and text.count(":") >= 5)
            and not (text.startswith("arn:") and "*" in text)
        ):
            raise MalformedPolicy(
                "Policy has invalid resource"
                if kind is PolicyKind.RESOURCE
                else f'Resource {text} must be in ARN format or "*".'
            )
    return tuple(pattern(text, variables=variables) for text in texts), negated


def _principal_element(entry: Mapping[str, Any], kind: PolicyKind) -> tuple[Principals | None, bool]:
    value, negated = _either(entry, "Principal")
    if kind is PolicyKind.IDENTITY:
        if value is not None:
            raise MalformedPolicy("Policy document should not specify a principal.")
        return None, False
    if value is None:
        raise MalformedPolicy("Missing required field Principal")
    if value == "*":
        return Principals(is_everyone=True), negated
    if not isinstance(value, Mapping) or not value or set(value) - {"AWS", "Service", "Federated", "CanonicalUser"}:
        raise MalformedPolicy("Invalid principal in policy")
    aws = _texts(value.get("AWS", []))
    for text in aws:
        if text != "*" and not _ACCOUNT.match(text) and not _is_principal(text):
            raise MalformedPolicy(
                f'Invalid principal in policy: "AWS":"{text}"'
                if kind is PolicyKind.TRUST
                else "Invalid principal in policy"
            )
    principals = Principals(
        is_everyone="*" in aws,
        arns=frozenset(text for text in aws if text != "*"),
        services=frozenset(_texts(value.get("Service", []))),
        others=frozenset(_texts(value.get("Federated", [])) + _texts(value.get("CanonicalUser", []))),
    )
    return principals, negated


def _is_principal(text: str) -> bool:
    return _PRINCIPAL_ARN.match(text) is not None and not set("*?") & set(text)


def _conditions(block: Any, *, variables: bool) -> tuple[Condition, ...]:
    if block is None:
        return ()
    if not isinstance(block, Mapping):
        raise MalformedPolicy("Syntax errors in policy.")
    conditions = []
    for operator, keys in block.items():
        if not isinstance(keys, Mapping) or not isinstance(operator, str):
            raise MalformedPolicy("Syntax errors in policy.")
        for key, value in keys.items():
            values = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
            texts = [_scalar(one) for one in values]
            try:
                conditions.append(Condition.parse(operator, key, texts, variables=variables))
            except ValueError as error:
                raise MalformedPolicy(f"Invalid Condition type : {operator}") from error
    return tuple(conditions)


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if not isinstance(value, str):
        raise MalformedPolicy("Syntax errors in policy.")
    return value
