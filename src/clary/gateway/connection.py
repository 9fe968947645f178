"""One HTTP connection of a client that may be hostile: the head of a request has a limit and a time.

uvicorn bounds neither. Without these bounds anybody who reaches the port could fill the memory with headers, or the
table of open files with connections that never say what they want, and need no key for it.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 64 << 10
"""Of a request line with its headers; S3 itself allows 8 KiB of them to be signed, and 2 KiB of metadata."""
HEAD_SECONDS = 60.0
"""From the connection, or the first byte of a request, to the end of its headers."""

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain\r\ncontent-length: 44\r\n"
    b"connection: close\r\n\r\nThe request line and its headers are too big"
)


class BoundedConnection(HttpToolsProtocol):
    """A connection that is closed when the head of a request becomes too large, or does not come to its end.

    Nothing is done for a request whose head arrives in one piece, as nearly all do, but two comparisons.
    """

    head_seconds = HEAD_SECONDS

    _head_bytes = 0
    _head_is_open = False
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by the event loop."""
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(self.head_seconds, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
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

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
