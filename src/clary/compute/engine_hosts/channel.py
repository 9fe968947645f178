"""Messages between the gateway and an engine's process: CBOR values on a stream socket, each behind its length."""

from __future__ import annotations

import socket
import struct
import threading
from typing import Any

import cbor2

_LENGTH = struct.Struct(">Q")
_LARGEST_BYTES = 1 << 30


class ChannelClosed(OSError):
    """The other side is gone."""


class EngineChannel:
    """One end of the connection; several threads may send, one receives."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._sending = threading.Lock()

    def send(self, message: dict[str, Any]) -> None:
        """Sends a message whole.

        Raises:
            OSError: the other side is gone.
        """
        encoded = cbor2.dumps(message)
        with self._sending:
            self._connection.sendall(_LENGTH.pack(len(encoded)))
            self._connection.sendall(encoded)

    def receive(self) -> dict[str, Any]:
        """Waits for the next message.

        Raises:
            ChannelClosed: there will be none.
        """
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size))
        if length > _LARGEST_BYTES:
            raise ChannelClosed(f"a message of {length} bytes is not one of ours")
        message: dict[str, Any] = cbor2.loads(self._exactly(length))
        return message

    def close(self) -> None:
        """Ends the connection; a `receive` that waits is told."""
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._connection.close()

    def _exactly(self, count: int) -> bytes:
        received = bytearray(count)
        view = memoryview(received)
        got = 0
        while got < count:
            part = self._connection.recv_into(view[got:])
            if part == 0:
                raise ChannelClosed("the other side closed the connection")
            got += part
        return bytes(received)
