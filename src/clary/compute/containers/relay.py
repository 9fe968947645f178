"""Passes connections from a Unix socket on to a port of the same network namespace; the standard library alone.

It runs beside a serving container, in that container's network, on the Python that Clary runs on: so a replica answers
on a Unix socket like every other, even when it has no network at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys

_PIECE_BYTES = 256 << 10


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(_PIECE_BYTES):
            writer.write(piece)
            await writer.drain()
    writer.close()


async def relay(socket_path: str, port: int) -> None:
    """Serves until it is killed.

    Args:
        socket_path: where to listen.
        port: on the loopback address, where to pass connections on to.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            behind = await asyncio.open_connection("127.0.0.1", port)
        except OSError:  # nobody serves yet: the asker sees a connection that ends at once
            writer.close()
            return
        await asyncio.gather(_copy(reader, behind[1]), _copy(behind[0], writer))

    draft = f"{socket_path}.new"
    server = await asyncio.start_unix_server(serve, draft, limit=_PIECE_BYTES)
    os.replace(draft, socket_path)  # noqa: PTH105 - from now on somebody listens behind the name
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(relay(sys.argv[1], int(sys.argv[2])))
