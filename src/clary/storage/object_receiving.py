"""Taking bytes in: small bodies into memory, others into a file while they are hashed beside the write."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import errno
import sqlite3
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from pathlib import Path

from clary.core.http import ByteStream
from clary.storage.checksums import ALGORITHMS, DEFAULT_ALGORITHM, Hasher
from clary.storage.lane import Lane
from clary.storage.object_errors import (
    BadDigest,
    EntityTooLarge,
    IncompleteBody,
    InsufficientStorage,
    InternalError,
)
from clary.storage.object_files import Files, IncomingFile, MirrorChanged
from clary.storage.object_reading import Source
from clary.storage.object_values import Integrity, Segment
from clary.storage.object_writes import Content

LARGEST_PUT_BYTES = 5 * 1024**3
_BLOCK_BYTES = 1024 * 1024
_BLOCKS_AHEAD = 8  # of one body: MD5, the slowest part, never waits for the network, and memory stays bounded
_TRAILER = "x-amz-checksum-"


class Receiver:
    """Makes `Content` of what arrives.

    Args:
        inline_limit_bytes: the largest body that is kept in the index itself.
        pool: where files are written and hashed.
    """

    def __init__(self, files: Files, pool: Executor, inline_limit_bytes: int) -> None:
        self._files = files
        self._pool = pool
        self.inline_limit_bytes = inline_limit_bytes

    async def receive(self, body: ByteStream, integrity: Integrity, *, into_file: bool = False) -> Content:
        """Reads a body to its end, in constant memory.

        Args:
            into_file: whether even a small body becomes a file.

        Raises:
            BadDigest, IncompleteBody, EntityTooLarge, InsufficientStorage, InternalError.
        """
        if body.length is not None and body.length > LARGEST_PUT_BYTES:
            raise EntityTooLarge(ProposedSize=body.length, MaxSizeAllowed=LARGEST_PUT_BYTES)
        pieces: list[bytes] = []
        size = 0
        limit = -1 if into_file else self.inline_limit_bytes
        if body.length is None or body.length <= limit:
            async for piece in body:
                pieces.append(piece)
                size += len(piece)
                if size > limit:
                    break
            else:
                if not into_file:
                    _check_length(size, body)
                    return self.keep(b"".join(pieces), integrity, body.trailers)
        with storage_errors():
            return await self._receive_file(pieces, body, integrity)

    def keep(self, data: bytes, integrity: Integrity, trailers: Mapping[str, str] | None = None) -> Content:
        """Content of bytes in memory; a file when they are many.

        Raises:
            BadDigest, InsufficientStorage, InternalError.
        """
        if len(data) > self.inline_limit_bytes:
            return self.keep_as_file(data, integrity)
        expected = _expected(integrity, trailers or {})
        hasher = Hasher(integrity.algorithms or tuple(expected) or (DEFAULT_ALGORITHM,))
        hasher.update(data)
        checksums = hasher.checksums()
        missing = [name for name in expected if name not in checksums]
        if missing:
            again = Hasher(missing)
            again.update(data)
            checksums |= again.checksums()
        _verify(hasher.md5, checksums, integrity, expected)
        return Content(len(data), hasher.md5.hex(), checksums, data=data)

    def keep_as_file(self, data: bytes, integrity: Integrity) -> Content:
        """Content of bytes in memory, as a file."""
        return self._from_pieces(iter([data]), integrity)

    def copy_file(self, path: Path, integrity: Integrity) -> Content:
        """Content of a file outside the store.

        Raises:
            OSError: the file cannot be read.
            BadDigest, InsufficientStorage, InternalError.
        """
        with path.open("rb") as file:
            head = file.read(self.inline_limit_bytes + 1)
            if len(head) <= self.inline_limit_bytes:
                return self.keep(head, integrity)

            def pieces() -> Iterator[bytes]:
                piece = head
                while piece:
                    yield piece
                    piece = file.read(_BLOCK_BYTES)

            return self._from_pieces(pieces(), integrity)

    def copy_source(
        self, source: Source, start: int, end: int, integrity: Integrity, *, into_file: bool = False
    ) -> Content:
        """Content of a range of a stored object; without copying its bytes where that is possible."""
        stored = source.stored
        whole = (start, end) == (0, stored.size)
        known = set(integrity.algorithms or (DEFAULT_ALGORITHM,)) <= set(stored.checksums)
        if whole and known and not stored.part_count and len(source.segments) == 1:
            linked = self._link(source)
            if linked is not None:
                return linked
        if end - start <= self.inline_limit_bytes:
            with source.file() as file:
                file.seek(start)
                data = file.read(end - start)
            return self.keep_as_file(data, integrity) if into_file else self.keep(data, integrity)
        with source.file() as file:
            file.seek(start)

            def pieces() -> Iterator[bytes]:
                left = end - start
                while left and (piece := file.read(min(left, _BLOCK_BYTES))):
                    left -= len(piece)
                    yield piece

            return self._from_pieces(pieces(), integrity)

    def _link(self, source: Source) -> Content | None:
        (segment,) = source.segments
        stored = source.stored
        if segment.modified_ns or len(stored.etag) != 32:
            return None
        try:
            incoming = IncomingFile.linked(self._files, segment.file)
        except OSError:
            return None
        try:
            with storage_errors():
                incoming.publish()
        except BaseException:
            incoming.discard()
            raise
        source.close()
        checksums = {name: value for name, value in stored.checksums.items() if name in ALGORITHMS}
        return Content(
            stored.size, stored.etag, checksums, segments=[Segment(incoming.name, stored.size)], incoming=[incoming]
        )

    async def _receive_file(self, pieces: list[bytes], body: ByteStream, integrity: Integrity) -> Content:
        incoming = self._files.create(_announced(integrity))
        lanes = [Lane(self._pool, work, _BLOCKS_AHEAD) for work in (incoming.write, incoming.hash)]
        try:
            block = pieces
            block_size = size = sum(map(len, block))
            async for piece in body:
                block.append(piece)
                block_size += len(piece)
                size += len(piece)
                if size > LARGEST_PUT_BYTES:
                    raise EntityTooLarge(ProposedSize=size, MaxSizeAllowed=LARGEST_PUT_BYTES)
                if block_size >= _BLOCK_BYTES:
                    for lane in lanes:
                        await lane.put(block)
                    block, block_size = [], 0
            _check_length(size, body)
            for lane in lanes:
                await lane.put(block)
            for lane in lanes:
                await lane.finish()
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, self._finish, incoming, integrity, body.trailers)
        except BaseException:
            for lane in lanes:
                lane.abandon()
            self._pool.submit(incoming.discard)
            raise

    def _from_pieces(self, pieces: Iterator[bytes], integrity: Integrity) -> Content:
        with storage_errors():
            incoming = self._files.create(_announced(integrity))
            try:
                for piece in pieces:
                    hashing = self._pool.submit(incoming.hash, [piece])
                    try:
                        incoming.write([piece])
                    finally:
                        hashing.result()
                return self._finish(incoming, integrity, {})
            except BaseException:
                incoming.discard()
                raise

    def _finish(self, incoming: IncomingFile, integrity: Integrity, trailers: Mapping[str, str]) -> Content:
        expected = _expected(integrity, trailers)
        checksums = incoming.hasher.checksums()
        missing = [name for name in expected if name not in checksums]
        if missing:
            checksums |= incoming.rehash(missing).checksums()
        _verify(incoming.hasher.md5, checksums, integrity, expected)
        kept = {*integrity.algorithms, *expected} or {DEFAULT_ALGORITHM}
        incoming.publish()
        return Content(
            incoming.size,
            incoming.hasher.md5.hex(),
            {name: value for name, value in checksums.items() if name in kept},
            segments=[Segment(incoming.name, incoming.size)],
            incoming=[incoming],
        )


@contextlib.contextmanager
def storage_errors() -> Iterator[None]:
    """Turns what the disk or SQLite say into an error a client can read."""
    try:
        yield
    except MirrorChanged as error:
        raise InternalError(str(error)) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise InsufficientStorage from error
        if error.errno == errno.EIO:
            raise InternalError from error
        raise
    except sqlite3.OperationalError as error:
        if "full" in str(error):
            raise InsufficientStorage from error
        raise InternalError from error


def _announced(integrity: Integrity) -> tuple[str, ...]:
    return tuple({*integrity.algorithms, *integrity.expected}) or (DEFAULT_ALGORITHM,)


def _expected(integrity: Integrity, trailers: Mapping[str, str]) -> dict[str, str]:
    expected = dict(integrity.expected)
    for name, value in trailers.items():
        algorithm = name.lower().removeprefix(_TRAILER).upper()
        if name.lower().startswith(_TRAILER) and algorithm in ALGORITHMS:
            expected[algorithm] = value.strip()
    return expected


def _verify(md5: bytes, checksums: Mapping[str, str], integrity: Integrity, expected: Mapping[str, str]) -> None:
    if integrity.md5 is not None and integrity.md5 != md5:
        raise BadDigest(
            ExpectedDigest=base64.b64encode(integrity.md5).decode(), CalculatedDigest=base64.b64encode(md5).decode()
        )
    for algorithm, value in expected.items():
        if checksums[algorithm] != value:
            raise BadDigest(f"The {algorithm} you specified did not match the calculated checksum.")


def _check_length(size: int, body: ByteStream) -> None:
    if body.length is not None and size != body.length:
        raise IncompleteBody(NumberBytesExpected=body.length, NumberBytesProvided=size)
