"""Signatures of the real signers pass; everything else is refused in the words of its protocol family."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.credentials import Credentials

from clary.core.call import ANONYMOUS
from clary.core.errors import AccessDenied
from clary.core.http import Headers, HttpRequest, stream_of
from clary.gateway import identity_errors as refusal
from clary.gateway.identity import Authenticator, Payload

from .signing import (
    ALICE,
    KEY,
    SECRET,
    TEMPORARY,
    TEMPORARY_SECRET,
    TOKEN,
    Keyring,
    authenticator,
    long_lived,
    now_clock,
    refused,
    signed,
    temporary,
    verify,
)

JSON = {"X-Amz-Target": "SageMaker.ListModels", "Content-Type": "application/x-amz-json-1.1"}
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


def json_request(credentials=None, body: bytes = b"{}") -> HttpRequest:
    signer = SigV4Auth(credentials or long_lived(), "sagemaker", "us-east-1")
    return signed(signer, "POST", "http://127.0.0.1:4566/", JSON, body)


def form_request(credentials=None, body: bytes = b"Action=GetCallerIdentity&Version=2011-06-15") -> HttpRequest:
    return signed(
        SigV4Auth(credentials or long_lived(), "sts", "us-east-1"), "POST", "http://127.0.0.1:4566/", FORM, body
    )


def s3_request(
    credentials=None, url: str = "http://127.0.0.1:4566/bucket/key", body: bytes = b"data", **headers
) -> HttpRequest:
    return signed(S3SigV4Auth(credentials or long_lived(), "s3", "eu-west-1"), "PUT", url, headers, body)


FAMILIES = [
    pytest.param(json_request, id="json"),
    pytest.param(form_request, id="query"),
    pytest.param(s3_request, id="s3"),
]


@pytest.mark.parametrize("make", FAMILIES)
@pytest.mark.parametrize("credentials", [long_lived, temporary])
def test_a_request_signed_by_botocore_gives_its_principal(make, credentials) -> None:
    assert verify(make(credentials())).principal == ALICE


def test_region_and_signing_name_come_from_the_scope() -> None:
    result = verify(s3_request())
    assert (result.region, result.signing_name, result.payload) == ("eu-west-1", "s3", Payload.SHA256)


@pytest.mark.parametrize(
    "path",
    [
        "/bucket/a%20b/%C3%BC%2B1.txt",
        "/bucket//double//slash/",
        "/bucket/../dots/./x",
        "/bucket/%25percent%3Dequals%26",
        "/bucket/tilde~minus-under_dot.",
        "/bucket/%E2%82%AC%F0%9F%98%80",
    ],
)
def test_s3_paths_are_signed_as_they_are(path: str) -> None:
    verify(s3_request(url=f"http://127.0.0.1:4566{path}"))


@pytest.mark.parametrize(
    "path", ["/endpoints/my-endpoint/invocations", "/human-loops/a%20b", "/x%3Ay/b", "/a//b/../c/"]
)
def test_other_paths_are_normalised_and_encoded_twice(path: str) -> None:
    signer = SigV4Auth(long_lived(), "sagemaker", "us-east-1")
    verify(signed(signer, "POST", f"http://127.0.0.1:4566{path}", {"Content-Type": "text/csv"}, b"1,2,3"))


@pytest.mark.parametrize(
    "query",
    ["uploads", "list-type=2&prefix=a%2Fb&delimiter=%2F", "b=2&a=1&a=0", "prefix=%C3%BC%20x", "marker=", "x=a%3Db"],
)
def test_queries_are_signed_sorted(query: str) -> None:
    verify(s3_request(url=f"http://127.0.0.1:4566/bucket?{query}"))


def test_what_a_client_left_unencoded_is_signed_in_canonical_form() -> None:
    canonical = s3_request(url="http://127.0.0.1:4566/bucket/a%28b%29?prefix=%28x%29")
    verify(replace(canonical, path="/bucket/a(b)", query="prefix=(x)"))


def test_a_virtual_host_is_signed_with_the_path_as_sent() -> None:
    request = s3_request(url="http://bucket.s3.localhost:4566/key")
    verify(request)
    request.headers["host"] = "other.s3.localhost:4566"
    assert isinstance(refused(request), refusal.SignatureDoesNotMatch)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (json_request, "UnrecognizedClientException"),
        (form_request, "InvalidClientTokenId"),
        (s3_request, "InvalidAccessKeyId"),
    ],
)
def test_an_unknown_key_is_refused(make, code: str) -> None:
    assert refused(make(Credentials("AKIAUNKNOWN", "x"))).wire_code == code


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (json_request, "InvalidSignatureException"),
        (form_request, "SignatureDoesNotMatch"),
        (s3_request, "SignatureDoesNotMatch"),
    ],
)
def test_a_wrong_secret_is_refused(make, code: str) -> None:
    error = refused(make(Credentials(KEY, "wrong")))
    assert error.wire_code == code
    assert error.message.startswith("The request signature we calculated does not match the signature you provided.")
    assert SECRET not in repr(error.details)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (json_request, "InvalidSignatureException"),
        (form_request, "SignatureDoesNotMatch"),
        (s3_request, "XAmzContentSHA256Mismatch"),
    ],
)
def test_another_body_is_refused(make, code: str) -> None:
    assert refused(replace(make(), body=b"something else")).wire_code == code


@pytest.mark.parametrize(
    ("make", "code", "text"),
    [
        (json_request, "InvalidSignatureException", "Signature expired: "),
        (form_request, "SignatureDoesNotMatch", "Signature expired: "),
        (
            s3_request,
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        ),
    ],
)
def test_a_replay_after_fifteen_minutes_is_refused(make, code: str, text: str) -> None:
    clock, request = now_clock(), make()
    gate = authenticator(clock)
    clock.advance(890)
    verify(request, gate)
    clock.advance(30)
    error = refused(request, gate)
    assert error.wire_code == code
    assert error.message.startswith(text)


def test_a_request_from_the_future_is_not_yet_current() -> None:
    clock = now_clock()
    clock.advance(-1000)
    assert "is still later than" in refused(json_request(), authenticator(clock)).message


@pytest.mark.parametrize(
    ("make", "code"),
    [(json_request, "ExpiredTokenException"), (form_request, "ExpiredToken"), (s3_request, "ExpiredToken")],
)
def test_expired_temporary_credentials_are_refused(make, code: str) -> None:
    clock = now_clock()
    gate = Authenticator(Keyring(expires=clock.time() + 60), clock)
    verify(make(temporary()), gate)
    clock.advance(60)
    assert refused(make(temporary()), gate).wire_code == code


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (json_request, "UnrecognizedClientException"),
        (form_request, "InvalidClientTokenId"),
        (s3_request, "InvalidToken"),
    ],
)
@pytest.mark.parametrize("token", [None, "wrong"])
def test_a_temporary_key_needs_its_own_token(make, code: str, token: str | None) -> None:
    assert refused(make(Credentials(TEMPORARY, TEMPORARY_SECRET, token))).wire_code == code


def test_a_long_lived_key_takes_no_token() -> None:
    assert refused(json_request(Credentials(KEY, SECRET, "some-token"))).wire_code == "UnrecognizedClientException"


def test_a_request_without_signature_is_anonymous() -> None:
    result = verify(HttpRequest("GET", "/bucket/key", "", Headers({"host": "127.0.0.1"})))
    assert result.principal is ANONYMOUS


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("AWS4-HMAC-SHA256 Credential=x", "AuthorizationHeaderMalformed"),
        ("AWS4-HMAC-SHA256", "AuthorizationHeaderMalformed"),
        (
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/x/s3/aws4_request, SignedHeaders=host, Signature=",
            "AuthorizationHeaderMalformed",
        ),
        ("AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/20260101/s3/aws4_request", "InvalidRequest"),
        ("Basic dXNlcjpwYXNz", "InvalidArgument"),
        ("AWS nocolon", "InvalidArgument"),
    ],
)
def test_what_is_no_authorization_is_refused_by_s3(authorization: str, code: str) -> None:
    request = HttpRequest("GET", "/bucket", "", Headers({"host": "h", "authorization": authorization}))
    assert refused(request).wire_code == code


def test_sigv4a_is_refused_by_name() -> None:
    headers = Headers({**JSON, "host": "h", "authorization": "AWS4-ECDSA-P256-SHA256 Credential=x"})
    error = refused(HttpRequest("POST", "/", "", headers))
    assert error.wire_code == "IncompleteSignatureException"
    assert "Signature Version 4A" in error.message


def test_an_incomplete_header_names_what_is_missing() -> None:
    headers = Headers(
        {**JSON, "host": "h", "authorization": "AWS4-HMAC-SHA256 Credential=a/b/c/d/e", "x-amz-date": "x"}
    )
    assert "requires 'Signature' parameter. Authorization header requires 'SignedHeaders'" in (
        refused(HttpRequest("POST", "/", "", headers)).message
    )


def test_s3_wants_every_amz_header_signed() -> None:
    request = s3_request()
    request.headers["x-amz-acl"] = "public-read"
    error = refused(request)
    assert isinstance(error, AccessDenied)
    assert error.details["HeadersNotSigned"] == "x-amz-acl"


def test_the_target_of_a_json_request_must_be_signed() -> None:
    request = signed(SigV4Auth(long_lived(), "sagemaker", "us-east-1"), "POST", "http://h/", {}, b"{}")
    request.headers["x-amz-target"] = "SageMaker.DeleteModel"
    assert "'x-amz-target' must be a 'SignedHeader'" in refused(request).message


def test_s3_wants_the_hash_of_the_body_declared() -> None:
    request = signed(SigV4Auth(long_lived(), "s3", "us-east-1"), "PUT", "http://h/bucket/key", {}, b"x")
    assert refused(request).message == "Missing required header for this request: x-amz-content-sha256"


def test_an_unsigned_payload_may_be_anything() -> None:
    signer = SigV4Auth(long_lived(), "s3", "us-east-1")
    request = signed(signer, "PUT", "https://h/b/k", {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}, b"x")
    assert verify(replace(request, body=b"anything")).payload is Payload.UNCHECKED


def test_a_word_that_is_no_hash_is_refused() -> None:
    signer = SigV4Auth(long_lived(), "s3", "us-east-1")
    request = signed(signer, "PUT", "https://h/b/k", {"X-Amz-Content-SHA256": "STREAMING-SOMETHING"}, b"x")
    assert refused(request).wire_code == "InvalidArgument"


async def test_a_stream_is_checked_at_its_end() -> None:
    gate, request = authenticator(), s3_request(body=b"data")
    result = gate.authenticate(request)
    assert await gate.verified_stream(result, stream_of(b"data")).read() == b"data"
    with pytest.raises(refusal.XAmzContentSHA256Mismatch) as caught:
        await gate.verified_stream(result, stream_of(b"tampered")).read()
    assert caught.value.details["ClientComputedContentSHA256"] == hashlib.sha256(b"data").hexdigest()


def test_a_stream_cannot_complete_a_signature() -> None:
    gate = authenticator()
    with pytest.raises(ValueError, match="whole body"):
        gate.verified_stream(gate.authenticate(json_request()), stream_of(b"{}"))


def test_two_mechanisms_at_once_are_refused() -> None:
    request = s3_request()
    request.query = "X-Amz-Algorithm=AWS4-HMAC-SHA256"
    assert "Only one auth mechanism allowed" in refused(request).message


# -- how fast, and how quiet ----------------------------------------------------------------------------------------


def test_a_small_request_is_verified_in_microseconds() -> None:
    gate, request = authenticator(), json_request()
    verify(request, gate)
    best = min(_seconds_of(lambda: verify(request, gate)) for _ in range(300))
    assert best < 150e-6  # measured: 13 us on an idle core; the bound leaves room for a busy one


def _seconds_of(action) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def test_no_secret_shows_in_a_repr() -> None:
    request = json_request(temporary())
    result = authenticator().authenticate(request)
    for text in (repr(result), repr(result.pending), repr(Keyring().credentials)):
        assert SECRET not in text
        assert TEMPORARY_SECRET not in text
        assert TOKEN not in text
