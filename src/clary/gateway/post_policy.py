"""Form uploads of browsers: the signed policy that says what a form may send to S3.

A form carries its policy in base64; the signature (Version 2 or 4) covers that text, and the policy covers every
other field of the form. A form without policy and signature is an anonymous upload, which a bucket policy may allow.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clary.core.call import ANONYMOUS, Principal
from clary.core.clock import Clock
from clary.core.errors import AccessDenied
from clary.core.policy_conditions import date_seconds
from clary.gateway import identity_errors as refusal
from clary.gateway import sigv2, sigv4
from clary.gateway.identity import Credentials, checked_credential
from clary.gateway.identity_errors import Family

LARGEST_BYTES = 5 << 30
"""The largest object a single upload makes on S3: 5 GiB."""

_UNCOVERED = frozenset(("policy", "file", "signature", "awsaccesskeyid", "x-amz-signature", "bucket"))
"""Fields that need no condition; the bucket is no field of the form, but is held against the conditions on it."""


@dataclass(frozen=True, slots=True)
class PostGrant:
    """What a form may do.

    Attributes:
        principal: who signed it, `ANONYMOUS` for an unsigned form.
        min_bytes, max_bytes: the size of the file, both inclusive.
    """

    principal: Principal
    min_bytes: int = 0
    max_bytes: int = LARGEST_BYTES

    def check_size(self, size_bytes: int, *, complete: bool = True) -> None:
        """Checks the size of the file, or of the part of it that has arrived.

        Raises:
            EntityTooLarge: it is larger than allowed.
            EntityTooSmall: it is complete and smaller than demanded.
        """
        if size_bytes > self.max_bytes:
            raise refusal.EntityTooLarge(ProposedSize=str(size_bytes), MaxSizeAllowed=str(self.max_bytes))
        if complete and size_bytes < self.min_bytes:
            raise refusal.EntityTooSmall(ProposedSize=str(size_bytes), MinSizeAllowed=str(self.min_bytes))


def verify_post_policy(fields: Mapping[str, str], identities: Credentials, clock: Clock) -> PostGrant:
    """Verifies a form's signature and holds its fields against its policy.

    Args:
        fields: every field of the form but the file, `${filename}` already replaced, and "bucket" from the address.
        identities: finds access keys.
        clock: decides whether the policy has expired.

    Raises:
        ServiceError: the signature is wrong, or the form is not what was signed.
    """
    form = {name.lower(): value for name, value in fields.items()}
    signed = [name for name in ("signature", "x-amz-signature", "awsaccesskeyid", "x-amz-credential") if name in form]
    if "policy" not in form:
        if signed:
            raise _missing("policy")
        return PostGrant(ANONYMOUS)
    if "x-amz-signature" in form or "x-amz-algorithm" in form or "x-amz-credential" in form:
        principal = _verified_v4(form, identities, clock)
    else:
        principal = _verified_v2(form, identities, clock)
    policy = _policy(form["policy"])
    if clock.time() > _expiration(policy):
        raise AccessDenied("Invalid according to Policy: Policy expired.")
    return _checked(form, policy["conditions"], principal)


def _missing(name: str) -> refusal.InvalidArgument:
    return refusal.InvalidArgument(
        f"Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the fields.",
        ArgumentName=name,
    )


def _verified_v2(form: Mapping[str, str], identities: Credentials, clock: Clock) -> Principal:
    for name, written in (("awsaccesskeyid", "AWSAccessKeyId"), ("signature", "signature")):
        if not form.get(name):
            raise _missing(written)
    key_id = form["awsaccesskeyid"]
    token = form.get("x-amz-security-token")
    credential = checked_credential(identities, clock.time(), key_id, token, Family.S3)
    _compare(sigv2.signature(credential.secret, form["policy"]), form["signature"], key_id)
    return credential.principal


def _verified_v4(form: Mapping[str, str], identities: Credentials, clock: Clock) -> Principal:
    for name in ("x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"):
        if not form.get(name):
            raise _missing(name)
    if form["x-amz-algorithm"] != sigv4.ALGORITHM:
        raise refusal.InvalidArgument(
            f'x-amz-algorithm only supports "{sigv4.ALGORITHM}"',
            ArgumentName="x-amz-algorithm",
            ArgumentValue=form["x-amz-algorithm"],
        )
    scope = form["x-amz-credential"].rsplit("/", 4)
    if len(scope) != 5 or not all(scope) or scope[3:] != ["s3", sigv4.TERMINATOR]:
        raise refusal.InvalidArgument(
            'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/s3/aws4_request".',
            ArgumentName="x-amz-credential",
        )
    key_id, day, region, service, _ = scope
    if form["x-amz-date"][:8] != day:
        raise refusal.InvalidArgument(
            f'Invalid credential date "{day}". This date is not the same as x-amz-date: "{form["x-amz-date"][:8]}".',
            ArgumentName="x-amz-credential",
        )
    token = form.get("x-amz-security-token")
    credential = checked_credential(identities, clock.time(), key_id, token, Family.S3)
    key = sigv4.signing_key(credential.secret, day, region, service)
    _compare(sigv4.signature(key, form["policy"]), form["x-amz-signature"], key_id)
    return credential.principal


def _compare(expected: str, given: str, key_id: str) -> None:
    if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
        raise refusal.mismatch(Family.S3, AWSAccessKeyId=key_id, SignatureProvided=given)


def _policy(text: str) -> dict[str, Any]:
    try:
        policy = json.loads(base64.b64decode(text, validate=True))
    except binascii.Error as error:
        raise refusal.InvalidPolicyDocument(reason="Policy is not valid Base64.") from error
    except (ValueError, RecursionError) as error:
        raise refusal.InvalidPolicyDocument(reason="Invalid JSON.") from error
    if not isinstance(policy, dict):
        raise refusal.InvalidPolicyDocument(reason="Invalid JSON.")
    if "expiration" not in policy:
        raise refusal.InvalidPolicyDocument(reason="Policy missing expiration.")
    if not isinstance(policy.get("conditions"), list):
        raise refusal.InvalidPolicyDocument(reason="Policy missing conditions.")
    return policy


def _expiration(policy: Mapping[str, Any]) -> float:
    text = policy["expiration"]
    try:
        if not isinstance(text, str) or "T" not in text:
            raise ValueError(text)
        return date_seconds(text)
    except ValueError as error:
        raise refusal.InvalidPolicyDocument(reason=f"Invalid 'expiration' value: '{text}'") from error


def _checked(form: Mapping[str, str], conditions: list[Any], principal: Principal) -> PostGrant:
    covered = set(_UNCOVERED)
    least, most = 0, LARGEST_BYTES
    for condition in conditions:
        for kind, name, value in _rules(condition):
            if kind == "content-length-range":
                least, most = max(least, name), min(most, value)
                continue
            covered.add(name)
            given = form.get(name, "")
            if not (given == value if kind == "eq" else _starts(name, given, value)):
                raise AccessDenied(
                    f'Invalid according to Policy: Policy Condition failed: ["{kind}", "${name}", "{value}"]'
                )
    extra = sorted(name for name in form if name not in covered and not name.startswith("x-ignore-"))
    if extra:
        raise AccessDenied(f"Invalid according to Policy: Extra input fields: {', '.join(extra)}")
    return PostGrant(principal, least, most)


def _starts(name: str, given: str, prefix: str) -> bool:
    if name == "content-type":  # may list several types, of which each must fit
        return all(part.strip().startswith(prefix) for part in given.split(","))
    return given.startswith(prefix)


def _rules(condition: Any) -> list[tuple[str, Any, Any]]:
    """The simple rules of one condition: kind, field, value; of a length range: kind, least, most."""
    if isinstance(condition, dict) and condition:
        return [("eq", str(name).lower(), _text(value)) for name, value in condition.items()]
    if isinstance(condition, list) and len(condition) == 3 and isinstance(condition[0], str):
        kind = condition[0].lower()
        if kind == "content-length-range":
            try:
                return [(kind, int(condition[1]), int(condition[2]))]
            except (TypeError, ValueError, OverflowError):
                pass
        elif kind in ("eq", "starts-with") and isinstance(condition[1], str) and condition[1].startswith("$"):
            return [(kind, condition[1][1:].lower(), _text(condition[2]))]
    raise refusal.InvalidPolicyDocument(reason=f"Invalid Condition: {json.dumps(condition)[:200]}")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise refusal.InvalidPolicyDocument(reason=f"Invalid Condition value: {json.dumps(value)[:200]}")
