from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn

from clary.gateway.connection import MOST_HEAD_BYTES, BoundedConnection


class Hurried(BoundedConnection):
    head_seconds = 0.3


async def hello(scope, receive, send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A server with the connections under test."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(hello, http=Hurried, ws="none", lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    yield listener.getsockname()[1]
    server.should_exit = True
    await serving


async def talk(port: int, *pieces: bytes, pause_seconds: float = 0.0) -> bytes:
    """Sends the pieces and reads until the server closes, or a second has passed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = b""
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_seconds)
        async with asyncio.timeout(1):
            while part := await reader.read(1000):
                heard += part
            heard += b"<closed>"
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
    return heard


async def test_a_head_within_the_limit_is_answered_though_it_comes_in_pieces(port: int) -> None:
    line = b"x: " + b"a" * 1000 + b"\r\n"
    heard = await talk(port, b"GET / HTTP/1.1\r\n", line, line, b"connection: close\r\n\r\n", pause_seconds=0.01)
    assert heard.endswith(b"hello<closed>")


async def test_a_head_over_the_limit_is_refused(port: int) -> None:
    line = b"x: " + b"a" * 10_000 + b"\r\n"
    heard = await talk(port, b"GET / HTTP/1.1\r\n", *[line] * (MOST_HEAD_BYTES // 10_000 + 10), pause_seconds=0.001)
    assert heard == b"" or heard.startswith(b"HTTP/1.1 431 ")  # a reset may overtake the answer
    assert b"hello" not in heard


@pytest.mark.parametrize("beginning", [b"", b"GET / HTTP/1.1\r\nx"])
async def test_a_connection_that_does_not_say_what_it_wants_is_closed(port: int, beginning: bytes) -> None:
    assert await talk(port, beginning) == b"<closed>"


async def test_a_kept_connection_and_a_second_request_are_not_cut_off(port: int) -> None:
    ask = b"GET / HTTP/1.1\r\n\r\n"
    heard = await talk(port, ask, ask, pause_seconds=0.4)
    assert heard.count(b"hello") == 2
    assert b"<closed>" not in heard


async def test_a_body_may_take_longer_than_a_head(port: int) -> None:
    heard = await talk(port, b"PUT / HTTP/1.1\r\ncontent-length: 2\r\n\r\n", b"a", b"b", pause_seconds=0.4)
    assert b"hello" in heard
