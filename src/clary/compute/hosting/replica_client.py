"""HTTP/1.1 to a replica over its Unix socket: pooled connections, one parser in C, nothing that is not needed.

This is the hop between the gateway and a model, so it stands on `asyncio.Protocol` directly: a request is one write,
an answer usually one read, and a connection goes back to the pool in the same turn of the event loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Protocol

import httptools

_READ_AHEAD_BYTES = 1 << 20
_JOINED_BYTES = 64 << 10


class ReplicaUnreachable(Exception):
    """No byte of the request was sent: another replica may be asked."""


class ReplicaLost(Exception):
    """The replica went away after the request was (perhaps) sent; it may have acted on it."""


class ReplicaTimeout(Exception):
    """The answer was not complete in time."""


class ResponseTooLarge(Exception):
    """The replica answered with more bytes than the client takes."""


class ChunkStream(Protocol):
    """A body in pieces."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces."""
        ...

    async def __anext__(self) -> bytes:
        """The next piece."""
        ...

    async def aclose(self) -> None:
        """Gives the rest up, and the connection with it."""
        ...


@dataclass(slots=True)
class ReplicaResponse:
    """What a replica answered.

    Attributes:
        headers: names in lower case.
        body: whole, or b"" when it is streamed.
        stream: the body in pieces, for `ReplicaClient.stream`.
    """

    status: int
    headers: dict[str, str]
    body: bytes = b""
    stream: ChunkStream | None = field(default=None, repr=False)


def request_bytes(method: str, path: str, headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    """The head of a request, with its body where that is small enough to travel in the same write.

    Args:
        headers: names and values; a line break in one is an error of the caller.
    """
    lines = [f"{method} {path} HTTP/1.1\r\nHost: replica\r\n"]
    for name, value in headers:
        if "\n" in value or "\r" in value:
            raise ValueError(f"the header {name} holds a line break")
        lines.append(f"{name}: {value}\r\n")
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}\r\n")
    lines.append("\r\n")
    head = "".join(lines).encode("latin-1", "replace")
    return head + body if len(body) <= _JOINED_BYTES else head


class _Connection(asyncio.Protocol):
    """One connection: idle in the pool, or busy with exactly one request."""

    def __init__(self, client: ReplicaClient) -> None:
        self._client = client
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[ReplicaResponse] | None = None
        self._stream: _Stream | None = None
        self._streaming = False
        self._reset()

    def _reset(self) -> None:
        self._headers: dict[str, str] = {}
        self._chunks: list[bytes] = []
        self._size = 0
        self._head_complete = False

    @property
    def usable(self) -> bool:
        transport = self._transport
        return transport is not None and not transport.is_closing()

    def send(self, head: bytes, body: bytes, *, streaming: bool) -> asyncio.Future[ReplicaResponse]:
        transport = self._transport
        assert transport is not None
        assert self._waiter is None
        waiter = self._waiter = self._client.loop.create_future()
        self._streaming = streaming
        transport.write(head)
        if len(body) > _JOINED_BYTES:
            transport.write(body)
        return waiter

    def abort(self, error: Exception | None = None) -> None:
        """Ends the connection; the request in flight, if any, fails with `error`."""
        self._fail(error or ReplicaLost("the connection was given up"))
        if self._transport is not None:
            self._transport.abort()

    def pause(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def _fail(self, error: Exception) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.end(error)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._head_complete and "content-length" not in self._headers and "transfer-encoding" not in self._headers:
            self._complete()  # the body was delimited by the end of the connection
        else:
            self._fail(ReplicaLost("the replica closed the connection before it had answered"))
        self._client.dropped(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            self.abort(error.__context__ if isinstance(error.__context__, Exception) else error)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.abort(ReplicaLost(f"the replica's answer is not HTTP: {error}"))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._parser.get_status_code() < 200:
            return
        self._head_complete = True
        if self._streaming and self._waiter is not None:
            self._stream = _Stream(self)
            waiter, self._waiter = self._waiter, None
            if not waiter.done():
                waiter.set_result(
                    ReplicaResponse(self._parser.get_status_code(), self._headers, stream=self._stream.chunks())
                )

    def on_body(self, body: bytes) -> None:
        if self._stream is not None:
            self._stream.put(body)
            return
        self._size += len(body)
        if self._size > self._client.most_response_bytes:
            raise ResponseTooLarge(f"the answer is larger than {self._client.most_response_bytes} bytes")
        self._chunks.append(body)

    def on_message_complete(self) -> None:
        if self._head_complete:
            self._complete()
        else:  # an informational answer (100 Continue) goes before the real one
            self._headers = {}

    def _complete(self) -> None:
        waiter, self._waiter = self._waiter, None
        stream, self._stream = self._stream, None
        chunks = self._chunks
        status, headers = self._parser.get_status_code(), self._headers
        self._reset()
        if stream is not None:
            stream.end(None)
        if waiter is not None and not waiter.done():
            waiter.set_result(ReplicaResponse(status, headers, chunks[0] if len(chunks) == 1 else b"".join(chunks)))
        if self.usable:
            if self._parser.should_keep_alive():
                self._client.release(self)
            else:
                self._transport.close()  # type: ignore[union-attr]


class _Stream:
    """The body of an answer on its way to a reader; the replica waits when the reader is slow."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._paused = False
        self._ended = False
        self._error: Exception | None = None
        self._arrived = asyncio.Event()

    def put(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._size += len(chunk)
        self._arrived.set()
        if self._size > _READ_AHEAD_BYTES and not self._paused:
            self._paused = True
            self._connection.pause()

    def end(self, error: Exception | None) -> None:
        self._ended, self._error = True, error
        self._arrived.set()

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        try:
            while True:
                while self._chunks:
                    chunk = self._chunks.popleft()
                    self._size -= len(chunk)
                    if self._paused and self._size <= _READ_AHEAD_BYTES:
                        self._paused = False
                        self._connection.resume()
                    yield chunk
                if self._ended:
                    break
                self._arrived.clear()
                await self._arrived.wait()
            if self._error is not None:
                raise self._error
        finally:
            if not self._ended:
                self._connection.abort()


class ReplicaClient:
    """Asks one replica; belongs to the event loop that makes it.

    Args:
        socket_path: the replica's Unix socket.
        most_connections: how many requests may be under way at once; further ones wait in order.
        most_response_bytes: an answer larger than that is refused, except when it is streamed.
    """

    def __init__(self, socket_path: str, *, most_connections: int = 256, most_response_bytes: int = 64 << 20) -> None:
        self.loop = asyncio.get_running_loop()
        self.most_response_bytes = most_response_bytes
        self._socket_path = socket_path
        self._most_connections = most_connections
        self._idle: list[_Connection] = []
        self._open: set[_Connection] = set()
        self._connecting = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._closed = False

    async def request(self, head: bytes, body: bytes = b"", *, timeout_seconds: float = 60.0) -> ReplicaResponse:
        """Sends a request and waits for the whole answer.

        Args:
            head: what `request_bytes` made for this body.

        Raises:
            ReplicaUnreachable: nothing was sent.
            ReplicaLost: the connection broke before the answer was complete.
            ReplicaTimeout: the answer took longer than `timeout_seconds`.
            ResponseTooLarge: see the class.
        """
        connection = self._take() or await self._acquire()
        timer = self.loop.call_later(timeout_seconds, connection.abort, ReplicaTimeout())
        try:
            return await connection.send(head, body, streaming=False)
        except asyncio.CancelledError:
            connection.abort()
            raise
        finally:
            timer.cancel()

    async def stream(self, head: bytes, body: bytes = b"", *, timeout_seconds: float = 60.0) -> ReplicaResponse:
        """Sends a request and returns as soon as the answer's head is there; its body follows in `stream`.

        Raises:
            ReplicaUnreachable, ReplicaLost, ReplicaTimeout: as `request`, for the head; the stream raises the first
                and the second of them too.
        """
        connection = self._take() or await self._acquire()
        timer = self.loop.call_later(timeout_seconds, connection.abort, ReplicaTimeout())
        try:
            return await connection.send(head, body, streaming=True)
        except asyncio.CancelledError:
            connection.abort()
            raise
        finally:
            timer.cancel()

    def close(self) -> None:
        """Closes every connection; requests in flight fail with `ReplicaLost`."""
        self._closed = True
        for connection in list(self._open):
            connection.abort()
        self._wake_all()

    def release(self, connection: _Connection) -> None:
        """Takes a connection back whose answer is complete."""
        if self._closed:
            connection.abort()
            return
        self._idle.append(connection)
        self._wake_one()

    def dropped(self, connection: _Connection) -> None:
        """Forgets a connection that ended."""
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._wake_one()

    def _take(self) -> _Connection | None:
        idle = self._idle
        while idle:
            connection = idle.pop()
            if connection.usable:
                return connection
        return None

    async def _acquire(self) -> _Connection:
        while not self._closed:
            connection = self._take()
            if connection is not None:
                return connection
            if len(self._open) + self._connecting < self._most_connections:
                return await self._connect()
            waiter = self.loop.create_future()
            self._waiting.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self._wake_one()
                raise
        raise ReplicaUnreachable("the replica is being shut down")

    async def _connect(self) -> _Connection:
        self._connecting += 1
        try:
            _, connection = await self.loop.create_unix_connection(lambda: _Connection(self), self._socket_path)
        except OSError as error:
            self._wake_one()
            raise ReplicaUnreachable(str(error)) from error
        finally:
            self._connecting -= 1
        self._open.add(connection)
        return connection

    def _wake_one(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def _wake_all(self) -> None:
        while self._waiting:
            self._wake_one()
