"""Signatures that are right and all the same not valid: another day's key, another ending, the host left out."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from clary.core.clock import FixedClock
from clary.core.http import Headers, HttpRequest
from clary.gateway import sigv4
from clary.gateway.identity import Authenticator

from .signing import KEY, SECRET, Keyring, refused, verify

NOW = 1_767_225_600.0  # 2026-01-01T00:00:00Z
STAMP = "20260101T000000Z"
BODY = hashlib.sha256(b"").hexdigest()


def handmade(service: str, *, day: str = "20260101", ending: str = "aws4_request", names: str = "host;x-amz-date"):
    """A request that is correctly signed with the scope and headers at hand."""
    headers = {"host": "h", "x-amz-date": STAMP}
    if service == "s3":
        headers["x-amz-content-sha256"] = BODY
    canonical = sigv4.canonical_request("GET", "/", "", sigv4.canonical_headers(headers, names.split(";")), names, BODY)
    scope = f"{day}/us-east-1/{service}/{ending}"
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = sigv4.signature(key, sigv4.string_to_sign(STAMP, scope, canonical))
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={KEY}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return HttpRequest("GET", "/", "", Headers(headers))


def gate() -> Authenticator:
    return Authenticator(Keyring(), FixedClock(NOW))


@pytest.mark.parametrize("service", ["s3", "sagemaker"])
def test_a_request_made_by_hand_passes(service: str) -> None:
    assert verify(handmade(service), gate()).signing_name == service


@pytest.mark.parametrize(
    ("service", "code", "text"),
    [
        (
            "s3",
            "AuthorizationHeaderMalformed",
            'Invalid credential date "20251231". This date is not the same as X-Amz',
        ),
        ("sagemaker", "InvalidSignatureException", "Date in Credential scope does not match YYYYMMDD"),
    ],
)
def test_the_key_of_another_day_does_not_sign(service: str, code: str, text: str) -> None:
    error = refused(handmade(service, day="20251231"), gate())
    assert error.wire_code == code
    assert text in error.message


@pytest.mark.parametrize("service", ["s3", "sagemaker"])
def test_a_scope_must_end_as_scopes_end(service: str) -> None:
    error = refused(handmade(service, ending="aws5_request"), gate())
    assert "'aws4_request', not 'aws5_request'" in error.message


@pytest.mark.parametrize(
    ("service", "text"),
    [
        ("s3", "There were headers present in the request which were not signed"),
        ("sagemaker", "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."),
    ],
)
def test_the_host_must_be_signed(service: str, text: str) -> None:
    assert refused(handmade(service, names="x-amz-date"), gate()).message == text
