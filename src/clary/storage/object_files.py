"""The files of the object store: written in one place, made durable, then shown under their final name.

    FOLDER/files/ab/ab12...      finished files, by generated name; never changed, only unlinked
    FOLDER/incoming/WRITER/...   one folder per writing process: what it has not yet committed
    FOLDER/incoming/WRITER/lock  held (flock) for as long as that process lives

A file is written in `incoming`, fsynced, hard-linked to its final name, and its folder fsynced. Only then is it
committed; the link in `incoming` goes after the commit. So whatever a crash leaves behind has a name in `incoming`,
and `sweep` decides by one rule: **the folder of a writer that still holds its lock is left alone; in the folder of a
dead writer a file that the index does not name is unlinked in both places, and a file that it names stays.**
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from clary.storage.checksums import Hasher
from clary.storage.object_values import Segment

_MOST_PIECES_PER_WRITE = 512  # below IOV_MAX, 1024 on Linux
_READ_BYTES = 1024 * 1024
_SYNC_FILE_RANGE_WRITE = 2
_NO_HARD_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.EXDEV)


def _find_sync_file_range() -> Callable[[int, int, int, int], int] | None:
    """Linux's sync_file_range, None elsewhere."""
    function = getattr(ctypes.CDLL(None), "sync_file_range", None)
    if function is not None:
        function.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
    return function


_sync_file_range = _find_sync_file_range()


class Files:
    """Makes, finds and removes files of the store.

    Threads and processes: any number of both; names are random, so they never meet.

    Args:
        folder: of the object store; made where missing.
    """

    def __init__(self, folder: Path) -> None:
        self._finished = folder / "files"
        self._incoming = folder / "incoming"
        for path in (folder, self._finished, self._incoming):
            path.mkdir(mode=0o700, exist_ok=True)
        self._writer: Path | None = None
        self._writer_lock: int | None = None
        self._guard = threading.Lock()

    def create(self, algorithms: Iterable[str]) -> IncomingFile:
        """Begins a new file, whose bytes are hashed with MD5 and `algorithms`."""
        return IncomingFile(self, self._writer_folder(), algorithms)

    def path(self, name: str) -> Path:
        """Where a finished file lies; an absolute name (a mirrored file) is its own path."""
        return Path(name) if name.startswith("/") else self._finished / name[:2] / name

    def open(self, segment: Segment) -> int:
        """Opens a file for reading and returns its descriptor.

        Raises:
            FileNotFoundError: it is gone.
            MirrorChanged: a mirrored file is no longer the one that was added.
        """
        if not segment.modified_ns:
            return os.open(self.path(segment.file), os.O_RDONLY | os.O_CLOEXEC)
        try:
            descriptor = os.open(segment.file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError as error:
            raise MirrorChanged(segment.file) from error
        found = os.fstat(descriptor)
        if (found.st_size, found.st_mtime_ns) != (segment.size, segment.modified_ns):
            os.close(descriptor)
            raise MirrorChanged(segment.file)
        return descriptor

    def unlink(self, names: Iterable[str]) -> None:
        """Removes finished files; those that are gone already are ignored."""
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                self.path(name).unlink()

    def sweep(self, named: Callable[[Sequence[str]], set[str]]) -> int:
        """Removes what dead writers left uncommitted; returns how many files that were.

        Args:
            named: which of these file names the index holds.
        """
        removed = 0
        with self._registering():
            for folder in self._incoming.iterdir():
                if not folder.is_dir() or folder == self._writer or not _is_abandoned(folder):
                    continue
                names = [path.name for path in folder.iterdir() if path.name != "lock"]
                orphans = set(names) - named(names)
                self.unlink(orphans)
                removed += len(orphans)
                shutil.rmtree(folder, ignore_errors=True)
        return removed

    def close(self) -> None:
        """Gives up this process's writer folder."""
        with self._guard:
            if self._writer is not None and self._writer_lock is not None:
                if [path.name for path in self._writer.iterdir()] == ["lock"]:
                    shutil.rmtree(self._writer, ignore_errors=True)
                os.close(self._writer_lock)
            self._writer = self._writer_lock = None

    def write(self, descriptor: int, pieces: Sequence[bytes]) -> None:
        """Writes all pieces at the file's position."""
        for start in range(0, len(pieces), _MOST_PIECES_PER_WRITE):
            _write_all(descriptor, pieces[start : start + _MOST_PIECES_PER_WRITE])

    def begin_write_back(self, descriptor: int, start: int, size: int) -> None:
        """Has the disk begin with a range that was written, so that little is left to do when the file is synced."""
        if _sync_file_range is not None:
            _sync_file_range(descriptor, start, size, _SYNC_FILE_RANGE_WRITE)

    def sync(self, descriptor: int) -> None:
        """Waits until the file's bytes are on disk."""
        os.fsync(descriptor)

    def publish(self, incoming: Path) -> None:
        """Gives a synced file its final name, durably; its name in `incoming` stays until `IncomingFile.settle`."""
        final = self.path(incoming.name)
        if not final.parent.is_dir():
            final.parent.mkdir(mode=0o700, exist_ok=True)
            _sync_folder(self._finished)
        try:
            os.link(incoming, final)
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            # A file system without hard links: a crash between here and the commit leaves an unused file behind.
            incoming.replace(final)
        _sync_folder(final.parent)

    @contextlib.contextmanager
    def _registering(self) -> Iterator[None]:
        with (self._incoming / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _writer_folder(self) -> Path:
        with self._guard:
            if self._writer is None:
                folder = self._incoming / f"{os.getpid()}-{secrets.token_hex(4)}"
                with self._registering():
                    folder.mkdir(mode=0o700)
                    self._writer_lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                    fcntl.flock(self._writer_lock, fcntl.LOCK_EX)
                self._writer = folder
            return self._writer


class IncomingFile:
    """A file that is being written. `write` and `hash` may run side by side, each with the same pieces in order.

    Attributes:
        name: the generated name it will have.
        size: bytes written.
    """

    def __init__(self, files: Files, folder: Path, algorithms: Iterable[str]) -> None:
        self.name = secrets.token_hex(16)
        self.size = 0
        self.hasher = Hasher(algorithms)
        self._files = files
        self._path = folder / self.name
        self._guard = threading.Lock()
        self._published = False
        self._is_link = False
        self._descriptor: int | None = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def write(self, pieces: Sequence[bytes]) -> None:
        """Appends the pieces."""
        with self._guard:
            if self._descriptor is not None:
                self._files.write(self._descriptor, pieces)
                size = sum(map(len, pieces))
                self._files.begin_write_back(self._descriptor, self.size, size)
                self.size += size

    def hash(self, pieces: Sequence[bytes]) -> None:
        """Hashes the pieces: at once, because each update gives the interpreter up and has to get it back."""
        self.hasher.update(b"".join(pieces))

    def rehash(self, algorithms: Iterable[str]) -> Hasher:
        """Hashes what was written once more, for checksums that were not announced."""
        hasher = Hasher(algorithms)
        with self._path.open("rb") as file:
            while piece := file.read(_READ_BYTES):
                hasher.update(piece)
        return hasher

    def publish(self) -> None:
        """Makes the file durable under its final name; nothing refers to it yet."""
        with self._guard:
            if self._descriptor is not None:
                self._files.sync(self._descriptor)
                os.close(self._descriptor)
                self._descriptor = None
            elif not self._is_link:
                raise ValueError("the file was discarded")
            self._files.publish(self._path)
            self._published = True

    def settle(self) -> None:
        """After the commit: the file is the store's now."""
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()

    def discard(self) -> None:
        """Removes the file, at any moment before its commit; may be called more than once."""
        with self._guard:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None
            if self._published:
                self._files.unlink([self.name])
            with contextlib.suppress(FileNotFoundError):
                self._path.unlink()

    @classmethod
    def linked(cls, files: Files, name: str) -> IncomingFile:
        """A second name for a finished file: a copy without copying, as files of the store never change.

        Raises:
            FileNotFoundError: the file is gone.
            OSError: the file system has no hard links, or no more of them for this file.
        """
        incoming = cls(files, files._writer_folder(), ())
        try:
            incoming._path.unlink()
            os.link(files.path(name), incoming._path)
            incoming._become_link()
        except OSError:
            incoming.discard()
            raise
        return incoming

    def _become_link(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = None
        self._is_link = True
        self.size = self._path.stat().st_size


class MirrorChanged(Exception):
    """A mirrored file is gone, or has another size or time than when it was added.

    Args:
        path: the file.
    """

    def __init__(self, path: str) -> None:
        super().__init__(f"the mirrored file {path} has changed since it was added")


def _write_all(descriptor: int, pieces: Sequence[bytes]) -> None:
    left = sum(map(len, pieces))
    written = os.writev(descriptor, pieces)
    if written < left:
        rest = memoryview(b"".join(pieces))[written:]
        while rest:
            rest = rest[os.write(descriptor, rest) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_abandoned(folder: Path) -> bool:
    try:
        with (folder / "lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True  # it died between making its folder and its lock: both happen under the register's lock
    except BlockingIOError:
        return False
    return True
