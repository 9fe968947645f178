from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn

from clary.core.http import ByteStream, HttpRequest, HttpResponse
from clary.gateway.connection import BoundedConnection
from clary.gateway.server import AsgiApplication


class Door:
    """Refuses what is sent to /no by its head alone, streams, and reads every other body."""

    left = asyncio.Event()

    async def respond(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/endless":
            return HttpResponse(body=ByteStream(self._pieces(1 << 40), None))
        if request.path == "/hundred":
            return HttpResponse(body=ByteStream(self._pieces(100), 100_000))
        if request.path == "/no":
            return HttpResponse(403, body=b"no")
        body = await request.body.read() if isinstance(request.body, ByteStream) else request.body
        return HttpResponse(body=b"got " + body)

    async def _pieces(self, count: int) -> AsyncIterator[bytes]:
        """Pieces that never have to be waited for."""
        try:
            for _ in range(count):
                yield b"x" * 1000
        finally:
            self.left.set()


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A server with the application under test."""
    Door.left = asyncio.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(AsgiApplication(Door()), http=BoundedConnection, ws="none", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    yield listener.getsockname()[1]
    server.should_exit = True
    await serving


async def answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The next head, and the body it announces."""
    async with asyncio.timeout(5):
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        return head, await reader.readexactly(int(length or 0))


async def test_a_connection_whose_announced_body_was_refused_is_closed(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"PUT /no HTTP/1.1\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n")
    head, body = await answer(reader)
    assert (head.split()[1], body) == (b"403", b"no")
    assert b"connection: close" in head
    assert await reader.read() == b""
    writer.close()


async def test_a_connection_whose_announced_body_was_wanted_is_kept(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(b"PUT /yes HTTP/1.1\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n")
        assert (await answer(reader))[0].startswith(b"http/1.1 100 continue")
        writer.write(b"ab")
        head, body = await answer(reader)
        assert (head.split()[1], body) == (b"200", b"got ab")
    writer.close()


async def test_a_connection_is_kept_where_the_refused_body_was_empty(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(b"PUT /no HTTP/1.1\r\ncontent-length: 0\r\nexpect: 100-continue\r\n\r\n")
        assert (await answer(reader))[1] == b"no"
    writer.close()


async def test_a_refused_body_that_comes_all_the_same_is_passed_over(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"PUT /no HTTP/1.1\r\ncontent-length: 2\r\n\r\nab")
    assert (await answer(reader))[1] == b"no"
    writer.write(b"PUT /yes HTTP/1.1\r\ncontent-length: 2\r\n\r\ncd")
    assert (await answer(reader))[1] == b"got cd"
    writer.close()


async def test_an_endless_body_ends_when_its_client_goes_away(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /endless HTTP/1.1\r\n\r\n")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    writer.close()
    async with asyncio.timeout(10):
        await Door.left.wait()
    assert await _ask(port, b"GET /yes HTTP/1.1\r\n\r\n") == b"got "


async def test_a_streamed_body_arrives_whole_and_the_connection_is_kept(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(b"GET /hundred HTTP/1.1\r\n\r\n")
        assert (await answer(reader))[1] == b"x" * 100_000
    writer.close()


async def _ask(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    body = (await answer(reader))[1]
    writer.close()
    return body
