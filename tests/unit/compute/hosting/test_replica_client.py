from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from clary.compute.hosting.replica_client import (
    ReplicaClient,
    ReplicaLost,
    ReplicaTimeout,
    ReplicaUnreachable,
    ResponseTooLarge,
    request_bytes,
)

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
GET = request_bytes("GET", "/ping", (), b"")


class Server:
    """A server on a Unix socket that says what it is told to."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.connections = 0
        self.talk: Talk = self.answer_each
        self.requests: list[bytes] = []

    async def start(self) -> None:
        self.server = await asyncio.start_unix_server(self._connected, self.path)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self.talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def read_request(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        length = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        body = await reader.readexactly(int(length[0].split(b":")[1])) if length else b""
        self.requests.append(head + body)
        return body

    async def answer_each(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            body = await self.read_request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-Word: one\r\n\r\n" % len(body) + body)


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    server = Server(tmp_path / "s")
    await server.start()
    yield server
    server.server.close()


def post(body: bytes) -> bytes:
    return request_bytes("POST", "/invocations", [("Content-Type", "text/csv")], body)


async def test_a_request_is_sent_and_answered(server: Server) -> None:
    client = ReplicaClient(server.path)
    answer = await client.request(post(b"1,2"), b"1,2")
    assert (answer.status, answer.body, answer.headers["x-word"]) == (200, b"1,2", "one")
    assert server.requests[0].startswith(b"POST /invocations HTTP/1.1\r\nHost: replica\r\nContent-Type: text/csv\r\n")
    client.close()


async def test_one_connection_serves_many_requests(server: Server) -> None:
    client = ReplicaClient(server.path)
    for number in range(20):
        body = b"%d" % number
        assert (await client.request(post(body), body)).body == body
    assert server.connections == 1
    client.close()


async def test_a_large_body_arrives_whole(server: Server) -> None:
    client = ReplicaClient(server.path)
    body = bytes(range(256)) * 20_000
    assert (await client.request(post(body), body)).body == body
    client.close()


async def test_answers_at_the_same_time_are_not_mixed_up(server: Server) -> None:
    client = ReplicaClient(server.path, most_connections=7)
    bodies = [b"%d" % number for number in range(200)]
    answers = await asyncio.gather(*[client.request(post(body), body) for body in bodies])
    assert [answer.body for answer in answers] == bodies
    assert server.connections <= 7
    client.close()


async def test_a_chunked_answer_is_put_together(server: Server) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await asyncio.sleep(0.01)
        writer.write(b"2\r\nde\r\n0\r\n\r\n")
        await reader.read(1)

    server.talk = talk
    client = ReplicaClient(server.path)
    assert (await client.request(GET)).body == b"abcde"
    client.close()


async def test_an_answer_that_ends_with_its_connection_is_whole(server: Server) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nall of it")

    server.talk = talk
    client = ReplicaClient(server.path)
    assert (await client.request(GET)).body == b"all of it"
    assert (await client.request(GET)).body == b"all of it"
    assert server.connections == 2


async def test_a_connection_that_the_server_wants_closed_is_not_used_again(server: Server) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await reader.read(1)

    server.talk = talk
    client = ReplicaClient(server.path)
    for _ in range(2):
        assert (await client.request(GET)).status == 200
    assert server.connections == 2


async def test_an_informational_answer_goes_before_the_real_one(server: Server) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await reader.read(1)

    server.talk = talk
    client = ReplicaClient(server.path)
    answer = await client.request(GET)
    assert (answer.status, answer.body) == (200, b"ok")
    client.close()


async def test_nobody_at_the_socket_means_that_nothing_was_sent(tmp_path: Path) -> None:
    with pytest.raises(ReplicaUnreachable):
        await ReplicaClient(str(tmp_path / "none")).request(GET)


async def test_an_idle_connection_that_was_closed_is_replaced_unseen(server: Server) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    server.talk = talk
    client = ReplicaClient(server.path)
    await client.request(GET)
    await asyncio.sleep(0.05)
    assert (await client.request(GET)).status == 200


async def test_a_server_that_goes_away_without_an_answer_is_lost(server: Server) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")

    server.talk = talk
    with pytest.raises(ReplicaLost):
        await ReplicaClient(server.path).request(GET)


async def test_an_answer_that_is_not_http_is_lost(server: Server) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        writer.write(b"what do you want?\r\n\r\n")
        await reader.read(1)

    server.talk = talk
    with pytest.raises(ReplicaLost, match="not HTTP"):
        await ReplicaClient(server.path).request(GET)


async def test_an_answer_that_takes_too_long_is_given_up(server: Server) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        assert await reader.read(1) == b""  # the client hangs up

    server.talk = talk
    with pytest.raises(ReplicaTimeout):
        await ReplicaClient(server.path).request(GET, timeout_seconds=0.05)


async def test_an_answer_that_is_too_large_is_refused(server: Server) -> None:
    client = ReplicaClient(server.path, most_response_bytes=1000)
    with pytest.raises(ResponseTooLarge):
        await client.request(post(bytes(2000)), bytes(2000))
    assert (await client.request(post(b"1"), b"1")).body == b"1"
    client.close()


async def test_requests_beyond_the_limit_wait_in_order(server: Server) -> None:
    going = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await server.read_request(reader)
            await going.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    server.talk = talk
    client = ReplicaClient(server.path, most_connections=2)
    tasks = [asyncio.create_task(client.request(post(b"%d" % n), b"%d" % n)) for n in range(6)]
    await asyncio.sleep(0.05)
    assert len(server.requests) == 2
    tasks[3].cancel()
    going.set()
    await asyncio.gather(*tasks[:3], *tasks[4:])
    assert [request[-1:] for request in server.requests[2:]] == [b"2", b"4", b"5"]
    client.close()


async def test_a_caller_who_gives_up_ends_the_connection(server: Server) -> None:
    hung_up = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        assert await reader.read(1) == b""
        hung_up.set()

    server.talk = talk
    client = ReplicaClient(server.path)
    task = asyncio.create_task(client.request(GET))
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.wait_for(hung_up.wait(), 5)


async def test_closing_ends_what_is_under_way_and_what_waits(server: Server) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1 << 20)
        await reader.read(1)

    server.talk = talk
    client = ReplicaClient(server.path, most_connections=1)
    busy, waiting = (asyncio.create_task(client.request(GET)) for _ in range(2))
    await asyncio.sleep(0.05)
    client.close()
    with pytest.raises(ReplicaLost):
        await busy
    with pytest.raises(ReplicaUnreachable):
        await waiting


async def test_a_stream_is_read_as_it_comes_and_its_connection_is_used_again(server: Server) -> None:
    more = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await server.read_request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
            await more.wait()
            writer.write(b"3\r\ntwo\r\n0\r\n\r\n")

    server.talk = talk
    client = ReplicaClient(server.path)
    answer = await client.stream(GET)
    assert answer.stream is not None
    assert await anext(answer.stream) == b"one"
    more.set()
    assert [chunk async for chunk in answer.stream] == [b"two"]
    await client.request(GET)
    assert server.connections == 1
    client.close()


async def test_a_slow_reader_holds_the_sender_back(server: Server) -> None:
    sent = 0
    size = 64 << 20

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await server.read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        while sent < size:
            writer.write(bytes(1 << 18))
            await writer.drain()
            sent += 1 << 18

    server.talk = talk
    client = ReplicaClient(server.path)
    answer = await client.stream(GET)
    assert answer.stream is not None
    await asyncio.sleep(0.2)
    assert sent < 8 << 20
    assert sum([len(chunk) async for chunk in answer.stream]) == size


async def test_a_stream_that_breaks_off_says_so(server: Server) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")

    server.talk = talk
    answer = await ReplicaClient(server.path).stream(GET)
    assert answer.stream is not None
    with pytest.raises(ReplicaLost):
        [chunk async for chunk in answer.stream]


def test_a_line_break_in_a_header_is_never_sent() -> None:
    with pytest.raises(ValueError, match="line break"):
        request_bytes("POST", "/invocations", [("X-A", "one\r\nX-B: two")], b"")
