"""Blobs by their content: the layers and configurations of container images, each stored once.

    FOLDER/sha256/ab/ab12...      finished blobs; the name is the digest, the bytes never change
    FOLDER/uploads/SCOPE/UUID     what is being uploaded, in order, from the first byte on

An upload is a file that grows. When its digest is named and right, the file is fsynced and renamed to its final name,
and its folder is fsynced: a blob is there whole or not at all, whatever is killed when. An upload that was cut off
keeps what arrived, and may go on there.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_READ_BYTES = 1 << 20
_UPLOAD_SECONDS = 24 * 3600.0


class NoSuchUpload(Exception):
    """There is no upload of that id in that scope."""


class UploadBusy(Exception):
    """Another request is writing to the upload."""


class WrongOffset(Exception):
    """A part does not begin where the upload ends.

    Args:
        size: how many bytes the upload has.
    """

    def __init__(self, size: int) -> None:
        super().__init__(f"the upload has {size} bytes")
        self.size = size


class WrongDigest(Exception):
    """The bytes that were uploaded have another digest than the one that was named."""


@dataclass(slots=True)
class _Progress:
    """The running hash of an upload, as long as this process has seen all of its bytes."""

    hasher: hashlib._Hash = field(default_factory=hashlib.sha256)
    size: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Blobs:
    """A folder of blobs.

    Promises:
        **Durability.** What `finish` returned is on disk.
        **Memory.** Nothing is held but the pieces that are handed over.
        **Threads.** Every method may be called from any thread; one at a time writes to an upload.

    Args:
        folder: made where missing.
    """

    def __init__(self, folder: Path) -> None:
        self._blobs = folder / "sha256"
        self._uploads = folder / "uploads"
        for path in (folder, self._blobs, self._uploads):
            path.mkdir(mode=0o700, exist_ok=True)
        self._guard = threading.Lock()
        self._progress: dict[Path, _Progress] = {}

    def path(self, digest: str) -> Path:
        """Where the blob lies, or would lie."""
        name = digest.removeprefix("sha256:")
        return self._blobs / name[:2] / name

    def size(self, digest: str) -> int | None:
        """The bytes of a blob, None when it is not there."""
        try:
            return self.path(digest).stat().st_size
        except FileNotFoundError:
            return None

    def begin(self, scope: str) -> str:
        """Begins an upload.

        Args:
            scope: who may go on with it (a repository's ARN); the same must be named later.

        Returns:
            Its id, a UUID.
        """
        identity = str(uuid.uuid4())
        path = self._upload(scope, identity)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(mode=0o600, exist_ok=False)
        return identity

    def received(self, scope: str, identity: str) -> int:
        """How many bytes an upload has.

        Raises:
            NoSuchUpload: there is none.
        """
        try:
            return self._upload(scope, identity).stat().st_size
        except FileNotFoundError as error:
            raise NoSuchUpload(identity) from error

    def append(self, scope: str, identity: str, pieces: Sequence[bytes], *, offset: int | None = None) -> int:
        """Adds bytes at the end of an upload.

        Args:
            offset: where the caller believes the end to be; None does not care.

        Returns:
            How many bytes it has now.

        Raises:
            NoSuchUpload, UploadBusy, WrongOffset: it cannot go on in this way.
        """
        path = self._upload(scope, identity)
        with self._writing(path) as progress:
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
            except FileNotFoundError as error:
                raise NoSuchUpload(identity) from error
            with os.fdopen(descriptor, "ab", buffering=0) as file:
                size = os.fstat(descriptor).st_size
                if offset is not None and offset != size:
                    raise WrongOffset(size)
                is_whole = progress.size == size
                for piece in pieces:
                    view = memoryview(piece)
                    while view:
                        view = view[file.write(view) :]
                    if is_whole:
                        progress.hasher.update(piece)
                        progress.size += len(piece)
                    size += len(piece)
                return size

    def finish(self, scope: str, identity: str, digest: str) -> int:
        """Makes an upload a blob; the same bytes may be there already.

        Args:
            digest: what its bytes must have, "sha256:...".

        Returns:
            The blob's bytes.

        Raises:
            NoSuchUpload, UploadBusy: it cannot be finished.
            WrongDigest: its bytes are others; the upload is given up.
        """
        path = self._upload(scope, identity)
        with self._writing(path) as progress:
            if not path.is_file():
                raise NoSuchUpload(identity)
            size = path.stat().st_size
            hasher = progress.hasher if progress.size == size else _hashed(path)
            if "sha256:" + hasher.hexdigest() != digest:
                path.unlink()
                raise WrongDigest(f"the {size} bytes that arrived have the digest sha256:{hasher.hexdigest()}")
            final = self.path(digest)
            final.parent.mkdir(mode=0o700, exist_ok=True)
            with path.open("rb") as file:
                os.fsync(file.fileno())
            os.utime(path)  # an older blob of the same name is replaced, and with it the age that `sweep` looks at
            path.replace(final)
            for folder in (final.parent, self._blobs):
                _sync_folder(folder)
        with self._guard:
            self._progress.pop(path, None)
        return size

    def touch(self, digest: str) -> bool:
        """Makes a blob young again, so that `sweep` leaves it alone while somebody is about to use it.

        Returns:
            Whether it is there.
        """
        try:
            os.utime(self.path(digest))
        except FileNotFoundError:
            return False
        return True

    def abandon(self, scope: str, identity: str) -> None:
        """Gives an upload up.

        Raises:
            NoSuchUpload: there is none.
        """
        path = self._upload(scope, identity)
        try:
            path.unlink()
        except FileNotFoundError as error:
            raise NoSuchUpload(identity) from error
        with self._guard:
            self._progress.pop(path, None)

    def abandon_all(self, scope: str) -> None:
        """Gives every upload of a scope up."""
        shutil.rmtree(self._scope(scope), ignore_errors=True)

    def unlink_older_than(self, seconds: float, digest: str) -> None:
        """Removes a blob unless it was stored or touched since."""
        path = self.path(digest)
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < time.time() - seconds:
                path.unlink()

    def older_than(self, seconds: float) -> list[str]:
        """The digests of all blobs that were stored or touched longer ago than that."""
        before = time.time() - seconds
        found = []
        for path in self._blobs.glob("*/*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    found.append(f"sha256:{path.name}")
        return found

    def forget_old_uploads(self) -> None:
        """Removes uploads to which nothing was added for a day."""
        before = time.time() - _UPLOAD_SECONDS
        for path in self._uploads.glob("*/*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()
                    with self._guard:
                        self._progress.pop(path, None)

    def _upload(self, scope: str, identity: str) -> Path:
        try:
            name = str(uuid.UUID(identity))
        except ValueError as error:
            raise NoSuchUpload(identity) from error
        return self._scope(scope) / name

    def _scope(self, scope: str) -> Path:
        return self._uploads / hashlib.sha256(scope.encode()).hexdigest()[:32]

    @contextlib.contextmanager
    def _writing(self, path: Path) -> Iterator[_Progress]:
        with self._guard:
            progress = self._progress.setdefault(path, _Progress())
        if not progress.lock.acquire(blocking=False):
            raise UploadBusy(path.name)
        try:
            yield progress
        finally:
            progress.lock.release()
            if not path.exists():
                with self._guard:
                    self._progress.pop(path, None)


def _hashed(path: Path) -> hashlib._Hash:
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_READ_BYTES):
            hasher.update(piece)
    return hasher


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
