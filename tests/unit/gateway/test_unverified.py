"""With verification switched off, the signature says who and where, and is not checked."""

from __future__ import annotations

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.credentials import Credentials

from clary.core.http import Headers, HttpRequest
from clary.gateway.identity import Payload
from clary.gateway.unverified import UnverifiedAuthenticator
from tests.unit.gateway.signing import ALICE, KEY, Keyring, signed

GATE = UnverifiedAuthenticator(Keyring(), "123456789012")
JSON = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "SageMaker.ListModels"}


@pytest.mark.parametrize(("key", "arn"), [(KEY, ALICE.arn), ("AKIAUNKNOWN", "arn:aws:iam::123456789012:root")])
def test_a_known_key_names_its_owner_and_any_other_the_root_user(key: str, arn: str) -> None:
    signer = SigV4Auth(Credentials(key, "not the secret"), "sagemaker", "eu-west-1")
    request = signed(signer, "POST", "http://127.0.0.1/", JSON, b"{}")
    found = GATE.authenticate(request)
    GATE.verify_payload(found, b"another body")
    assert (found.principal.arn, found.region, found.signing_name) == (arn, "eu-west-1", "sagemaker")


def test_a_presigned_address_still_carries_its_headers() -> None:
    signer = S3SigV4QueryAuth(Credentials("AKIAUNKNOWN", "x"), "s3", "us-east-1")
    request = signed(signer, "GET", "http://127.0.0.1/bucket/key?x-amz-checksum-mode=ENABLED")
    found = GATE.authenticate(request)
    assert (found.signing_name, found.is_presigned) == ("s3", True)
    assert found.hoisted["x-amz-checksum-mode"] == "ENABLED"


def test_an_unsigned_request_is_for_s3_and_from_the_root_user() -> None:
    found = GATE.authenticate(HttpRequest("GET", "/bucket/key", "", Headers()))
    assert (found.principal.kind, found.signing_name) == ("root", "s3")


def test_chunks_are_taken_apart_whatever_their_signatures() -> None:
    headers = {"x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}
    request = signed(S3SigV4Auth(Credentials("x", "y"), "s3", "us-east-1"), "PUT", "http://127.0.0.1/b/k", {}, b"")
    request.headers.update(headers)
    assert GATE.authenticate(request).payload is Payload.UNSIGNED_CHUNKS
