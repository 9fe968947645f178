"""What the parts of the registry share: who asks for which repository, and how refusals are written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson

from clary.core.http import ByteStream, HttpRequest, HttpResponse, stream_of
from clary.services.ecr.credentials import Pass
from clary.storage.records import Record

VERSION_HEADER = ("Docker-Distribution-Api-Version", "registry/2.0")
_PIECE_BYTES = 1 << 20


class Refusal(Exception):
    """A request that the registry refuses.

    Args:
        status: of the answer.
        code: an error code of the distribution specification ("NAME_UNKNOWN").
        message: for people: docker prints it.
        headers: beside the usual ones.
    """

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class Visit:
    """A request that has been let in.

    Attributes:
        record: the repository.
        rest: what stands behind the repository and the kind in the path (a digest, a tag, an upload's id).
        query: the parameters, decoded.
    """

    request: HttpRequest
    caller: Pass
    record: Record
    rest: str
    query: Mapping[str, str]


def query_of(request: HttpRequest) -> dict[str, str]:
    """The query's parameters."""
    return dict(parse_qsl(request.query, keep_blank_values=True))


def body_of(request: HttpRequest) -> ByteStream:
    """The body as a stream."""
    return request.body if isinstance(request.body, ByteStream) else stream_of(request.body)


async def pieces(stream: ByteStream) -> AsyncIterator[list[bytes]]:
    """A body in lists of about a mebibyte: what is written at once."""
    held: list[bytes] = []
    size = 0
    async for piece in stream:
        held.append(piece)
        size += len(piece)
        if size >= _PIECE_BYTES:
            yield held
            held, size = [], 0
    if held:
        yield held


def file_stream(path: str, start: int, length: int) -> ByteStream:
    """A part of a file, read in a thread."""

    async def read() -> AsyncIterator[bytes]:
        file = await asyncio.to_thread(open, path, "rb")
        try:
            await asyncio.to_thread(file.seek, start)
            left = length
            while left > 0:
                piece = await asyncio.to_thread(file.read, min(_PIECE_BYTES, left))
                if not piece:
                    raise OSError(f"{path} is shorter than it was")
                left -= len(piece)
                yield piece
        finally:
            file.close()

    return ByteStream(read(), length)


def answer(status: int, headers: Mapping[str, str] | None = None, body: bytes | ByteStream = b"") -> HttpResponse:
    """An answer of the registry."""
    return HttpResponse(status, [VERSION_HEADER, *(headers or {}).items()], body)


def json_answer(status: int, value: Any, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """An answer in JSON."""
    return answer(status, {"Content-Type": "application/json", **(headers or {})}, orjson.dumps(value))


def refused(refusal: Refusal) -> HttpResponse:
    """How a refusal is written."""
    errors = [{"code": refusal.code, "message": refusal.message}]
    return json_answer(refusal.status, {"errors": errors}, refusal.headers)
