"""What the server and its workers tell each other over a socket pair: frames of a kind, a JSON head and a body.

request    server -> worker   {"content_type", "accept", "headers"}, the body
ready      worker -> server   the model is loaded
answer     worker -> server   {"status", "content_type", "headers"}, the body
begin      worker -> server   the head of a streamed answer; `piece`s and one `end` or `broken` follow
"""

from __future__ import annotations

import json
import struct
from typing import Any

REQUEST, READY, ANSWER, BEGIN, PIECE, END, BROKEN = range(7)
_SIZES = struct.Struct("!BIQ")


def prefix(kind: int, head: dict[str, Any] | None, body_bytes: int) -> bytes:
    """A frame without its body."""
    text = json.dumps(head).encode() if head else b""
    return _SIZES.pack(kind, len(text), body_bytes) + text


def frame(kind: int, head: dict[str, Any] | None = None, body: bytes = b"") -> bytes:
    """One frame as bytes."""
    return prefix(kind, head, len(body)) + body


class FrameReader:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Takes in what has arrived."""
        self._buffer += data

    def take(self) -> tuple[int, dict[str, Any], bytes] | None:
        """The next frame's kind, head and body; None while it is not whole."""
        buffer = self._buffer
        if len(buffer) < _SIZES.size:
            return None
        kind, head_bytes, body_bytes = _SIZES.unpack_from(buffer)
        start = _SIZES.size + head_bytes
        end = start + body_bytes
        if len(buffer) < end:
            return None
        head = json.loads(buffer[_SIZES.size : start]) if head_bytes else {}
        with memoryview(buffer) as view:
            body = bytes(view[start:end])
        del buffer[:end]
        return kind, head, body
