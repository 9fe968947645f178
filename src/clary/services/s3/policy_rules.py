"""What S3 demands of a bucket policy beyond the grammar, and when it calls a policy public."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

LARGEST_POLICY_BYTES = 20 * 1024

# Keys that, fixed to values without wildcards, keep a statement for everybody from being public.
_NARROWING_KEYS = frozenset(
    (
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourcearn",
        "aws:sourceaccount",
        "aws:sourceowner",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "s3:dataaccesspointarn",
        "s3:dataaccesspointaccount",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    )
)
_FIXING_OPERATORS = frozenset(
    ("stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress")
)
_WIDEST_IPV4_PREFIX, _WIDEST_IPV6_PREFIX = 8, 32


def resource_problem(policy: Mapping[str, Any], bucket: str) -> str | None:
    """What is wrong with the resources of a policy for that bucket, None when nothing is."""
    arn = f"arn:aws:s3:::{bucket}"
    for statement in statements(policy):
        resources = listed(statement.get("Resource", statement.get("NotResource", ())))
        if not all(_may_mean(resource, arn) for resource in resources):
            return "Policy has invalid resource"
        if "Action" in statement and "Resource" in statement and not _applies(statement, resources):
            return "Action does not apply to any resource(s) in statement"
    return None


def _may_mean(resource: str, arn: str) -> bool:
    """Whether a resource is the bucket or something in it; a wildcard may stand for the end of its name."""
    if resource == arn or resource.startswith(f"{arn}/"):
        return True
    head = resource.split("*", 1)[0].split("?", 1)[0].split("${", 1)[0]
    return head != resource and (arn + "/").startswith(head)


def _applies(statement: Mapping[str, Any], resources: list[str]) -> bool:
    """Whether each action has a resource of its kind: an object's (with a slash or a wildcard), or the bucket's."""
    any_object = any("/" in resource or resource.endswith("*") for resource in resources)
    any_bucket = any("/" not in resource for resource in resources)
    for action in listed(statement["Action"]):
        prefix, _, name = action.partition(":")
        if prefix.lower() != "s3" or "*" in name or "?" in name:
            continue
        if _is_object_action(name):
            if not any_object:
                return False
        elif not any_bucket and not any("*" in resource.split("/")[0] for resource in resources):
            return False
    return True


def _is_object_action(name: str) -> bool:
    lower = name.lower()
    if "bucket" in lower or (lower.startswith("list") and "part" not in lower):
        return False
    return "object" in lower or "multipartuploadparts" in lower or lower == "abortmultipartupload"


def is_public(policy: Mapping[str, Any] | None) -> bool:
    """Whether S3 calls a policy public: it allows something to everybody without narrowing who that is."""
    return policy is not None and any(is_public_statement(statement) for statement in statements(policy))


def is_public_statement(statement: Mapping[str, Any]) -> bool:
    """`is_public` of one statement."""
    if statement.get("Effect") != "Allow":
        return False
    if "NotPrincipal" not in statement and not names_everybody(statement.get("Principal")):
        return False
    return not any(
        _narrows(operator, key, values)
        for operator, block in (statement.get("Condition") or {}).items()
        for key, values in block.items()
    )


def names_everybody(principal: Any) -> bool:
    """Whether a `Principal` element means everybody."""
    if isinstance(principal, Mapping):
        return any("*" in listed(principal.get(kind, ())) for kind in ("AWS", "CanonicalUser", "Federated"))
    return bool(principal == "*")


def _narrows(operator: str, key: str, values: Any) -> bool:
    name = operator.lower().rsplit(":", 1)[-1]
    if name not in _FIXING_OPERATORS:
        return False
    texts = [str(value) for value in listed(values)]
    if key.lower() == "aws:sourceip":
        return name == "ipaddress" and all(map(_is_narrow_network, texts))
    if key.lower() not in _NARROWING_KEYS:
        return False
    return bool(texts) and not any(_is_open(name, text) for text in texts)


def _is_open(operator: str, text: str) -> bool:
    has_wildcard = operator in ("stringlike", "arnlike", "arnequals") and ("*" in text or "?" in text)
    return has_wildcard or "${" in text


def _is_narrow_network(text: str) -> bool:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= (_WIDEST_IPV4_PREFIX if network.version == 4 else _WIDEST_IPV6_PREFIX)


def statements(policy: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The statements of a policy, also where there is only one without a list."""
    found = policy.get("Statement", ())
    return [found] if isinstance(found, Mapping) else list(found)


def listed(value: Any) -> list[Any]:
    """A list where a policy may have one value or several."""
    if isinstance(value, Iterable) and not isinstance(value, str | Mapping):
        return list(value)
    return [value]
