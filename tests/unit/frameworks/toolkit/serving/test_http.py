"""The toolkit's HTTP: what a client may send, in whatever pieces, and what comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from clary.frameworks.toolkit.clary_toolkit.serving.http import (
    MOST_BODY_BYTES,
    MOST_HEAD_BYTES,
    Answer,
    Connection,
    Exchange,
)


class Wire(asyncio.Transport):
    """What the connection writes to."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.closed = False
        self.reading = True

    def write(self, data: Any) -> None:
        assert not self.closed
        self.sent += bytes(data)

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


class Talk:
    """A connection whose requests are kept, and answered with their body unless `later`."""

    def __init__(self, *, later: bool = False) -> None:
        self.exchanges: list[Exchange] = []
        self.wire = Wire()
        self.open: set[Connection] = set()
        self.later = later
        self.connection = Connection(self.handle, self.open)
        self.connection.connection_made(self.wire)

    def handle(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        if not self.later:
            exchange.send(Answer(200, exchange.body))

    def say(self, data: bytes) -> Talk:
        self.connection.data_received(data)
        return self


def post(body: bytes, *headers: str) -> bytes:
    lines = ["POST /invocations HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def test_a_request_in_one_piece_is_answered_and_the_connection_stays() -> None:
    talk = Talk().say(post(b"hello", "Content-Type: text/csv"))
    assert talk.exchanges[0].body == b"hello"
    assert talk.exchanges[0].headers["content-type"] == "text/csv"
    assert talk.wire.sent.startswith(b"HTTP/1.1 200 OK\r\n")
    assert talk.wire.sent.endswith(b"content-length: 5\r\n\r\nhello")
    assert not talk.wire.closed
    talk.say(post(b"again"))
    assert talk.exchanges[1].body == b"again"


async def test_a_request_byte_by_byte_is_the_same_request() -> None:
    talk = Talk()
    for number in post(b"hello"):
        talk.say(bytes([number]))
    assert [exchange.body for exchange in talk.exchanges] == [b"hello"]


@pytest.mark.parametrize("step", [1, 3, 7, 1000])
async def test_a_chunked_body_is_put_together(step: int) -> None:
    data = (
        b"POST /invocations HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5;note=x\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\nTrailer: y\r\n\r\n" + post(b"next")
    )
    talk = Talk()
    for start in range(0, len(data), step):
        talk.say(data[start : start + step])
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [exchange.body for exchange in talk.exchanges] == [b"hello 0123456789", b"next"]


async def test_requests_sent_at_once_are_answered_in_order() -> None:
    talk = Talk(later=True).say(post(b"1") + post(b"2") + post(b"3"))
    for number in range(3):
        assert len(talk.exchanges) == number + 1
        talk.exchanges[number].send(Answer(200, talk.exchanges[number].body))
        await asyncio.sleep(0)
    assert [part[:1] for part in talk.wire.sent.split(b"\r\n\r\n")[1:]] == [b"1", b"2", b"3"]


async def test_a_big_body_arrives_whole_and_goes_back_whole() -> None:
    body = bytes(range(256)) * 40_000
    talk = Talk()
    data = post(body)
    for start in range(0, len(data), 65_536):
        talk.say(data[start : start + 65_536])
    assert talk.exchanges[0].body == body
    assert talk.wire.sent.endswith(body)


async def test_what_is_sent_while_a_request_is_answered_is_read_no_further_than_a_bit() -> None:
    talk = Talk(later=True).say(post(b"1"))
    while talk.wire.reading:
        talk.say(b"x" * 65_536)
    assert len(talk.exchanges) == 1


async def test_a_client_that_waits_for_leave_gets_it_before_its_body() -> None:
    head, _, body = post(b"hello", "Expect: 100-continue").partition(b"\r\n\r\n")
    talk = Talk().say(head + b"\r\n\r\n")
    assert talk.wire.sent == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert talk.say(body).exchanges[0].body == b"hello"


async def test_the_query_is_no_part_of_the_path() -> None:
    assert Talk().say(b"GET /ping?x=1 HTTP/1.1\r\n\r\n").exchanges[0].path == "/ping"


@pytest.mark.parametrize(
    ("version", "wish", "stays"),
    [
        ("1.1", "", True),
        ("1.1", "Connection: close\r\n", False),
        ("1.0", "", False),
        ("1.0", "Connection: keep-alive\r\n", True),
    ],
)
async def test_the_connection_stays_as_the_client_wishes(version: str, wish: str, *, stays: bool) -> None:
    talk = Talk().say(f"GET /ping HTTP/{version}\r\n{wish}\r\n".encode())
    assert talk.wire.closed is not stays
    assert (b"connection: close" in talk.wire.sent) is not stays


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET ping HTTP/1.1\r\n\r\n", 400),
        (b"GET /ping HTTP/2\r\n\r\n", 400),
        (b"GET /ping HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET /ping HTTP/1.1\r\nbad name: x\r\n\r\n", 400),
        (b"GET /ping HTTP/1.1\r\n folded: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 2000, 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n", 413),
        (f"POST / HTTP/1.1\r\nContent-Length: {MOST_BODY_BYTES + 1}\r\n\r\n".encode(), 413),
        (b"GET /" + b"x" * MOST_HEAD_BYTES, 431),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * MOST_HEAD_BYTES, 431),
    ],
)
async def test_what_is_no_request_is_refused_and_the_connection_ends(data: bytes, status: int) -> None:
    talk = Talk().say(data)
    assert talk.wire.sent.startswith(f"HTTP/1.1 {status} ".encode())
    assert talk.wire.closed
    assert not talk.exchanges


async def test_a_streamed_answer_goes_in_chunks() -> None:
    talk = Talk(later=True).say(post(b"1"))
    exchange = talk.exchanges[0]
    exchange.send(Answer(200, content_type="text/plain", streamed=True))
    exchange.piece(b"hello")
    exchange.piece(b"")
    exchange.piece(b"!" * 16)
    exchange.end()
    head, _, body = talk.wire.sent.partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head
    assert b"content-length" not in head
    assert body == b"5\r\nhello\r\n10\r\n" + b"!" * 16 + b"\r\n0\r\n\r\n"
    assert talk.connection.idle


async def test_a_slow_reader_of_a_stream_is_waited_for() -> None:
    told: list[bool] = []
    talk = Talk(later=True).say(post(b"1"))
    talk.exchanges[0].flow = told.append
    talk.connection.pause_writing()
    talk.connection.resume_writing()
    assert told == [False, True]


async def test_an_answer_for_a_client_that_went_away_is_dropped() -> None:
    talk = Talk(later=True).say(post(b"1"))
    talk.connection.connection_lost(None)
    assert talk.exchanges[0].gone
    talk.exchanges[0].send(Answer(200, b"late"))
    assert talk.wire.sent == b""
    assert not talk.open


@pytest.mark.parametrize("answer_first", [True, False])
async def test_a_server_that_stops_closes_connections_after_their_answers(*, answer_first: bool) -> None:
    talk = Talk(later=True).say(post(b"1"))
    actions: list[Callable[[], None]] = [
        lambda: talk.exchanges[0].send(Answer(200)),
        talk.connection.close_when_idle,
    ]
    for action in actions if answer_first else reversed(actions):
        action()
    assert talk.wire.closed
    assert talk.wire.sent.startswith(b"HTTP/1.1 200 OK")


async def test_nothing_of_an_answer_can_break_out_of_its_header() -> None:
    from clary.frameworks.toolkit.clary_toolkit.serving.http import header_value

    assert header_value("a\r\nX: y\0") == "a  X: y "
