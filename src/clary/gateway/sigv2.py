"""Signature Version 2 of S3: presigned URLs, as boto3 makes them by default, and the header `AWS key:signature`."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from urllib.parse import unquote_plus

SUBRESOURCES = frozenset(
    (
        "accelerate",
        "acl",
        "analytics",
        "attributes",
        "cors",
        "defaultObjectAcl",
        "delete",
        "encryption",
        "intelligent-tiering",
        "inventory",
        "legal-hold",
        "lifecycle",
        "location",
        "logging",
        "metrics",
        "notification",
        "object-lock",
        "ownershipControls",
        "partNumber",
        "policy",
        "policyStatus",
        "publicAccessBlock",
        "replication",
        "requestPayment",
        "response-cache-control",
        "response-content-disposition",
        "response-content-encoding",
        "response-content-language",
        "response-content-type",
        "response-expires",
        "restore",
        "retention",
        "select",
        "select-type",
        "storageClass",
        "tagging",
        "torrent",
        "uploadId",
        "uploads",
        "versionId",
        "versioning",
        "versions",
        "website",
    )
)
"""The query parameters that are signed. The published list is older than some of S3's sub-resources; they are in here
all the same, so that a signature for an object cannot be carried over to, say, its bucket's encryption settings."""

_CREDENTIALS = frozenset(("AWSAccessKeyId", "Signature", "Expires"))


def parameters(query: str) -> dict[str, str]:
    """The query's parameters, decoded; the first of a repeated name counts."""
    found: dict[str, str] = {}
    for piece in query.split("&"):
        name, _, value = piece.partition("=")
        if piece:
            found.setdefault(unquote_plus(name), unquote_plus(value))
    return found


def hoisted(query: Mapping[str, str]) -> dict[str, str]:
    """The headers that a presigned URL carries in its query, by lower-case name."""
    return {
        name.lower(): value
        for name, value in query.items()
        if name.lower().startswith("x-amz-") or name.lower() in ("content-md5", "content-type")
    }


def canonical_resources(path: str, query: str) -> tuple[str, ...]:
    """The resource as it is signed; a bucket in path style with and without a slash at its end, as clients do both.

    Args:
        path: "/bucket/key", percent-encoded as sent; the bucket of a virtual host is put in front by the caller.
        query: percent-encoded as sent.
    """
    kept = []
    for piece in query.split("&"):
        name, equals, value = piece.partition("=")
        if name in SUBRESOURCES:
            kept.append((name, f"{name}={unquote_plus(value)}" if equals else name))
    kept.sort(key=lambda pair: pair[0])
    subresources = "?" + "&".join([text for _, text in kept]) if kept else ""
    paths = (f"{path}/", path) if path.count("/") == 1 and path != "/" else (path,)
    return tuple(f"{one}{subresources}" for one in paths)


def string_to_sign(method: str, resource: str, headers: Mapping[str, str], date: str) -> str:
    """What is signed.

    Args:
        resource: see `canonical_resources`.
        headers: by lower-case name, the hoisted ones among them.
        date: the Date header, "" where x-amz-date is sent, or the `Expires` of a presigned URL.
    """
    lines = [method, headers.get("content-md5", "").strip(), headers.get("content-type", "").strip(), date]
    lines += [f"{name}:{headers[name].strip()}" for name in sorted(headers) if name.startswith("x-amz-")]
    return "\n".join(lines) + "\n" + resource


def signature(secret: str, text: str) -> str:
    """The signature, base64."""
    return base64.b64encode(hmac.digest(secret.encode(), text.encode("utf-8", "surrogateescape"), "sha1")).decode()
