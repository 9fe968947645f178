"""`aws-chunked` bodies: chunks with or without signatures, and trailing headers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection
from typing import Protocol

from clary.core.http import ByteStream
from clary.wire.errors import IncompleteBody, InvalidRequest, MalformedTrailerError

MAX_SIGNED_CHUNK_BYTES = 16 * 1024 * 1024
"""A signed chunk is held until its signature has been checked, so its size is bounded."""

_MAX_LINE_BYTES = 8 * 1024
_MAX_TRAILERS = 32
_SIZE_LINE = re.compile(rb"([0-9a-fA-F]{1,16})(?:;chunk-signature=([0-9a-fA-F]*))?\s*(?:;.*)?")
_TRAILER_SIGNATURE = "x-amz-trailer-signature"


class ChunkVerifier(Protocol):
    """Checks the signatures of a signed `aws-chunked` body. Each covers the one before, so the order matters.

    Both methods raise the error that the client is to see when a signature is wrong or empty.
    """

    def chunk(self, signature: str, data: bytes) -> None:
        """Checks one chunk; the last one is empty."""

    def trailers(self, signature: str, trailers: bytes) -> None:
        """Checks the trailing headers, given as `name:value\\n` each, in the order sent, without their signature."""


def decode_aws_chunked(
    stream: ByteStream,
    verify: ChunkVerifier | None,
    *,
    decoded_length_bytes: int | None = None,
    announced_trailers: Collection[str] = (),
) -> ByteStream:
    """The content of an `aws-chunked` body, in constant memory.

    Args:
        stream: the body as sent.
        verify: checks each chunk before its data are handed on; None for bodies whose chunks are not signed.
        decoded_length_bytes: what `x-amz-decoded-content-length` announces.
        announced_trailers: the names that `x-amz-trailer` announces, in lower case; each has to come.

    Returns:
        The content; its `trailers` are complete, in lower case, once it is exhausted. Reading it raises
        `IncompleteBody` when it ends early or is not as long as announced, `InvalidRequest` when it is malformed,
        and `MalformedTrailerError` when its trailing headers are, or when one is missing.
    """
    trailers: dict[str, str] = {}
    content = ByteStream(
        _content(_Input(stream), verify, decoded_length_bytes, trailers, announced_trailers), decoded_length_bytes
    )
    content.trailers = trailers
    return content


class _Input:
    """Reads lines and counted bytes from a stream of pieces."""

    def __init__(self, stream: ByteStream) -> None:
        self._pieces = stream.__aiter__()
        self._buffer = b""
        self._position = 0

    async def _more(self) -> None:
        try:
            piece = await self._pieces.__anext__()
        except StopAsyncIteration:
            raise IncompleteBody() from None
        self._buffer = self._buffer[self._position :] + piece
        self._position = 0

    async def line(self) -> bytes:
        """The bytes up to the next CRLF, which is consumed."""
        searched = 0
        while True:
            end = self._buffer.find(b"\r\n", self._position + searched)
            if end >= 0:
                line = self._buffer[self._position : end]
                self._position = end + 2
                if len(line) > _MAX_LINE_BYTES:
                    break
                return line
            left = len(self._buffer) - self._position
            if left > _MAX_LINE_BYTES:
                break
            searched = max(0, left - 1)
            await self._more()
        raise InvalidRequest("A line of the aws-chunked body is too long.")

    async def pieces(self, size: int) -> AsyncIterator[bytes]:
        """The next `size` bytes, as they come."""
        while size:
            if self._position == len(self._buffer):
                await self._more()
                continue
            piece = self._buffer[self._position : self._position + size]
            self._position += len(piece)
            size -= len(piece)
            yield piece

    async def at_end(self) -> bool:
        """Whether nothing is left."""
        while self._position == len(self._buffer):
            try:
                await self._more()
            except IncompleteBody:
                return True
        return False


async def _content(
    source: _Input,
    verify: ChunkVerifier | None,
    announced: int | None,
    trailers: dict[str, str],
    announced_trailers: Collection[str],
) -> AsyncIterator[bytes]:
    total = 0
    while True:
        matched = _SIZE_LINE.fullmatch(await source.line())
        if matched is None:
            raise InvalidRequest("The size of a chunk of the aws-chunked body cannot be read.")
        size = int(matched[1], 16)
        signature = (matched[2] or b"").decode("ascii")
        if size == 0:
            if verify is not None:
                verify.chunk(signature, b"")
            break
        total += size
        if announced is not None and total > announced:
            raise IncompleteBody()
        if verify is None:
            async for piece in source.pieces(size):
                yield piece
        else:
            if size > MAX_SIGNED_CHUNK_BYTES:
                raise InvalidRequest(f"A signed chunk is larger than {MAX_SIGNED_CHUNK_BYTES} bytes.")
            data = b"".join([piece async for piece in source.pieces(size)])
            verify.chunk(signature, data)
            yield data
        if await source.line():
            raise InvalidRequest("A chunk of the aws-chunked body is longer than it says.")
    if announced is not None and total != announced:
        raise IncompleteBody()
    signature, canonical = await _read_trailers(source, trailers)
    # Asked for even when nothing came, so that trailers cannot be cut off a signed body.
    if verify is not None and (announced_trailers or trailers or signature):
        verify.trailers(signature, canonical)
    if any(name not in trailers for name in announced_trailers):
        raise MalformedTrailerError


async def _read_trailers(source: _Input, trailers: dict[str, str]) -> tuple[str, bytes]:
    """Fills in the trailing headers; returns their signature ("" without one) and their canonical form."""
    canonical = b""
    signature = ""
    while not await source.at_end() and (line := await source.line()):
        name, separator, value = line.decode("latin-1").partition(":")
        name, value = name.strip().lower(), value.strip()
        if not separator or not name or len(trailers) >= _MAX_TRAILERS:
            raise MalformedTrailerError
        if name == _TRAILER_SIGNATURE:
            signature = value
        else:
            trailers[name] = value
            canonical += f"{name}:{value}\n".encode("latin-1")
    if not await source.at_end():
        raise InvalidRequest("The aws-chunked body goes on after its end.")
    return signature, canonical
