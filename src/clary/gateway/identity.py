"""Who sends a request: signatures verified, a principal given.

Verification has two steps, because the body comes after the headers. `Authenticator.authenticate` reads headers and
query; it returns an `Authentication` that says how the body is to be checked. `Authenticator.verify_payload` (or
`verified_stream`) then checks it. Nobody may act on a request before the second step has passed: where S3 signs a
hash that the client declares, other services sign the hash of the body itself, so their signature is only complete
once the body is there (`Payload.IN_SIGNATURE`).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from clary.core.call import ANONYMOUS, Principal
from clary.core.clock import Clock
from clary.core.errors import AccessDenied
from clary.core.http import ByteStream, HttpRequest
from clary.gateway import identity_errors as refusal
from clary.gateway import sigv2, sigv4
from clary.gateway.identity_errors import SKEW_SECONDS, Family
from clary.gateway.identity_sigv4 import (
    URL_CREDENTIALS,
    Signed,
    check_scope,
    check_signed_headers,
    family_of,
    from_header,
    from_query,
    signing_key_of,
    time_of,
    verify,
)
from clary.gateway.sigv4 import SignedChunks
from clary.storage.identities import Credential

UNSIGNED = "UNSIGNED-PAYLOAD"
_SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
_SIGNED_CHUNKS_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
_UNSIGNED_CHUNKS = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

_HASHED_IN_A_THREAD_BYTES = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


class Payload(Enum):
    """How a request's body is checked."""

    UNCHECKED = "unchecked"
    """Nothing was signed of it: an anonymous request, UNSIGNED-PAYLOAD, SigV2."""
    SHA256 = "sha256"
    """It must have the hash that was signed."""
    IN_SIGNATURE = "in-signature"
    """Its hash is part of the signature, which is verified once the whole body is there."""
    SIGNED_CHUNKS = "signed-chunks"
    """aws-chunked; `Authentication.chunks` verifies each chunk."""
    UNSIGNED_CHUNKS = "unsigned-chunks"
    """aws-chunked without chunk signatures, with a checksum in the trailer."""


@dataclass(slots=True)
class Authentication:
    """What is known of the sender, and what remains to be checked.

    Attributes:
        principal: the caller, `ANONYMOUS` without a signature. It counts only once the payload is verified.
        region: of the credential scope; "" where there is none.
        signing_name: of the credential scope ("s3", "sagemaker", ...); "" where there is none, "s3" for SigV2.
        payload: how the body is checked.
        sha256: the expected hash for `Payload.SHA256`, hexadecimal.
        chunks: the verifier for `Payload.SIGNED_CHUNKS`.
        hoisted: headers that a presigned URL carries in its query and that count as if they had been sent.
        is_presigned: whether the signature was in the query.
        signed_at: when it was signed, in seconds since 1970, where the signature says so (version 4 does).
    """

    principal: Principal
    region: str = ""
    signing_name: str = ""
    payload: Payload = Payload.UNCHECKED
    sha256: str = ""
    chunks: SignedChunks | None = None
    hoisted: dict[str, str] = field(default_factory=dict)
    is_presigned: bool = False
    signed_at: float | None = None
    pending: Signed | None = field(default=None, repr=False)

    @property
    def is_chunked(self) -> bool:
        """Whether the body is aws-chunked."""
        return self.payload in (Payload.SIGNED_CHUNKS, Payload.UNSIGNED_CHUNKS)


class Credentials(Protocol):
    """Where access keys are looked up."""

    def credential(self, access_key_id: str) -> Credential | None:
        """The key, or None when there is no active one of that id."""
        ...


class Authenticator:
    """Verifies signatures.

    Promises:
        **Secrets.** No secret and no session token appears in an error, a log line or a repr; comparisons take
        constant time.
        **Threads.** Any number of threads may call it.

    Args:
        identities: finds access keys.
        clock: decides what is too old.
        bucket_of_host: the bucket that a Host header names in virtual-host style, or None; SigV2 signs it as part of
            the path. It must be the same rule by which the gateway routes.
    """

    def __init__(
        self, identities: Credentials, clock: Clock, bucket_of_host: Callable[[str], str | None] | None = None
    ) -> None:
        self._identities = identities
        self._clock = clock
        self._bucket_of_host = bucket_of_host or (lambda host: None)

    def authenticate(self, request: HttpRequest) -> Authentication:
        """Finds out who sent the request, from its headers and query exactly as sent.

        Raises:
            ServiceError: the signature, or what can be checked of it before the body, is wrong.
        """
        authorization = request.headers.get("authorization")
        query = request.query
        in_query = "X-Amz-Algorithm=" in query or "X-Amz-Signature=" in query
        old_query = not in_query and "AWSAccessKeyId=" in query and "Signature=" in query
        if authorization is not None and (in_query or old_query):
            raise refusal.InvalidArgument(
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string "
                "parameter or the Authorization header should be specified",
                ArgumentName="Authorization",
            )
        if authorization is not None:
            if authorization.startswith(sigv4.ALGORITHM):
                return self._sigv4(request, from_header(request, authorization, self._clock.time()))
            if authorization.startswith("AWS "):
                return self._sigv2_header(request, authorization)
            raise self._unsupported(request, authorization)
        if in_query:
            return self._sigv4(request, from_query(request, self._clock.time()), sigv2.parameters(query))
        if old_query:
            return self._sigv2_query(request)
        declared = request.headers.get("x-amz-content-sha256", "")
        chunked = declared == _UNSIGNED_CHUNKS
        return Authentication(ANONYMOUS, payload=Payload.UNSIGNED_CHUNKS if chunked else Payload.UNCHECKED)

    def verify_payload(self, authentication: Authentication, body: bytes) -> None:
        """Checks a body that is there in full (not aws-chunked; those are verified while they are decoded).

        Raises:
            ServiceError: the body is not what was signed.
        """
        if authentication.payload is Payload.SHA256:
            _compare_hash(authentication.sha256, hashlib.sha256(body).hexdigest())
        elif authentication.payload is Payload.IN_SIGNATURE:
            assert authentication.pending is not None
            verify(authentication.pending, hashlib.sha256(body).hexdigest())
            authentication.payload = Payload.UNCHECKED

    def verified_stream(self, authentication: Authentication, stream: ByteStream) -> ByteStream:
        """The stream with its check at the end: its last read raises `XAmzContentSHA256Mismatch` on another body.

        What was read before counts only once the stream has ended without that error.

        Raises:
            ValueError: the signature covers the body itself; read it in full and call `verify_payload`.
        """
        if authentication.payload is Payload.IN_SIGNATURE:
            raise ValueError("this signature can only be verified with the whole body")
        if authentication.payload is not Payload.SHA256:
            return stream
        return ByteStream(_hashed(stream, authentication.sha256), stream.length)

    def _sigv4(self, request: HttpRequest, signed: Signed, query: dict[str, str] | None = None) -> Authentication:
        check_scope(signed)
        headers = request.headers
        token = (query or {}).get("X-Amz-Security-Token") or headers.get("x-amz-security-token")
        credential = self._credential(signed.access_key_id, token, signed.family)
        signed.credential = credential
        is_s3 = signed.family is Family.S3
        check_signed_headers(request, signed, is_s3=is_s3)
        without = "X-Amz-Signature" if signed.is_presigned else ""
        names = signed.signed_headers.split(";")
        signed.canonical = (
            request.method,
            sigv4.canonical_path(request.path, is_s3=is_s3),
            sigv4.canonical_query(request.query, without=without),
            sigv4.canonical_headers(headers, names),
        )
        signed.fallback = (request.path or "/", sigv4.sorted_query(request.query, without=without))
        result = Authentication(
            credential.principal,
            signed.region,
            signed.service,
            is_presigned=signed.is_presigned,
            signed_at=signed.seconds,
        )
        if query is not None and is_s3:
            result.hoisted = {
                name: value for name, value in sigv2.hoisted(query).items() if name not in URL_CREDENTIALS
            }
        declared = headers.get("x-amz-content-sha256") or result.hoisted.get("x-amz-content-sha256", "")
        return self._with_payload(result, signed, declared)

    def _with_payload(self, result: Authentication, signed: Signed, declared: str) -> Authentication:
        is_s3 = signed.family is Family.S3
        if not declared:
            if not is_s3:
                result.payload, result.pending = Payload.IN_SIGNATURE, signed
                return result
            if not signed.is_presigned:
                raise refusal.InvalidRequest("Missing required header for this request: x-amz-content-sha256")
            declared = UNSIGNED
        if _SHA256.match(declared):
            result.payload, result.sha256 = Payload.SHA256, declared
        elif declared == UNSIGNED:
            result.payload = Payload.UNCHECKED
        elif declared == _UNSIGNED_CHUNKS:
            result.payload = Payload.UNSIGNED_CHUNKS
        elif declared in (_SIGNED_CHUNKS, _SIGNED_CHUNKS_TRAILER):
            result.payload = Payload.SIGNED_CHUNKS
            result.chunks = SignedChunks(
                signing_key_of(signed),
                signed.timestamp,
                signed.scope,
                signed.signature,
                has_trailers=declared == _SIGNED_CHUNKS_TRAILER,
            )
        elif is_s3:
            raise refusal.InvalidArgument(
                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
                "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 "
                "value.",
                ArgumentName="x-amz-content-sha256",
                ArgumentValue=declared,
            )
        else:
            raise refusal.mismatch(signed.family)
        verify(signed, declared)
        return result

    def _credential(self, access_key_id: str, token: str | None, family: Family) -> Credential:
        return checked_credential(self._identities, self._clock.time(), access_key_id, token, family)

    def _sigv2_query(self, request: HttpRequest) -> Authentication:
        query = sigv2.parameters(request.query)
        expires = query.get("Expires", "")
        if not query.get("Signature") or not query.get("AWSAccessKeyId") or not expires:
            raise AccessDenied(
                "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"
            )
        if not expires.isascii() or not expires.isdigit() or len(expires) > 12:
            raise AccessDenied(f"Invalid date (should be seconds since epoch): {expires}")
        now = self._clock.time()
        if now > int(expires):
            raise AccessDenied(
                "Request has expired", Expires=refusal.extended_iso(int(expires)), ServerTime=refusal.extended_iso(now)
            )
        carried = sigv2.hoisted(query)
        headers = {**carried, **request.headers}
        result = self._sigv2(request, query["AWSAccessKeyId"], query["Signature"], headers, expires)
        result.hoisted, result.is_presigned = carried, True
        return result

    def _sigv2_header(self, request: HttpRequest, authorization: str) -> Authentication:
        access_key_id, colon, given = authorization[4:].strip().rpartition(":")
        if not colon or not access_key_id or not given:
            raise refusal.InvalidArgument(
                "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature", ArgumentName="Authorization"
            )
        headers = dict(request.headers)
        date = headers.get("x-amz-date") or headers.get("date", "")
        if not date:
            raise AccessDenied("AWS authentication requires a valid Date or x-amz-date header")
        _, seconds = time_of(date, Family.S3)
        now = self._clock.time()
        if abs(now - seconds) > SKEW_SECONDS:
            raise refusal.skewed(Family.S3, date, seconds, now)
        signed_date = "" if "x-amz-date" in headers else date
        return self._sigv2(request, access_key_id, given, headers, signed_date)

    def _sigv2(
        self, request: HttpRequest, access_key_id: str, given: str, headers: dict[str, str], date: str
    ) -> Authentication:
        credential = self._credential(access_key_id, headers.get("x-amz-security-token"), Family.S3)
        bucket = self._bucket_of_host(headers.get("host", ""))
        path = f"/{bucket}{request.path}" if bucket else request.path
        texts = [
            sigv2.string_to_sign(request.method, resource, headers, date)
            for resource in sigv2.canonical_resources(path, request.query)
        ]
        text = texts[0]
        if not any(
            hmac.compare_digest(sigv2.signature(credential.secret, one).encode(), given.encode("utf-8", "replace"))
            for one in texts
        ):
            raise refusal.mismatch(
                Family.S3, AWSAccessKeyId=access_key_id, SignatureProvided=given, StringToSign=_shown(text, headers)
            )
        declared = headers.get("x-amz-content-sha256", "")
        payload = Payload.UNSIGNED_CHUNKS if declared == _UNSIGNED_CHUNKS else Payload.UNCHECKED
        return Authentication(credential.principal, "", "s3", payload)

    @staticmethod
    def _unsupported(request: HttpRequest, authorization: str) -> Exception:
        family = family_of(request, "")
        word = authorization.split(" ", 1)[0][:64]
        if word == sigv4.ASYMMETRIC_ALGORITHM:
            text = (
                f"{sigv4.ASYMMETRIC_ALGORITHM} (Signature Version 4A) is not supported; "
                f"sign with {sigv4.ALGORITHM} (Signature Version 4)."
            )
            return refusal.InvalidRequest(text) if family is Family.S3 else refusal.incomplete(family, text)
        if family is Family.S3:
            return refusal.InvalidArgument(
                "Unsupported Authorization Type", ArgumentName="Authorization", ArgumentValue=word
            )
        return refusal.incomplete(family, f"Unsupported Authorization type: '{word}'.")


def checked_credential(
    identities: Credentials, now: float, access_key_id: str, token: str | None, family: Family
) -> Credential:
    """The active key of that id, whose session token (if it has one) is the one that was sent and is still valid.

    Args:
        now: seconds since 1970.

    Raises:
        ServiceError: there is no such key, or its token is missing, wrong or expired.
    """
    credential = identities.credential(access_key_id)
    if credential is None:
        raise refusal.unknown_key(family, access_key_id)
    expected = credential.session_token
    if expected is None:
        if token:
            raise refusal.wrong_token(family)
        return credential
    if not hmac.compare_digest(expected.encode(), (token or "").encode("utf-8", "replace")):
        raise refusal.wrong_token(family)
    if credential.expires is not None and now >= credential.expires:
        raise refusal.expired_token(family)
    return credential


async def _hashed(stream: ByteStream, declared: str) -> AsyncIterator[bytes]:
    """The stream, hashed beside its reader: a large body in a thread, so that the event loop serves others."""
    digest = hashlib.sha256()
    loop = asyncio.get_running_loop()
    hashing: asyncio.Future[None] | None = None
    block: list[bytes] = []
    size = 0
    async for chunk in stream:
        block.append(chunk)
        size += len(chunk)
        if size >= _HASHED_IN_A_THREAD_BYTES:
            if hashing is not None:
                await hashing
            hashing = loop.run_in_executor(None, _update, digest, block)
            block, size = [], 0
        yield chunk
    if hashing is not None:
        await hashing
    _update(digest, block)
    _compare_hash(declared, digest.hexdigest())


def _shown(text: str, headers: dict[str, str]) -> str:
    token = headers.get("x-amz-security-token")
    return text.replace(token, "...") if token else text


def _compare_hash(declared: str, computed: str) -> None:
    if not hmac.compare_digest(declared.encode(), computed.encode()):
        raise refusal.XAmzContentSHA256Mismatch(ClientComputedContentSHA256=declared, S3ComputedContentSHA256=computed)


def _update(digest: hashlib._Hash, block: list[bytes]) -> None:
    digest.update(b"".join(block))  # at once: each update gives the interpreter up and has to get it back
