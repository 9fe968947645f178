"""An HTTPS proxy that answers for AWS: `*.amazonaws.com` is Clary, every other host is tunnelled untouched."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

from clary.cli.certificates import CertificateAuthority

_CHUNK_BYTES = 256 << 10
_HEAD_LIMIT_BYTES = 64 << 10
_AWS_SUFFIXES = (".amazonaws.com", ".amazonaws.com.cn")


class Proxy:
    """Listens on a free loopback port while it is entered with `async with`.

    Args:
        authority: makes the certificates that the program trusts.
        host, port: where Clary listens.
    """

    def __init__(self, authority: CertificateAuthority, host: str, port: int) -> None:
        self._authority = authority
        self._clary = (host, port)
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_HEAD_LIMIT_BYTES)
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._server is not None
        self._server.close()

    @property
    def url(self) -> str:
        """The proxy's address, for HTTPS_PROXY."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            target = await self._accept_connect(reader, writer)
            if target is not None:
                await self._join(target, reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    async def _accept_connect(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[str, int] | None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            await _refuse(writer, "431 Request Header Fields Too Large", "The request head is too long.")
            return None
        method, _, rest = head.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
        host, _, port = rest.partition(" ")[0].rpartition(":")
        if method != "CONNECT" or not host or not port.isdigit():
            await _refuse(writer, "405 Method Not Allowed", "This proxy takes CONNECT requests only.")
            return None
        return host.strip("[]").lower(), int(port)

    async def _join(self, target: tuple[str, int], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _ = target
        is_aws = host.endswith(_AWS_SUFFIXES)
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection(*(self._clary if is_aws else target))
        except OSError as error:
            await _refuse(writer, "502 Bad Gateway", f"{host} cannot be reached: {error}")
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.drain()
        if is_aws:
            await writer.start_tls(self._authority.context(host))
        await asyncio.gather(_pump(reader, upstream_writer), _pump(upstream_reader, writer))


async def _refuse(writer: asyncio.StreamWriter, status: str, reason: str) -> None:
    body = reason.encode()
    writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
    await writer.drain()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copies until the end of one direction, then ends the other side's input."""
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while data := await reader.read(_CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
        else:
            writer.close()
