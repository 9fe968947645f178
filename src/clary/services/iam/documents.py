"""Policy documents on their way in (checked) and out (percent-encoded, as IAM sends them)."""

from __future__ import annotations

from urllib.parse import quote

from clary.core.policy_documents import MalformedPolicy, PolicyKind, parse
from clary.services.iam.errors import LimitExceeded, MalformedPolicyDocument

MANAGED_LIMIT = 6144
TRUST_LIMIT = 2048
INLINE_LIMITS = {"user": 2048, "group": 5120, "role": 10_240}
_SPACE = str.maketrans("", "", " \t\r\n")


def size_of(document: str) -> int:
    """The size of a document as IAM counts it: characters without white space."""
    return len(document.translate(_SPACE))


def checked(document: str, kind: PolicyKind, limit: int, quota: str) -> str:
    """The document, when it can be read and is not too large.

    Args:
        limit: characters, white space not counted.
        quota: AWS's name of the limit.

    Raises:
        MalformedPolicyDocument: it breaks the grammar.
        LimitExceeded: it is too large.
    """
    if size_of(document) > limit:
        raise LimitExceeded(f"Cannot exceed quota for {quota}: {limit}")
    try:
        parse(document, kind)
    except MalformedPolicy as error:
        raise MalformedPolicyDocument(str(error)) from error
    return document


def encoded(document: str) -> str:
    """The document as IAM's answers carry it."""
    return quote(document, safe="")
