"""Uploads in signed chunks: the published example, trailers, and everything that may be altered on the way."""

from __future__ import annotations

import hashlib
import hmac
import time

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth

from clary.core.call import ANONYMOUS
from clary.core.clock import FixedClock
from clary.core.http import Headers, HttpRequest
from clary.gateway.identity import Authenticator, Payload
from clary.gateway.sigv4 import BadChunkSignature, SignedChunks
from clary.storage.identities import Credential

from .signing import ALICE, SECRET, authenticator, long_lived, signed

STREAMING = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
EMPTY = hashlib.sha256(b"").hexdigest()

# The example of "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks".
EXAMPLE_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
CHUNKS = [
    (b"a" * 65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
    (b"a" * 1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
    (b"", "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
]


def example() -> SignedChunks:
    headers = {
        "host": "s3.amazonaws.com",
        "x-amz-date": "20130524T000000Z",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        "x-amz-content-sha256": STREAMING,
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": "66560",
        "content-length": "66824",
        "authorization": (
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"
            f"x-amz-decoded-content-length;x-amz-storage-class,Signature={SEED}"
        ),
    }

    class Keys:
        def credential(self, access_key_id: str) -> Credential:
            return Credential(EXAMPLE_SECRET, ALICE)

    gate = Authenticator(Keys(), FixedClock(1_369_353_600.0))
    result = gate.authenticate(HttpRequest("PUT", "/examplebucket/chunkObject.txt", "", Headers(headers)))
    assert result.payload is Payload.SIGNED_CHUNKS
    assert result.is_chunked
    assert result.chunks is not None
    return result.chunks


def test_the_published_example_passes() -> None:
    chunks = example()
    for data, signature in CHUNKS:
        chunks.chunk(signature, data)


@pytest.mark.parametrize("place", range(3))
def test_an_altered_chunk_is_refused(place: int) -> None:
    chunks = example()
    with pytest.raises(BadChunkSignature):
        for number, (data, signature) in enumerate(CHUNKS):
            chunks.chunk(signature, data + b"x" if number == place else data)


@pytest.mark.parametrize("order", [(1, 0, 2), (0, 2), (0, 0, 1, 2), (1,), (2,)])
def test_chunks_left_out_repeated_or_reordered_are_refused(order: tuple[int, ...]) -> None:
    chunks = example()
    with pytest.raises(BadChunkSignature):
        for number in order:
            chunks.chunk(CHUNKS[number][1], CHUNKS[number][0])


# -- our own signer of the published algorithm, for trailers ------------------------------------------------------


def chained(key: bytes, kind: str, timestamp: str, scope: str, previous: str, rest: str) -> str:
    text = f"AWS4-HMAC-SHA256-{kind}\n{timestamp}\n{scope}\n{previous}\n{rest}"
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def key_of(secret: str, *parts: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in parts:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def upload_with_trailers() -> tuple[SignedChunks, bytes, str, str, str]:
    signer = SigV4Auth(long_lived(), "s3", "us-east-1")
    headers = {"X-Amz-Content-SHA256": f"{STREAMING}-TRAILER", "X-Amz-Trailer": "x-amz-checksum-crc32c"}
    request = signed(signer, "PUT", "http://h/bucket/key", headers)
    result = authenticator().authenticate(request)
    assert result.chunks is not None
    timestamp = request.headers["x-amz-date"]
    scope = f"{timestamp[:8]}/us-east-1/s3/aws4_request"
    key = key_of(SECRET, timestamp[:8], "us-east-1", "s3", "aws4_request")
    return result.chunks, key, timestamp, scope, request.headers["authorization"].rpartition("=")[2]


@pytest.mark.parametrize("lines", [b"x-amz-checksum-crc32c:sOO8/Q==\r\n", b"x-amz-checksum-crc32c: sOO8/Q==\n"])
def test_signed_trailers_pass_and_altered_ones_do_not(lines: bytes) -> None:
    for given, passes in ((lines, True), (lines.replace(b"sOO8", b"sOO9"), False), (b"", False)):
        chunks, key, timestamp, scope, previous = upload_with_trailers()
        assert chunks.has_trailers
        for data in (b"hello", b""):
            content = f"{EMPTY}\n{hashlib.sha256(data).hexdigest()}"
            previous = chained(key, "PAYLOAD", timestamp, scope, previous, content)
            chunks.chunk(previous, data)
        content = hashlib.sha256(b"x-amz-checksum-crc32c:sOO8/Q==\n").hexdigest()
        signature = chained(key, "TRAILER", timestamp, scope, previous, content)
        if passes:
            chunks.trailers(signature, given)
        else:
            with pytest.raises(BadChunkSignature):
                chunks.trailers(signature, given)


def test_a_bad_chunk_is_answered_as_a_wrong_signature() -> None:
    error = BadChunkSignature()
    assert (error.wire_code, error.status) == ("SignatureDoesNotMatch", 403)


def test_unsigned_chunks_are_told_apart() -> None:
    headers = {"X-Amz-Content-SHA256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}
    result = authenticator().authenticate(
        signed(SigV4Auth(long_lived(), "s3", "us-east-1"), "PUT", "https://h/bucket/key", headers)
    )
    assert (result.payload, result.chunks, result.is_chunked) == (Payload.UNSIGNED_CHUNKS, None, True)
    anonymous = HttpRequest("PUT", "/bucket/key", "", Headers({**headers, "host": "h"}))
    result = authenticator().authenticate(anonymous)
    assert (result.principal, result.payload) == (ANONYMOUS, Payload.UNSIGNED_CHUNKS)


def test_a_trailer_upload_of_botocore_over_https_passes() -> None:
    from botocore.awsrequest import AWSRequest

    request = AWSRequest("PUT", "https://h/bucket/key", headers={"X-Amz-Trailer": "x-amz-checksum-crc32"}, data=b"")
    request.context["client_config"] = None
    request.context["checksum"] = {"request_algorithm": {"in": "trailer", "algorithm": "crc32", "name": "x"}}
    S3SigV4Auth(long_lived(), "s3", "us-east-1").add_auth(request)
    headers = Headers({name: str(value) for name, value in request.headers.items()})
    headers["host"] = "h"
    result = Authenticator(
        type("Keys", (), {"credential": lambda self, key: Credential(SECRET, ALICE)})(), FixedClock(time.time())
    ).authenticate(HttpRequest("PUT", "/bucket/key", "", headers))
    assert result.payload is Payload.UNSIGNED_CHUNKS
