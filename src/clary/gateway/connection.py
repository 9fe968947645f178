"""One HTTP connection of a client that may be hostile, or gone without a word.

The head of a request has a limit and a time, and a body must move. uvicorn bounds neither. Without these bounds anybody
who reaches the port could fill the memory with headers, or the table of open files with connections that never say
what they want, and need no key for it; and an upload whose client lost its network would keep its unfinished file.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 64 << 10
"""Of a request line with its headers; S3 itself allows 8 KiB of them to be signed, and 2 KiB of metadata."""
HEAD_SECONDS = 60.0
"""From the connection, or the first byte of a request, to the end of its headers."""
STALL_SECONDS = 120.0
"""How long no byte of a body may move, in either direction, while it is the client's turn; S3 waits less."""

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain\r\ncontent-length: 44\r\n"
    b"connection: close\r\n\r\nThe request line and its headers are too big"
)


class BoundedConnection(HttpToolsProtocol):
    """A connection that is closed when the head of a request becomes too large, or when the client stands still.

    Next to nothing is done for a request whose head arrives in one piece, as nearly all do: two comparisons and a
    look at the clock. Whether a body moves is asked once in a while for the connection as a whole.
    """

    head_seconds = HEAD_SECONDS
    stall_seconds = STALL_SECONDS

    _head_bytes = 0
    _head_is_open = False
    _head_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None
    _moved = 0.0
    _unsent_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by the event loop."""
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(self.head_seconds, transport.close)
        self._moved = self.loop.time()
        self._stall_timer = self.loop.call_later(self.stall_seconds, self._look_for_stall)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        self._stop_timer()
        if self._stall_timer is not None:
            self._stall_timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        self._moved = self.loop.time()
        was_open = self._head_is_open
        super().data_received(data)
        if self.transport.is_closing():
            return
        if not self._head_is_open:
            self._stop_timer()
            return
        # The piece in which a head begins may hold the end of an earlier body, and is bounded by one read anyway.
        self._head_bytes = self._head_bytes + len(data) if was_open else 0
        if self._head_bytes > MOST_HEAD_BYTES:
            self.transport.write(_TOO_LARGE)
            self.transport.close()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_seconds, self.transport.close)

    def on_message_begin(self) -> None:
        """Called by the parser."""
        self._head_is_open = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self._head_is_open = False
        super().on_headers_complete()

    def _look_for_stall(self) -> None:
        """Ends the connection when it has been the client's turn for too long."""
        now = self.loop.time()
        cycle = self.cycle
        unsent_bytes = self.transport.get_write_buffer_size()
        if unsent_bytes != self._unsent_bytes:
            self._unsent_bytes, self._moved = unsent_bytes, now
        awaited = cycle is not None and cycle.more_body and not self.flow.read_paused
        if (awaited or unsent_bytes) and now - self._moved >= self.stall_seconds:
            self.transport.abort()
            return
        if not awaited and not unsent_bytes:
            self._moved = now
        self._stall_timer = self.loop.call_later(self.stall_seconds / 4, self._look_for_stall)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
