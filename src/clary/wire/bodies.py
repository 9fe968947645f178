"""From the body on the wire to the body that a protocol parses: `aws-chunked` and gzip taken off, sizes bounded."""

from __future__ import annotations

import zlib

from clary.core.http import BodyTooLarge, ByteStream, HttpRequest, stream_of
from clary.wire.errors import InvalidArgument, RequestTooLarge, SerializationException
from clary.wire.models import OperationModel
from clary.wire.streaming import ChunkVerifier, decode_aws_chunked

DEFAULT_LIMIT_BYTES = 32 * 1024 * 1024
"""The largest body that is held in memory; larger ones belong to operations that stream."""

_GZIP_WINDOW = 31


async def receive(
    request: HttpRequest,
    operation: OperationModel,
    *,
    limit_bytes: int = DEFAULT_LIMIT_BYTES,
    verify: ChunkVerifier | None = None,
) -> None:
    """Prepares a routed request for `Protocol.parse`, in place.

    `aws-chunked` is taken off the body and off `Content-Encoding`, and `Content-Length` becomes the content's length.
    The body of an operation with a streaming input stays a stream; every other body is read, and unpacked where a
    structure was compressed. Signatures of headers must have been checked before, since headers change.

    Args:
        limit_bytes: of a body that is read, before and after unpacking.
        verify: checks the chunks' signatures; None where chunks are not signed.

    Raises:
        ServiceError: the body is too large, ends early, or is not what its headers say.
    """
    encodings = [
        item.strip().lower() for item in request.headers.get("content-encoding", "").split(",") if item.strip()
    ]
    is_chunked = "aws-chunked" in encodings or request.headers.get("x-amz-content-sha256", "").startswith("STREAMING-")
    if is_chunked:
        length = _decoded_length(request)
        stream = request.body if isinstance(request.body, ByteStream) else stream_of(request.body)
        trailers = [
            name.strip().lower() for name in request.headers.get("x-amz-trailer", "").split(",") if name.strip()
        ]
        request.body = decode_aws_chunked(stream, verify, decoded_length_bytes=length, announced_trailers=trailers)
        encodings = [item for item in encodings if item != "aws-chunked"]
        _set_header(request, "content-encoding", ",".join(encodings))
        _set_header(request, "content-length", "" if length is None else str(length))
    if operation.has_streaming_input:
        return
    request.body = await read(request.body, limit_bytes)
    if encodings == ["gzip"] and _has_structured_body(operation):
        request.body = unpack(request.body, limit_bytes)
        _set_header(request, "content-encoding", "")


async def read(body: bytes | ByteStream, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> bytes:
    """The whole body.

    Raises:
        RequestTooLarge: it is larger than the limit.
    """
    try:
        data = await body.read(limit_bytes) if isinstance(body, ByteStream) else body
    except BodyTooLarge:
        raise RequestTooLarge(limit_bytes=limit_bytes) from None
    if len(data) > limit_bytes:
        raise RequestTooLarge(limit_bytes=limit_bytes)
    return data


def unpack(data: bytes, limit_bytes: int) -> bytes:
    """What a gzip body holds; never more than the limit is unpacked.

    Raises:
        RequestTooLarge: it holds more than the limit.
        SerializationException: it is not gzip, or ends early.
    """
    parts: list[bytes] = []
    left = limit_bytes
    while data:
        member = zlib.decompressobj(_GZIP_WINDOW)
        try:
            part = member.decompress(data, left + 1)
        except zlib.error:
            raise SerializationException("The request body is not valid gzip.") from None
        if len(part) > left:
            raise RequestTooLarge(limit_bytes=limit_bytes)
        if not member.eof:
            raise SerializationException("The request body is not valid gzip.")
        parts.append(part)
        left -= len(part)
        data = member.unused_data
    return b"".join(parts)


def _decoded_length(request: HttpRequest) -> int | None:
    text = request.headers.get("x-amz-decoded-content-length")
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise InvalidArgument("x-amz-decoded-content-length is not a number of bytes.")
    return int(text)


def _has_structured_body(operation: OperationModel) -> bool:
    payload = operation.input_payload
    return payload is None or payload[1].type_name == "structure"


def _set_header(request: HttpRequest, name: str, value: str) -> None:
    if value:
        request.headers[name] = value
    elif name in request.headers:
        del request.headers[name]
