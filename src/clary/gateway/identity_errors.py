"""How AWS refuses a caller: the same reason has another code and wording in S3, in JSON APIs and in query APIs."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from typing import Any

from clary.core.errors import AccessDenied, ServiceError

SKEW_SECONDS = 15 * 60


class Family(Enum):
    """Which protocol family's words an answer uses."""

    S3 = "s3"
    JSON = "json"
    QUERY = "query"


class InvalidAccessKeyId(ServiceError):
    """The key is unknown or switched off (S3)."""

    status = 403
    fmt = "The AWS Access Key Id you provided does not exist in our records."


class UnrecognizedClientException(ServiceError):
    """The key is unknown or switched off, or its session token is wrong (JSON APIs)."""

    fmt = "The security token included in the request is invalid."


class InvalidClientTokenId(ServiceError):
    """The key is unknown or switched off, or its session token is wrong (query APIs)."""

    status = 403
    fmt = "The security token included in the request is invalid."


class SignatureDoesNotMatch(ServiceError):
    """The signature is not that of the request (S3 and query APIs)."""

    status = 403
    fmt = (
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method."
    )


class InvalidSignatureException(ServiceError):
    """The signature is not that of the request (JSON APIs)."""


class IncompleteSignature(ServiceError):
    """The authorisation lacks a part (query APIs)."""


class IncompleteSignatureException(ServiceError):
    """The authorisation lacks a part (JSON APIs)."""


class ExpiredToken(ServiceError):
    """The temporary credentials are past their time (S3: 400; query APIs: 403)."""

    fmt = "The provided token has expired."


class ExpiredTokenException(ServiceError):
    """The temporary credentials are past their time (JSON APIs)."""

    fmt = "The security token included in the request is expired"


class InvalidToken(ServiceError):
    """The session token is not that of the key (S3)."""

    fmt = "The provided token is malformed or otherwise invalid."


class RequestTimeTooSkewed(ServiceError):
    """The request was signed more than 15 minutes ago, or ahead (S3)."""

    status = 403
    fmt = "The difference between the request time and the current time is too large."


class AuthorizationHeaderMalformed(ServiceError):
    """The Authorization header breaks its grammar or its credential scope is wrong (S3)."""

    fmt = "The authorization header is malformed; {reason}"


class AuthorizationQueryParametersError(ServiceError):
    """A presigned URL's parameters are incomplete or wrong (S3)."""


class InvalidArgument(ServiceError):
    """An argument of an S3 request is wrong."""


class InvalidRequest(ServiceError):
    """An S3 request cannot be understood."""


class InvalidPolicyDocument(ServiceError):
    """The policy of a browser's form upload cannot be read (S3)."""

    fmt = "Invalid Policy: {reason}"


class EntityTooLarge(ServiceError):
    """An upload is larger than its form's policy allows (S3)."""

    fmt = "Your proposed upload exceeds the maximum allowed size"


class EntityTooSmall(ServiceError):
    """An upload is smaller than its form's policy demands (S3)."""

    fmt = "Your proposed upload is smaller than the minimum allowed size"


class XAmzContentSHA256Mismatch(ServiceError):
    """The body is not the one whose hash was signed."""

    fmt = "The provided 'x-amz-content-sha256' header does not match what was computed."


class MissingAuthenticationToken(ServiceError):
    """A call of a query API carries no signature."""

    status = 403
    fmt = "Request is missing Authentication Token"


class MissingAuthenticationTokenException(ServiceError):
    """A call of a JSON API carries no signature."""

    fmt = "Missing Authentication Token"


_LONG_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


def basic_iso(seconds: float) -> str:
    """A time as signatures write it: 20150830T123600Z."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%SZ")


def extended_iso(seconds: float) -> str:
    """A time as S3's error details write it: 2015-08-30T12:36:00Z."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def unknown_key(family: Family, access_key_id: str) -> ServiceError:
    """The key does not exist, or is inactive."""
    if family is Family.S3:
        return InvalidAccessKeyId(AWSAccessKeyId=access_key_id)
    return InvalidClientTokenId() if family is Family.QUERY else UnrecognizedClientException()


def wrong_token(family: Family) -> ServiceError:
    """The session token is missing or not that of the key."""
    if family is Family.S3:
        return InvalidToken()
    return InvalidClientTokenId() if family is Family.QUERY else UnrecognizedClientException()


def expired_token(family: Family) -> ServiceError:
    """The temporary credentials are past their time."""
    if family is Family.S3:
        return ExpiredToken()
    return ExpiredToken(ExpiredTokenException.fmt) if family is Family.QUERY else ExpiredTokenException()


def mismatch(family: Family, message: str = "", **details: Any) -> ServiceError:
    """The signature is not that of the request, or its time or scope is wrong (`message`)."""
    if family is Family.S3:
        return SignatureDoesNotMatch(message or None, **details)
    if family is Family.QUERY:
        return SignatureDoesNotMatch(message or _LONG_MISMATCH)
    return InvalidSignatureException(message or _LONG_MISMATCH)


def incomplete(family: Family, reason: str) -> ServiceError:
    """The Authorization header or the parameters of a presigned URL do not parse."""
    if family is Family.S3:
        return AuthorizationHeaderMalformed(reason=reason)
    return IncompleteSignature(reason) if family is Family.QUERY else IncompleteSignatureException(reason)


def wrong_scope(family: Family, reason: str) -> ServiceError:
    """The credential scope does not fit the request."""
    return AuthorizationHeaderMalformed(reason=reason) if family is Family.S3 else mismatch(family, reason)


def skewed(family: Family, timestamp: str, signed: float, now: float) -> ServiceError:
    """The request was signed too long ago, or too far ahead."""
    if family is Family.S3:
        return RequestTimeTooSkewed(
            RequestTime=extended_iso(signed), ServerTime=extended_iso(now), MaxAllowedSkewMilliseconds="900000"
        )
    server = basic_iso(now)
    if signed < now:
        limit = basic_iso(now - SKEW_SECONDS)
        return mismatch(family, f"Signature expired: {timestamp} is now earlier than {limit} ({server} - 15 min.)")
    limit = basic_iso(now + SKEW_SECONDS)
    return mismatch(family, f"Signature not yet current: {timestamp} is still later than {limit} ({server} + 15 min.)")


def expired_url(family: Family, timestamp: str, signed: float, valid_seconds: int, now: float) -> ServiceError:
    """A presigned URL is past its time."""
    if family is Family.S3:
        return AccessDenied(
            "Request has expired",
            **{"X-Amz-Expires": str(valid_seconds), "Expires": extended_iso(signed + valid_seconds)},
            ServerTime=extended_iso(now),
        )
    ends, server = basic_iso(now - valid_seconds), basic_iso(now)
    minutes = valid_seconds // 60
    return mismatch(family, f"Signature expired: {timestamp} is now earlier than {ends} ({server} - {minutes} min.)")


def missing_authentication(family: Family) -> ServiceError:
    """A call that needs a signature has none."""
    if family is Family.S3:
        return AccessDenied("Access Denied")
    return MissingAuthenticationToken() if family is Family.QUERY else MissingAuthenticationTokenException()
