from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn

from clary.gateway.connection import MOST_HEAD_BYTES, BoundedConnection


class Hurried(BoundedConnection):
    head_seconds = 0.3
    stall_seconds = 0.6


async def hello(scope, receive, send) -> None:
    if scope["path"] == "/large":
        return await large(send)
    while scope["method"] == "PUT" and (message := await receive())["type"] == "http.request":
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


gone: list[str] = []


async def large(send) -> None:
    """Answers with more than the buffers on the way hold."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"60000000")]})
    try:
        for _ in range(60):
            await send({"type": "http.response.body", "body": bytes(1_000_000), "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.append("large")


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A server with the connections under test."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(hello, http=Hurried, ws="none", lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    yield listener.getsockname()[1]
    server.should_exit = True
    await serving


async def talk(port: int, *pieces: bytes, pause_seconds: float = 0.0, wait_seconds: float = 1.0) -> bytes:
    """Sends the pieces and reads until the server closes, or the time has passed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = b""
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_seconds)
        async with asyncio.timeout(wait_seconds):
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


async def test_an_upload_that_stands_still_is_ended(port: int) -> None:
    heard = await talk(port, b"PUT / HTTP/1.1\r\ncontent-length: 9\r\n\r\n", b"a", wait_seconds=3)
    assert heard in (b"", b"<closed>")
    assert await talk(port, b"GET / HTTP/1.1\r\n\r\n") != b""


async def test_an_upload_that_is_slow_but_moves_is_answered(port: int) -> None:
    pieces = [b"a"] * 9
    heard = await talk(port, b"PUT / HTTP/1.1\r\ncontent-length: 9\r\n\r\n", *pieces, pause_seconds=0.2)
    assert b"hello" in heard


async def test_an_answer_that_nobody_takes_is_given_up(port: int) -> None:
    gone.clear()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1000)
    writer.write(b"GET /large HTTP/1.1\r\n\r\n")
    async with asyncio.timeout(5):
        while not gone:
            await asyncio.sleep(0.05)
    writer.close()
    assert reader is not None
