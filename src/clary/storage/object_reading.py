"""Reading an object's bytes: from memory, from one file, or from the parts it was uploaded in."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import io
import os
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from clary.core.http import ByteStream
from clary.storage.object_files import Files
from clary.storage.object_values import Segment, StoredObject

CHUNK_BYTES = 1024 * 1024
# Files that are opened at once, so that an overwrite cannot take them away; `objects` keeps the files of objects with
# more segments for an hour after they were replaced.
SEGMENTS_OPENED_AT_ONCE = 64
_FICLONE = 0x40049409
_CANNOT_COPY_INSIDE = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)


class Source:
    """An object that was found and whose bytes cannot be lost any more: it may be overwritten or deleted meanwhile.

    Args:
        data: the bytes of a small object, None for one in files.
        to_read: False when nobody is going to read; then no file is opened.
    """

    def __init__(
        self,
        stored: StoredObject,
        data: bytes | None,
        segments: Sequence[Segment],
        files: Files,
        pool: Executor,
        *,
        to_read: bool = True,
    ) -> None:
        self.stored = stored
        self.data = data
        self.segments = segments
        self._files = files
        self._pool = pool
        self._descriptors: dict[int, int] = {}
        try:
            for index, segment in enumerate(segments[:SEGMENTS_OPENED_AT_ONCE] if to_read else ()):
                self._descriptors[index] = files.open(segment)
        except BaseException:
            self.close()
            raise

    def stream(self, start: int = 0, end: int | None = None) -> bytes | ByteStream:
        """The bytes from `start` to before `end`; the source closes itself after the last one."""
        end = self.stored.size if end is None else end
        if self.data is not None:
            return self.data[start:end] if (start, end) != (0, len(self.data)) else self.data
        if start >= end:
            self.close()
            return b""
        return ByteStream(_Chunks(self, start, end), end - start)

    def file(self) -> io.BufferedReader | io.BytesIO:
        """The bytes as a seekable file; closing it closes the source."""
        if self.data is not None:
            return io.BytesIO(self.data)
        return io.BufferedReader(_SegmentsFile(self), CHUNK_BYTES)

    def copy_to(self, target: int) -> None:
        """Writes all bytes to an open, empty file without taking them through this process; closes the source.

        File systems that can share blocks between files do so. It is never a hard link: whoever owns the copy may
        write to it.
        """
        try:
            if self.data is not None:
                rest = memoryview(self.data)
                while rest:
                    rest = rest[os.write(target, rest) :]
            elif len(self.segments) != 1 or not _clone(self.descriptor(0), target):
                for index, segment in enumerate(self.segments):
                    _copy(self.descriptor(index), target, segment.size)
                    self.finished_with(index)
        finally:
            self.close()

    def save(self, path: Path, *, mode: int = 0o600, durable: bool = False) -> None:
        """Writes all bytes to a new file, which is not there afterwards if that fails; closes the source.

        Args:
            durable: returns when the bytes are on disk.

        Raises:
            FileExistsError: there is a file.
        """
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            try:
                self.copy_to(descriptor)
                if durable:
                    os.fsync(descriptor)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
            finally:
                os.close(descriptor)
        finally:
            self.close()

    def at(self, position: int) -> tuple[int, int, int]:
        """Index of the segment that holds the byte at `position`, the offset in it, and what it holds from there."""
        for index, segment in enumerate(self.segments):
            if position < segment.size:
                return index, position, segment.size - position
            position -= segment.size
        raise ValueError("the position is beyond the end")

    def descriptor(self, index: int) -> int:
        """The open file of a segment."""
        if index not in self._descriptors:
            self._descriptors[index] = self._files.open(self.segments[index])
        return self._descriptors[index]

    def finished_with(self, index: int) -> None:
        """Closes a segment's file; it is opened again when it is needed again."""
        if index >= SEGMENTS_OPENED_AT_ONCE and (descriptor := self._descriptors.pop(index, None)) is not None:
            os.close(descriptor)

    async def in_thread(self, descriptor: int, count: int, offset: int) -> bytes:
        """Reads in a worker thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, os.pread, descriptor, count, offset)

    def close(self) -> None:
        """Closes the files; may be called more than once."""
        while self._descriptors:
            os.close(self._descriptors.popitem()[1])

    def __del__(self) -> None:
        self.close()


class _Chunks:
    """Yields a range of a source: at once what the page cache holds, through a thread what the disk holds."""

    def __init__(self, source: Source, start: int, end: int) -> None:
        self._source = source
        self._left = end - start
        self._index, self._offset, self._in_segment = source.at(start)

    def __aiter__(self) -> _Chunks:
        return self

    async def __anext__(self) -> bytes:
        if not self._left:
            self._source.close()
            raise StopAsyncIteration
        while not self._in_segment:
            self._source.finished_with(self._index)
            self._index, self._offset = self._index + 1, 0
            self._in_segment = self._source.segments[self._index].size
        count = min(CHUNK_BYTES, self._left, self._in_segment)
        descriptor = self._source.descriptor(self._index)
        chunk = _read_cached(descriptor, count, self._offset)
        if chunk is None:
            chunk = await self._source.in_thread(descriptor, count, self._offset)
        if not chunk:
            raise OSError(errno.EIO, "a file of the object store is shorter than its record says")
        self._offset += len(chunk)
        self._in_segment -= len(chunk)
        self._left -= len(chunk)
        return chunk

    async def aclose(self) -> None:
        """Ends the reading early."""
        self._source.close()


class _SegmentsFile(io.RawIOBase):
    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._source.stored.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        if self._position >= self._source.stored.size or not view:
            return 0
        index, offset, held = self._source.at(self._position)
        count = os.preadv(self._source.descriptor(index), [view[: min(len(view), held)]], offset)
        if not count:
            raise OSError(errno.EIO, "a file of the object store is shorter than its record says")
        self._position += count
        return count

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()


def _clone(descriptor: int, target: int) -> bool:
    try:
        fcntl.ioctl(target, _FICLONE, descriptor)
    except OSError:
        return False
    return True


def _copy(descriptor: int, target: int, size: int) -> None:
    offset = 0
    while offset < size:
        try:
            copied = os.copy_file_range(descriptor, target, size - offset, offset)
        except OSError as error:
            if error.errno not in _CANNOT_COPY_INSIDE:
                raise
            copied = os.write(target, os.pread(descriptor, min(CHUNK_BYTES, size - offset), offset))
        if not copied:
            raise OSError(errno.EIO, "a file of the object store is shorter than its record says")
        offset += copied


def _read_cached(descriptor: int, count: int, offset: int) -> bytes | None:
    """The bytes if reading them does not wait for the disk, else None."""
    buffer = bytearray(count)
    try:
        read = os.preadv(descriptor, [buffer], offset, _WITHOUT_WAITING)
    except OSError:  # EAGAIN: not in the page cache; EOPNOTSUPP: a file system that cannot tell
        return None
    return bytes(buffer) if read == count else bytes(buffer[:read])


_WITHOUT_WAITING = getattr(os, "RWF_NOWAIT", 0)
