"""Presigned URLs of both signature versions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from botocore.auth import HmacV1Auth, HmacV1QueryAuth, S3SigV4QueryAuth, SigV4QueryAuth

from clary.gateway.addressing import bucket_of_host

from .signing import (
    ALICE,
    authenticator,
    long_lived,
    now_clock,
    refused,
    signed,
    temporary,
    verify,
)


def presigned(
    credentials=None, expires: int = 600, url: str = "http://127.0.0.1:4566/bucket/a%20key?versionId=3", **headers
):
    return signed(S3SigV4QueryAuth(credentials or long_lived(), "s3", "us-east-1", expires), "GET", url, headers)


@pytest.mark.parametrize("credentials", [long_lived, temporary])
def test_a_presigned_url_passes_until_it_expires(credentials) -> None:
    clock = now_clock()
    gate, request = authenticator(clock), presigned(credentials())
    assert verify(request, gate).is_presigned
    clock.advance(599)
    verify(request, gate)
    clock.advance(5)
    error = refused(request, gate)
    assert (error.wire_code, error.message) == ("AccessDenied", "Request has expired")


def test_a_presigned_url_of_the_future_is_not_valid_yet() -> None:
    clock = now_clock()
    clock.advance(-1000)
    assert refused(presigned(), authenticator(clock)).message == "Request is not valid yet"


def test_a_presigned_url_carries_no_other_request() -> None:
    request = presigned()
    for changed in (
        replace(request, method="PUT"),
        replace(request, path="/bucket/other"),
        replace(request, query=request.query.replace("versionId=3", "versionId=4")),
        replace(request, query=request.query.replace("X-Amz-Expires=600", "X-Amz-Expires=6000")),
    ):
        assert refused(changed).wire_code == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("X-Amz-Expires=600", "X-Amz-Expires=604801", "must be less than a week"),
        ("X-Amz-Expires=600", "X-Amz-Expires=-1", "must be non-negative"),
        ("X-Amz-Expires=600", "X-Amz-Expires=soon", "should be a number"),
        ("&X-Amz-Expires=600", "", "requires the X-Amz-Algorithm"),
        ("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256", "only supports"),
        ("%2Faws4_request", "", "the Credential is mal-formed"),
    ],
)
def test_wrong_parameters_of_a_presigned_url_are_named(old: str, new: str, text: str) -> None:
    request = presigned()
    assert old in request.query
    error = refused(replace(request, query=request.query.replace(old, new)))
    assert error.wire_code == "AuthorizationQueryParametersError"
    assert text in error.message


def test_a_presigned_url_of_another_service_covers_its_empty_body() -> None:
    signer = SigV4QueryAuth(long_lived(), "sts", "us-east-1", 60)
    request = signed(signer, "GET", "http://h/?Action=GetCallerIdentity&Version=2011-06-15")
    verify(request)
    assert refused(replace(request, body=b"x")).wire_code == "SignatureDoesNotMatch"


def old_presigned(credentials=None, url: str = "http://127.0.0.1:4566/bucket/a%20key", method: str = "GET", **headers):
    return signed(HmacV1QueryAuth(credentials or long_lived(), 600), method, url, headers)


@pytest.mark.parametrize("credentials", [long_lived, temporary])
@pytest.mark.parametrize("query", ["", "?versionId=abc", "?response-content-type=text%2Fhtml&prefix=x", "?acl"])
def test_a_sigv2_url_passes_until_it_expires(credentials, query: str) -> None:
    clock = now_clock()
    gate, request = authenticator(clock), old_presigned(credentials(), f"http://h/bucket/a%20key{query}")
    result = verify(request, gate)
    assert (result.principal, result.signing_name) == (ALICE, "s3")
    clock.advance(605)
    assert refused(request, gate).message == "Request has expired"


def test_a_sigv2_url_carries_no_other_request() -> None:
    request = old_presigned(url="http://h/bucket/key?versionId=1")
    for changed in (
        replace(request, method="DELETE"),
        replace(request, path="/bucket/other"),
        replace(request, query=request.query.replace("versionId=1", "versionId=2")),
        replace(request, query=f"acl&{request.query}"),
        replace(request, query=f"encryption&{request.query}"),
        replace(request, query=request.query.replace("Expires=1", "Expires=2")),
    ):
        assert refused(changed).wire_code == "SignatureDoesNotMatch"


def test_headers_in_a_sigv2_url_count_as_sent() -> None:
    headers = {"x-amz-meta-colour": "blue", "Content-Type": "text/csv"}
    request = signed(HmacV1QueryAuth(long_lived(), 600), "PUT", "http://h/bucket/key", headers)
    for name in headers:
        request.headers.pop(name, None)
    assert verify(request).hoisted == {"x-amz-meta-colour": "blue", "content-type": "text/csv"}


def test_sigv2_signs_the_bucket_of_a_virtual_host() -> None:
    signer = HmacV1QueryAuth(long_lived(), 600)
    request = signed(signer, "GET", "http://bucket.localhost/key", auth_path="/bucket/key")
    verify(request, authenticator(bucket_of_host=lambda host: host.split(".")[0]))
    assert refused(request).wire_code == "SignatureDoesNotMatch"


def test_a_sigv2_url_of_a_bucket_is_not_carried_over_to_a_website_host() -> None:
    assert bucket_of_host("photos.localhost:4566") == "photos"
    assert bucket_of_host("photos.s3-website.localhost:4566") is None
    request = old_presigned(url="http://h/photos/cats")
    request.headers["host"], request.path = "photos.s3-website.localhost", "/cats"
    error = refused(request, authenticator(bucket_of_host=bucket_of_host))
    assert error.wire_code == "SignatureDoesNotMatch"


def test_a_sigv2_header_passes() -> None:
    request = signed(HmacV1Auth(long_lived()), "GET", "http://h/bucket/key?acl", {"x-amz-meta-a": "b"})
    assert verify(request).principal == ALICE
    clock = now_clock()
    clock.advance(1000)
    assert refused(request, authenticator(clock)).wire_code == "RequestTimeTooSkewed"


@pytest.mark.parametrize("auth_path", ["/bucket/", "/bucket"])
@pytest.mark.parametrize("query", ["", "?list-type=2&prefix=a", "?location"])
def test_sigv2_signs_a_bucket_with_a_slash_at_its_end_or_without(auth_path: str, query: str) -> None:
    signer = HmacV1QueryAuth(long_lived(), 600)
    request = signed(signer, "GET", f"http://h/bucket{query}", auth_path=auth_path)
    assert verify(request).principal == ALICE
    assert refused(replace(request, path="/other")).wire_code == "SignatureDoesNotMatch"
    assert refused(replace(request, path="/bucket/key")).wire_code == "SignatureDoesNotMatch"
