"""Form uploads: botocore's signed forms pass; forms that send something else are refused in S3's words."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.auth import HmacV1PostAuth, S3SigV4PostAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from clary.core.call import ANONYMOUS
from clary.core.clock import FixedClock
from clary.core.errors import ServiceError
from clary.gateway.identity_errors import EntityTooLarge, EntityTooSmall
from clary.gateway.post_policy import LARGEST_BYTES, verify_post_policy

from .signing import ALICE, KEY, SECRET, TEMPORARY, TEMPORARY_SECRET, Keyring, long_lived, now_clock, temporary

SIGNERS = [
    pytest.param(HmacV1PostAuth, id="sigv2"),
    pytest.param(lambda credentials: S3SigV4PostAuth(credentials, "s3", "us-east-1"), id="sigv4"),
]


def form(
    signer: Any,
    conditions: list[Any],
    fields: dict[str, str],
    *,
    credentials: Credentials | None = None,
    valid_seconds: int = 600,
    clock: FixedClock | None = None,
) -> dict[str, str]:
    """A form as boto3's generate_presigned_post makes it, filled in."""
    ends = datetime.fromtimestamp((clock or now_clock()).time() + valid_seconds, UTC)
    request = AWSRequest("POST", "http://127.0.0.1:4566/bucket")
    request.context["s3-presign-post-fields"] = {}
    request.context["s3-presign-post-policy"] = {
        "expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "conditions": list(conditions),
    }
    signer(credentials or long_lived()).add_auth(request)
    return {**fields, **request.context["s3-presign-post-fields"], "bucket": "bucket"}


CONDITIONS = [
    {"bucket": "bucket"},
    ["starts-with", "$key", "user/"],
    {"acl": "public-read"},
    ["eq", "$Content-Type", "text/csv"],
    ["starts-with", "$x-amz-meta-tag", ""],
    ["content-length-range", 1, 100],
]
FIELDS = {"key": "user/a.csv", "acl": "public-read", "Content-Type": "text/csv", "x-amz-meta-tag": "x"}


def refused(fields: dict[str, str], clock: FixedClock | None = None) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        verify_post_policy(fields, Keyring(), clock or now_clock())
    return caught.value


@pytest.mark.parametrize("signer", SIGNERS)
@pytest.mark.parametrize("credentials", [long_lived, temporary])
def test_a_form_of_botocore_passes(signer, credentials) -> None:
    grant = verify_post_policy(form(signer, CONDITIONS, FIELDS, credentials=credentials()), Keyring(), now_clock())
    assert (grant.principal, grant.min_bytes, grant.max_bytes) == (ALICE, 1, 100)


@pytest.mark.parametrize("signer", SIGNERS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"key": "other/a.csv"}, 'Policy Condition failed: ["starts-with", "$key", "user/"]'),
        ({"acl": "private"}, 'Policy Condition failed: ["eq", "$acl", "public-read"]'),
        ({"Content-Type": "text/html"}, 'Policy Condition failed: ["eq", "$content-type", "text/csv"]'),
        ({"bucket": "elsewhere"}, 'Policy Condition failed: ["eq", "$bucket", "bucket"]'),
        ({"x-amz-meta-more": "1"}, "Extra input fields: x-amz-meta-more"),
        ({"success_action_redirect": "http://evil"}, "Extra input fields: success_action_redirect"),
    ],
)
def test_a_form_that_sends_something_else_is_refused(signer, change: dict[str, str], message: str) -> None:
    error = refused({**form(signer, CONDITIONS, FIELDS), **change})
    assert (error.wire_code, error.status) == ("AccessDenied", 403)
    assert error.message == f"Invalid according to Policy: {message}"


@pytest.mark.parametrize("signer", SIGNERS)
def test_fields_to_ignore_need_no_condition(signer) -> None:
    verify_post_policy({**form(signer, CONDITIONS, FIELDS), "x-ignore-this": "1"}, Keyring(), now_clock())


@pytest.mark.parametrize("signer", SIGNERS)
def test_an_expired_policy_is_refused(signer) -> None:
    clock = now_clock()
    fields = form(signer, CONDITIONS, FIELDS, clock=clock)
    clock.advance(590)
    verify_post_policy(fields, Keyring(), clock)
    clock.advance(20)
    assert refused(fields, clock).message == "Invalid according to Policy: Policy expired."


@pytest.mark.parametrize("signer", SIGNERS)
def test_an_altered_policy_is_refused(signer) -> None:
    fields = form(signer, CONDITIONS, FIELDS)
    policy = json.loads(base64.b64decode(fields["policy"]))
    policy["conditions"] = [["starts-with", f"${name}", ""] for name in fields]
    fields["policy"] = base64.b64encode(json.dumps(policy).encode()).decode()
    assert refused(fields).wire_code == "SignatureDoesNotMatch"


@pytest.mark.parametrize("signer", SIGNERS)
@pytest.mark.parametrize(
    ("credentials", "code"),
    [
        (Credentials("AKIAUNKNOWN", "x"), "InvalidAccessKeyId"),
        (Credentials(KEY, "wrong"), "SignatureDoesNotMatch"),
        (Credentials(TEMPORARY, TEMPORARY_SECRET), "InvalidToken"),
    ],
)
def test_a_form_signed_with_a_wrong_key_is_refused(signer, credentials, code: str) -> None:
    assert refused(form(signer, CONDITIONS, FIELDS, credentials=credentials)).wire_code == code


@pytest.mark.parametrize(
    ("signer", "name"),
    [
        (SIGNERS[0].values[0], "signature"),
        (SIGNERS[0].values[0], "AWSAccessKeyId"),
        (SIGNERS[0].values[0], "policy"),
        (SIGNERS[1].values[0], "x-amz-signature"),
        (SIGNERS[1].values[0], "x-amz-date"),
        (SIGNERS[1].values[0], "x-amz-algorithm"),
    ],
)
def test_a_form_that_lacks_a_field_of_its_signature_is_refused(signer, name: str) -> None:
    fields = form(signer, CONDITIONS, FIELDS)
    del fields[name]
    error = refused(fields)
    assert error.wire_code == "InvalidArgument"
    assert error.message.startswith(f"Bucket POST must contain a field named '{name}'.")


def test_a_form_without_policy_is_anonymous() -> None:
    grant = verify_post_policy({"key": "a", "bucket": "bucket"}, Keyring(), now_clock())
    assert (grant.principal, grant.max_bytes) == (ANONYMOUS, LARGEST_BYTES)


def test_the_size_of_the_file_is_held_against_the_range() -> None:
    grant = verify_post_policy(form(HmacV1PostAuth, CONDITIONS, FIELDS), Keyring(), now_clock())
    grant.check_size(1)
    grant.check_size(100)
    grant.check_size(0, complete=False)
    with pytest.raises(EntityTooSmall):
        grant.check_size(0)
    with pytest.raises(EntityTooLarge):
        grant.check_size(101, complete=False)


def signed_policy(document: bytes) -> dict[str, str]:
    from clary.gateway import sigv2

    policy = base64.b64encode(document).decode()
    return {"policy": policy, "AWSAccessKeyId": KEY, "signature": sigv2.signature(SECRET, policy), "key": "a"}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"not json", "Invalid Policy: Invalid JSON."),
        (b"[]", "Invalid Policy: Invalid JSON."),
        (b"{}", "Invalid Policy: Policy missing expiration."),
        (b'{"expiration": "2999-01-01T00:00:00Z"}', "Invalid Policy: Policy missing conditions."),
        (b'{"expiration": "soon", "conditions": []}', "Invalid Policy: Invalid 'expiration' value: 'soon'"),
        (
            b'{"expiration": "2999-01-01T00:00:00Z", "conditions": [["ends-with", "$key", "a"]]}',
            'Invalid Policy: Invalid Condition: ["ends-with", "$key", "a"]',
        ),
    ],
)
def test_a_policy_that_cannot_be_read_is_refused(document: bytes, message: str) -> None:
    error = refused(signed_policy(document))
    assert (error.wire_code, error.message) == ("InvalidPolicyDocument", message)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=10,
    )
)
def test_no_condition_makes_the_verification_crash(condition: Any) -> None:
    document = json.dumps({"expiration": "2999-01-01T00:00:00Z", "conditions": [condition]})
    try:
        verify_post_policy(signed_policy(document.encode()), Keyring(), now_clock())
    except ServiceError:
        pass
