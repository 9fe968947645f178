"""One SigV4 signature of a request: taken apart, checked against the clock, compared with the computed one."""

from __future__ import annotations

import calendar
import hmac
import re
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import lru_cache

from clary.core.errors import AccessDenied
from clary.core.http import HttpRequest
from clary.gateway import identity_errors as refusal
from clary.gateway import sigv2, sigv4
from clary.gateway.identity_errors import SKEW_SECONDS, Family
from clary.storage.identities import Credential

_LONGEST_URL_SECONDS = 7 * 24 * 3600
_TIMESTAMP = re.compile(r"\d{8}T\d{6}Z\Z", re.ASCII)
_URL_PARAMETERS = ("X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Expires")
_AUTHORIZATION_PARTS = ("Credential", "Signature", "SignedHeaders")


@dataclass(slots=True)
class Signed:
    """The parts of one SigV4 signature, wherever they were found.

    Attributes:
        family: in whose words it is refused.
        date, region, service, terminator: the credential scope.
        signed_headers: their names, joined by semicolons.
        timestamp, seconds: the request's time in basic ISO form and in seconds since 1970.
        credential: the key, once it was looked up.
        canonical: method, path, query and headers in canonical form.
        fallback: path and query in the encoding in which they were sent.
    """

    family: Family
    access_key_id: str
    date: str
    region: str
    service: str
    terminator: str
    signed_headers: str
    signature: str
    timestamp: str = ""
    seconds: float = 0.0
    is_presigned: bool = False
    credential: Credential | None = field(default=None, repr=False)
    canonical: tuple[str, str, str, str] = field(default=("", "", "", ""), repr=False)  # may hold a session token
    fallback: tuple[str, str] = field(default=("", ""), repr=False)

    @property
    def scope(self) -> str:
        """The credential scope as it is signed."""
        return f"{self.date}/{self.region}/{self.service}/{self.terminator}"


def from_header(request: HttpRequest, authorization: str, now: float) -> Signed:
    """Reads an Authorization header.

    Args:
        now: seconds since 1970.

    Raises:
        ServiceError: it is incomplete, or too old.
    """
    signing_name, parts = _authorization(authorization)
    family = family_of(request, signing_name)
    missing = [name for name in _AUTHORIZATION_PARTS if not parts.get(name)]
    timestamp = request.headers.get("x-amz-date") or request.headers.get("date", "")
    if missing:
        raise refusal.incomplete(family, _missing_text(family, missing, timestamp))
    credential = parts["Credential"].rsplit("/", 4)
    if len(credential) != 5 or not all(credential):
        raise refusal.incomplete(family, _credential_text(family, parts["Credential"]))
    key, date, region, service, terminator = credential
    signed = Signed(family, key, date, region, service, terminator, parts["SignedHeaders"], parts["Signature"])
    if not timestamp:
        if family is Family.S3:
            raise AccessDenied("AWS authentication requires a valid Date or x-amz-date header")
        raise refusal.incomplete(
            family, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )
    signed.timestamp, signed.seconds = time_of(timestamp, family)
    if abs(now - signed.seconds) > SKEW_SECONDS:
        raise refusal.skewed(family, signed.timestamp, signed.seconds, now)
    return signed


def from_query(request: HttpRequest, now: float) -> Signed:
    """Reads the parameters of a presigned URL.

    Args:
        now: seconds since 1970.

    Raises:
        ServiceError: they are incomplete, or the URL is past its time.
    """
    query = sigv2.parameters(request.query)
    credential = query.get("X-Amz-Credential", "").rsplit("/", 4)
    family = family_of(request, credential[3] if len(credential) == 5 else "")
    if query.get("X-Amz-Algorithm") != sigv4.ALGORITHM:
        raise _url_error(family, f'X-Amz-Algorithm only supports "{sigv4.ALGORITHM}"')
    if any(not query.get(name) for name in _URL_PARAMETERS):
        raise _url_error(
            family,
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
            "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
        )
    if len(credential) != 5 or not all(credential):
        raise _url_error(
            family,
            "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "
            '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
        )
    key, date, region, service, terminator = credential
    signed = Signed(
        family,
        key,
        date,
        region,
        service,
        terminator,
        query["X-Amz-SignedHeaders"],
        query["X-Amz-Signature"],
        is_presigned=True,
    )
    if not _TIMESTAMP.match(query["X-Amz-Date"]):
        raise _url_error(family, "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
    signed.timestamp, signed.seconds = time_of(query["X-Amz-Date"], family)
    _check_url_age(signed, query["X-Amz-Expires"], now)
    return signed


def _check_url_age(signed: Signed, expires: str, now: float) -> None:
    if not expires.isascii() or not expires.removeprefix("-").isdigit() or len(expires) > 12:
        raise _url_error(signed.family, "X-Amz-Expires should be a number")
    valid_seconds = int(expires)
    if valid_seconds < 0:
        raise _url_error(signed.family, "X-Amz-Expires must be non-negative")
    if valid_seconds > _LONGEST_URL_SECONDS:
        raise _url_error(
            signed.family,
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less "
            "than 604800 seconds",
        )
    if signed.seconds > now + SKEW_SECONDS:
        if signed.family is Family.S3:
            raise AccessDenied("Request is not valid yet")
        raise refusal.skewed(signed.family, signed.timestamp, signed.seconds, now)
    if now > signed.seconds + valid_seconds:
        raise refusal.expired_url(signed.family, signed.timestamp, signed.seconds, valid_seconds, now)


URL_CREDENTIALS = frozenset(("x-amz-algorithm", "x-amz-security-token", *(name.lower() for name in _URL_PARAMETERS)))


def family_of(request: HttpRequest, signing_name: str) -> Family:
    """The protocol family in whose words the sender expects errors.

    Args:
        signing_name: of the credential scope, "" where there is none.
    """
    if signing_name == "s3":
        return Family.S3
    headers = request.headers
    if "x-amz-target" in headers or "smithy-protocol" in headers:
        return Family.JSON
    content_type = headers.get("content-type", "")
    if content_type.startswith("application/x-www-form-urlencoded") and (signing_name or request.path in ("", "/")):
        return Family.QUERY
    if signing_name in ("sts", "iam") or "Action=" in request.query:
        return Family.QUERY
    return Family.JSON if signing_name else Family.S3


def _authorization(text: str) -> tuple[str, dict[str, str]]:
    """The parts of an Authorization header of SigV4, and the signing name within."""
    parts: dict[str, str] = {}
    for piece in text[len(sigv4.ALGORITHM) :].split(","):
        name, _, value = piece.strip().partition("=")
        parts[name] = value
    scope = parts.get("Credential", "").split("/")
    return scope[-2] if len(scope) >= 5 else "", parts


def _missing_text(family: Family, missing: list[str], timestamp: str) -> str:
    if family is Family.S3:
        return f"the authorization component {missing[0]!r} is missing"
    text = " ".join(f"Authorization header requires '{name}' parameter." for name in missing)
    if not timestamp:
        text += " Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
    return text


def _credential_text(family: Family, credential: str) -> str:
    if family is Family.S3:
        return 'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
    return (
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
        f"got '{credential}'"
    )


def _url_error(family: Family, text: str) -> Exception:
    return refusal.AuthorizationQueryParametersError(text) if family is Family.S3 else refusal.incomplete(family, text)


@lru_cache(maxsize=256)
def _seconds(timestamp: str) -> float:
    return float(calendar.timegm(time.strptime(timestamp, "%Y%m%dT%H%M%SZ")))


def time_of(text: str, family: Family) -> tuple[str, float]:
    """The time of a request in basic ISO form and in seconds since 1970."""
    try:
        if _TIMESTAMP.match(text):
            return text, _seconds(text)
        seconds = parsedate_to_datetime(text).timestamp()
        return refusal.basic_iso(seconds), seconds
    except (ValueError, TypeError, OverflowError, IndexError) as error:
        if family is Family.S3:
            raise AccessDenied("AWS authentication requires a valid Date or x-amz-date header") from error
        raise refusal.incomplete(
            family, f"Date must be in ISO-8601 'basic format'. Got '{text}'. See http://en.wikipedia.org/wiki/ISO_8601"
        ) from error


def check_scope(signed: Signed) -> None:
    """Refuses a credential scope of another day, or with another ending."""
    day = signed.timestamp[:8]
    if signed.date != day:
        if signed.family is Family.S3:
            reason = f'Invalid credential date "{signed.date}". This date is not the same as X-Amz-Date: "{day}".'
        else:
            reason = (
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                f"'{signed.date}' != '{day}', from '{signed.timestamp}'."
            )
        raise refusal.wrong_scope(signed.family, reason)
    if signed.terminator != sigv4.TERMINATOR:
        raise refusal.wrong_scope(
            signed.family,
            f"Credential should be scoped with a valid terminator: 'aws4_request', not '{signed.terminator}'.",
        )


def check_signed_headers(request: HttpRequest, signed: Signed, *, is_s3: bool) -> None:
    """A header that decides what is done must be covered by the signature."""
    names = signed.signed_headers.split(";")
    if "host" not in names:
        if is_s3:
            raise AccessDenied(
                "There were headers present in the request which were not signed", HeadersNotSigned="host"
            )
        raise refusal.mismatch(
            signed.family, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        )
    if is_s3:
        loose = [
            name
            for name in request.headers
            if name.startswith("x-amz-") and name not in names and name not in _COVERED_OTHERWISE
        ]
        if loose:
            raise AccessDenied(
                "There were headers present in the request which were not signed", HeadersNotSigned=", ".join(loose)
            )
    elif "x-amz-target" in request.headers and "x-amz-target" not in names:
        raise refusal.mismatch(signed.family, "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.")


_COVERED_OTHERWISE = frozenset(("x-amz-content-sha256", "x-amz-date", "x-amz-security-token"))
"""The hash and the time are in the string to sign; the token is compared with the key's own."""


def signing_key_of(signed: Signed) -> bytes:
    """The signing key of its secret, day, region and service."""
    assert signed.credential is not None
    return sigv4.signing_key(signed.credential.secret, signed.date, signed.region, signed.service)


def verify(signed: Signed, payload: str) -> None:
    """Compares the signature with the one that the request gives.

    The canonical form is tried first, then path and query in the encoding in which they were sent: clients exist that
    sign that. Both cover every byte.
    """
    method, path, query, headers = signed.canonical
    text = _string_to_sign(signed, method, path, query, headers, payload)
    key = signing_key_of(signed)
    given = signed.signature.encode("utf-8", "replace")
    if hmac.compare_digest(sigv4.signature(key, text).encode(), given):
        return
    if signed.fallback != (path, query):
        sent = _string_to_sign(signed, method, *signed.fallback, headers, payload)
        if hmac.compare_digest(sigv4.signature(key, sent).encode(), given):
            return
    raise refusal.mismatch(
        signed.family, AWSAccessKeyId=signed.access_key_id, SignatureProvided=signed.signature, StringToSign=text
    )


def _string_to_sign(signed: Signed, method: str, path: str, query: str, headers: str, payload: str) -> str:
    request = sigv4.canonical_request(method, path, query, headers, signed.signed_headers, payload)
    return sigv4.string_to_sign(signed.timestamp, signed.scope, request)
