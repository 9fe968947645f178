"""The proxy of `clary exec` answers for AWS with its own certificates and leaves everybody else alone."""

from __future__ import annotations

import asyncio
import ssl
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from clary.cli.certificates import CertificateAuthority
from clary.cli.proxy import Proxy


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority(tmp_path / "authority")


async def answer_with_request_line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + head.split(b"\r\n", 1)[0])
    await writer.drain()
    writer.close()


@pytest.fixture
async def server() -> AsyncIterator[int]:
    """A plain HTTP server that answers with the request line it got."""
    running = await asyncio.start_server(answer_with_request_line, "127.0.0.1", 0)
    yield running.sockets[0].getsockname()[1]
    running.close()


async def connect(proxy: Proxy, target: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
    parts = urlsplit(proxy.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    return reader, writer, await reader.readuntil(b"\r\n\r\n")


@pytest.mark.parametrize("host", ["sts.us-east-1.amazonaws.com", "data.s3.amazonaws.com"])
async def test_aws_hosts_are_clary_behind_a_certificate_the_bundle_trusts(
    authority: CertificateAuthority, server: int, host: str
) -> None:
    async with Proxy(authority, "127.0.0.1", server) as proxy:
        reader, writer, head = await connect(proxy, f"{host}:443")
        assert head.startswith(b"HTTP/1.1 200")
        await writer.start_tls(ssl.create_default_context(cafile=authority.bundle), server_hostname=host)
        writer.write(f"GET /hello HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), 10)
        assert answer.endswith(b"GET /hello HTTP/1.1")
        writer.close()


async def test_other_hosts_are_tunnelled_untouched(authority: CertificateAuthority, server: int) -> None:
    async with Proxy(authority, "127.0.0.1", 1) as proxy:  # port 1: Clary is not asked
        reader, writer, head = await connect(proxy, f"127.0.0.1:{server}")
        assert head.startswith(b"HTTP/1.1 200")
        writer.write(b"GET /plain HTTP/1.1\r\n\r\n")
        assert (await asyncio.wait_for(reader.read(), 10)).endswith(b"GET /plain HTTP/1.1")
        writer.close()


async def test_a_host_that_only_looks_like_aws_is_not_taken_over(authority: CertificateAuthority) -> None:
    async with Proxy(authority, "127.0.0.1", 1) as proxy:
        _, writer, head = await connect(proxy, "evilamazonaws.com.invalid:443")
        assert head.startswith(b"HTTP/1.1 502")
        writer.close()


@pytest.mark.parametrize("line", [b"GET http://example.com/ HTTP/1.1", b"CONNECT nowhere HTTP/1.1", b"rubbish"])
async def test_anything_but_connect_is_refused(authority: CertificateAuthority, line: bytes) -> None:
    async with Proxy(authority, "127.0.0.1", 1) as proxy:
        parts = urlsplit(proxy.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(line + b"\r\n\r\n")
        assert (await asyncio.wait_for(reader.read(), 10)).startswith(b"HTTP/1.1 405")
        writer.close()


def test_the_authority_is_kept_and_its_key_is_for_the_owner_only(tmp_path: Path) -> None:
    first = CertificateAuthority(tmp_path)
    certificate = (tmp_path / "authority.pem").read_bytes()
    CertificateAuthority(tmp_path)
    assert (tmp_path / "authority.pem").read_bytes() == certificate
    assert stat.S_IMODE((tmp_path / "authority-key.pem").stat().st_mode) == 0o600
    assert certificate in first.bundle.read_bytes()
