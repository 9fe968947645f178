"""HTTP/1.1 on an asyncio protocol, with nothing but the standard library.

The only client is Clary on the same machine, yet what arrives is parsed as if it came from anybody: a request that is
not exactly HTTP gets a 400 and the connection ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

MOST_HEAD_BYTES = 64 << 10
MOST_BODY_BYTES = 100 << 20
_READ_AHEAD_BYTES = 256 << 10
_LONGEST_CHUNK_LINE_BYTES = 1024
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_NOT_IN_NAMES = frozenset(' \t"(),/:;<=>?@[\\]{}\x7f' + "".join(map(chr, range(32))))
_NOT_IN_VALUES = str.maketrans({"\r": " ", "\n": " ", "\0": " "})


class MalformedRequest(Exception):
    """What arrived is not a request that this server takes.

    Args:
        status: of the answer.
    """

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(slots=True)
class Answer:
    """What goes back for a request.

    Attributes:
        headers: further ones, besides those of the body.
        streamed: whether the body follows in pieces.
    """

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: list[tuple[str, str]] = field(default_factory=list)
    streamed: bool = False


class Exchange:
    """A request and the way back for its answer.

    Attributes:
        headers: names in lower case; of a name that came twice, both values with a comma between.
        gone: whether the client went away; what is sent then is dropped.
        flow: called with False when the client reads too slowly for a streamed body, with True when it has caught up.
    """

    __slots__ = ("_connection", "body", "flow", "gone", "headers", "keep_alive", "method", "path")

    def __init__(self, connection: Connection, method: str, path: str, headers: dict[str, str]) -> None:
        self.method = method
        self.path = path
        self.headers = headers
        self.body = b""
        self.keep_alive = True
        self.gone = False
        self.flow: Callable[[bool], None] | None = None
        self._connection = connection

    def send(self, answer: Answer) -> None:
        """Answers; with a streamed answer only its head goes, `piece` and `end` must follow."""
        self._connection.answer(self, answer)

    def piece(self, data: bytes) -> None:
        """Sends a piece of a streamed body."""
        self._connection.piece(self, data)

    def end(self) -> None:
        """Ends a streamed body."""
        self._connection.end(self)

    def abort(self) -> None:
        """Breaks the connection: a streamed body cannot be ended as it should."""
        self._connection.abort(self)


class Connection(asyncio.Protocol):
    """One connection; its requests are answered one after the other.

    Args:
        handle: takes each whole request and sees to it that it is answered.
        connections: the open ones; this one keeps itself in it.
    """

    def __init__(self, handle: Callable[[Exchange], None], connections: set[Connection]) -> None:
        self._handle = handle
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._buffer: bytes | bytearray = b""
        self._exchange: Exchange | None = None  # whose head has arrived
        self._busy = False  # it is being answered
        self._length = 0
        self._chunks: list[bytes] | None = None  # of a chunked body
        self._received_bytes = 0
        self._chunked_answer = False
        self._closing = False
        self._paused = False

    @property
    def idle(self) -> bool:
        """Whether nothing has arrived that is not answered."""
        return self._exchange is None and not self._buffer

    def close_when_idle(self) -> None:
        """Closes the connection after the answer it owes."""
        self._closing = True
        if self.idle and self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = transport  # type: ignore[assignment]
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        self._transport = None
        self._connections.discard(self)
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.gone = True
            if exchange.flow is not None:
                exchange.flow(True)

    def pause_writing(self) -> None:
        """Called by the event loop."""
        if self._exchange is not None and self._exchange.flow is not None:
            self._exchange.flow(False)

    def resume_writing(self) -> None:
        """Called by the event loop."""
        if self._exchange is not None and self._exchange.flow is not None:
            self._exchange.flow(True)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        if self._buffer:
            if isinstance(self._buffer, bytes):
                self._buffer = bytearray(self._buffer)
            self._buffer += data
        else:
            self._buffer = data
        if self._busy:
            if len(self._buffer) > _READ_AHEAD_BYTES and not self._paused and self._transport is not None:
                self._paused = True
                self._transport.pause_reading()
            return
        self._advance()

    def _advance(self) -> None:
        """Takes from the buffer what is whole."""
        try:
            while not self._busy and self._buffer and self._transport is not None:
                if self._exchange is None and not self._take_head():
                    return
                if not (self._take_chunks() if self._chunks is not None else self._take_body()):
                    return
                exchange = self._exchange
                assert exchange is not None
                self._busy = True
                self._handle(exchange)
        except MalformedRequest as error:
            self._refuse(error)

    def _refuse(self, error: MalformedRequest) -> None:
        self._buffer = b""
        self._closing = True
        exchange = self._exchange or Exchange(self, "", "", {})
        self._exchange, self._busy = exchange, True
        exchange.send(Answer(error.status, str(error).encode()))

    def _take_head(self) -> bool:
        buffer = self._buffer
        end = buffer.find(b"\r\n\r\n")
        if end < 0 or end > MOST_HEAD_BYTES:
            if len(buffer) > MOST_HEAD_BYTES:
                raise MalformedRequest(f"the head of the request is longer than {MOST_HEAD_BYTES} bytes", 431)
            return False
        head = bytes(buffer[:end]).decode("latin-1")
        self._buffer = buffer[end + 4 :]
        exchange = _parsed(self, head)
        self._exchange = exchange
        headers = exchange.headers
        length, encoding = headers.get("content-length"), headers.get("transfer-encoding")
        self._received_bytes = 0
        if encoding is not None:
            if encoding.lower() != "chunked" or length is not None:
                raise MalformedRequest("the request's Transfer-Encoding must be chunked, without Content-Length")
            self._chunks = []
        elif length is not None:
            if not (length.isascii() and length.isdigit()) or len(length) > 18:
                raise MalformedRequest(f"the request's Content-Length {length[:40]!r} is not a number")
            self._length = int(length)
            if self._length > MOST_BODY_BYTES:
                raise _too_large()
        else:
            self._length = 0
        if headers.get("expect", "").lower() == "100-continue" and self._transport is not None:
            self._transport.write(_CONTINUE)
        return bool(self._buffer) or (self._chunks is None and self._length == 0)

    def _take_body(self) -> bool:
        length = self._length
        if len(self._buffer) < length:
            return False
        assert self._exchange is not None
        if length:
            with memoryview(self._buffer) as view:
                self._exchange.body = bytes(view[:length])
            self._buffer = self._buffer[length:]
        return True

    def _take_chunks(self) -> bool:
        """Takes the chunks that are whole; True after the last one."""
        assert self._chunks is not None and self._exchange is not None
        while True:
            buffer = self._buffer
            line_end = buffer.find(b"\r\n", 0, _LONGEST_CHUNK_LINE_BYTES)
            if line_end < 0:
                if len(buffer) >= _LONGEST_CHUNK_LINE_BYTES:
                    raise MalformedRequest("the size of a chunk is not a number")
                return False
            size = _chunk_size(bytes(buffer[:line_end]))
            if size == 0:
                return self._take_trailers(line_end)
            if self._received_bytes + size > MOST_BODY_BYTES:
                raise _too_large()
            start, end = line_end + 2, line_end + 2 + size
            if len(buffer) < end + 2:
                return False
            if buffer[end : end + 2] != b"\r\n":
                raise MalformedRequest("a chunk is longer than its size")
            self._chunks.append(bytes(buffer[start:end]))
            self._received_bytes += size
            self._buffer = buffer[end + 2 :]

    def _take_trailers(self, line_end: int) -> bool:
        """After the last chunk: fields that nobody reads, then an empty line."""
        assert self._chunks is not None and self._exchange is not None
        buffer = self._buffer
        if buffer[line_end : line_end + 4] == b"\r\n\r\n":
            end = line_end
        else:
            end = buffer.find(b"\r\n\r\n", line_end)
            if end < 0:
                if len(buffer) > MOST_HEAD_BYTES:
                    raise MalformedRequest("the trailers are too long", 431)
                return False
        self._buffer = buffer[end + 4 :]
        self._exchange.body = b"".join(self._chunks)
        self._chunks = None
        return True

    def answer(self, exchange: Exchange, answer: Answer) -> None:
        """Sends an answer, or the head of a streamed one."""
        transport = self._transport
        if transport is None or exchange is not self._exchange:
            return
        keep_alive = exchange.keep_alive and not self._closing
        self._chunked_answer = answer.streamed
        lines = [f"HTTP/1.1 {answer.status} {_phrase(answer.status)}\r\ncontent-type: {answer.content_type}"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        if answer.streamed:
            lines.append("transfer-encoding: chunked")
        else:
            lines.append(f"content-length: {len(answer.body)}")
        if not keep_alive:
            lines.append("connection: close")
        head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
        exchange.keep_alive = keep_alive
        if answer.streamed:
            transport.write(head)
            return
        if exchange.method == "HEAD":
            transport.write(head)
        elif len(answer.body) < _READ_AHEAD_BYTES:
            transport.write(head + answer.body)
        else:
            transport.write(head)
            transport.write(answer.body)
        self._finish(exchange)

    def piece(self, exchange: Exchange, data: bytes) -> None:
        """Sends a piece of a streamed body."""
        if self._transport is not None and exchange is self._exchange and data:
            self._transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    def end(self, exchange: Exchange) -> None:
        """Ends a streamed body."""
        if self._transport is not None and exchange is self._exchange:
            self._transport.write(b"0\r\n\r\n")
            self._finish(exchange)

    def abort(self, exchange: Exchange) -> None:
        """Breaks the connection."""
        if self._transport is not None and exchange is self._exchange:
            self._transport.abort()

    def _finish(self, exchange: Exchange) -> None:
        self._exchange = None
        self._busy = False
        transport = self._transport
        if transport is None:
            return
        if not exchange.keep_alive:
            transport.close()
            self._transport = None
            return
        if self._paused:
            self._paused = False
            transport.resume_reading()
        if self._buffer:
            asyncio.get_running_loop().call_soon(self._advance)


def _parsed(connection: Connection, head: str) -> Exchange:
    first, *lines = head.split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1.") or not parts[1].startswith("/"):
        raise MalformedRequest("this is not an HTTP/1.1 request")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or not _NOT_IN_NAMES.isdisjoint(name):
            raise MalformedRequest("the request has a malformed header")
        name, value = name.lower(), value.strip(" \t")
        if name in headers:
            if name in ("content-length", "transfer-encoding") and headers[name] != value:
                raise MalformedRequest(f"the request has two headers {name}")
            value = f"{headers[name]}, {value}" if name not in ("content-length", "transfer-encoding") else value
        headers[name] = value
    exchange = Exchange(connection, parts[0], parts[1].partition("?")[0], headers)
    wish = headers.get("connection", "").lower()
    exchange.keep_alive = wish != "close" if parts[2] != "HTTP/1.0" else wish == "keep-alive"
    return exchange


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not digits or len(digits) > 16 or digits.translate(None, b"0123456789abcdefABCDEF"):
        raise MalformedRequest("the size of a chunk is not a number")
    return int(digits, 16)


def _too_large() -> MalformedRequest:
    return MalformedRequest(f"the body is larger than {MOST_BODY_BYTES} bytes", 413)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def header_value(value: str) -> str:
    """A value as it may stand in a header: on one line."""
    return value.translate(_NOT_IN_VALUES)
