"""Unpacks a `model.tar.gz` that nobody has vetted.

An archive may try to write outside its folder (absolute names, `..`, links), to make devices, or to fill the disk
(a few kilobytes that unpack to terabytes). Nothing is trusted: names are checked one by one, no symbolic link is ever
created (a link to a file of the archive becomes that file), and what is written is counted while it is written.
"""

from __future__ import annotations

import gzip
import lzma
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from clary.core.errors import ServiceError
from clary.storage.object_values import StoredObject

_BLOCK_BYTES = 1 << 20
_DEEPEST_FOLDER = 64
_LONGEST_PART_BYTES = 255
_LONGEST_HEADER_BYTES = 1 << 20
_EXTENDED_HEADERS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)


class UnsafeArchive(Exception):
    """The archive would write outside its folder, or too much; the message names the member and the rule."""


class BrokenArchive(Exception):
    """The file is not a tar archive, or ends early, or fails its checksum."""


@dataclass(frozen=True, slots=True)
class UnpackLimits:
    """How much an archive may become.

    Attributes:
        total_bytes: of all files together.
        files: members of any kind.
        ratio: unpacked bytes to packed bytes; applies only above `ratio_free_bytes` unpacked, because small models may
            well be very regular.
    """

    total_bytes: int = 20 << 30
    files: int = 100_000
    ratio: int = 200
    ratio_free_bytes: int = 256 << 20


def unpack(archive: Path, folder: Path, limits: UnpackLimits | None = None) -> None:
    """Unpacks a tar archive, compressed by gzip or not at all, into `folder`, which must exist and be empty.

    Files are on disk when it returns. What was unpacked before an error stays: the caller removes the folder.

    Raises:
        BrokenArchive, UnsafeArchive: see there.
    """
    unpacking = _Unpacking(folder, archive.stat().st_size, limits or UnpackLimits())
    try:
        with archive.open("rb") as raw:
            data = _decompressed(raw)
            with tarfile.open(fileobj=data, mode="r|", tarinfo=_Header) as tar:
                for member in tar:
                    unpacking.take(tar, member)
            while block := data.read(_BLOCK_BYTES):  # the checksum stands behind what tar needs
                unpacking.count(len(block))
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError) as error:
        raise BrokenArchive(str(error) or type(error).__name__) from error
    unpacking.link()


def _decompressed(raw: IO[bytes]) -> IO[bytes]:
    start = raw.read(2)
    raw.seek(0)
    return gzip.GzipFile(fileobj=raw, mode="rb") if start == b"\x1f\x8b" else raw  # type: ignore[return-value]


class _Header(tarfile.TarInfo):
    """A member's header; one that would be read into memory whole (a long name) must be short."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Header:
        """Called by `tarfile` for every header, before it reads what follows it."""
        header = super().frombuf(buf, encoding, errors)
        if header.type in _EXTENDED_HEADERS and header.size > _LONGEST_HEADER_BYTES:
            raise UnsafeArchive(f"the archive has a header of {header.size} bytes")
        return header


class _Unpacking:
    """One archive on its way to a folder."""

    def __init__(self, folder: Path, packed_bytes: int, limits: UnpackLimits) -> None:
        self._folder = folder
        self._limits = limits
        self._most_bytes = min(
            limits.total_bytes, max(limits.ratio_free_bytes, packed_bytes * limits.ratio, packed_bytes)
        )
        self._bytes = 0
        self._members = 0
        self._links: list[tuple[str, PurePosixPath, PurePosixPath]] = []

    def take(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        """Unpacks one member."""
        self._members += 1
        if self._members > self._limits.files:
            raise UnsafeArchive(f"the archive has more than {self._limits.files} members")
        place = _inside(member.name, member.name)
        if member.isdir():
            self._make_folder(place)
        elif member.isreg():
            self._write(tar, member, place)
        elif member.issym() or member.islnk():
            base = place.parent if member.issym() else PurePosixPath()
            self._links.append((member.name, place, _inside(member.linkname, member.name, base)))
        else:
            raise UnsafeArchive(f"the member {member.name!r} is a device or a pipe; only files and folders are allowed")

    def count(self, size_bytes: int) -> None:
        """Adds to what has been unpacked."""
        self._bytes += size_bytes
        if self._bytes > self._most_bytes:
            raise UnsafeArchive(f"the archive unpacks to more than {self._most_bytes} bytes")

    def link(self) -> None:
        """Gives the links of the archive the files they point to."""
        waiting = self._links
        while waiting:
            left = []
            for name, place, target in waiting:
                source = self._folder / target
                if source.is_file():
                    self._give(place, source)
                else:
                    left.append((name, place, target))
            if len(left) == len(waiting):
                name, _, target = left[0]
                raise UnsafeArchive(f"the link {name!r} points to {str(target)!r}, which is not a file of the archive")
            waiting = left

    def _give(self, place: PurePosixPath, source: Path) -> None:
        self._make_folder(place.parent)
        destination = self._folder / place
        if destination.exists() and destination.samefile(source):
            return
        self._clear(place)
        os.link(source, destination)

    def _clear(self, place: PurePosixPath) -> None:
        """Makes room for a file: a later member of an archive takes the place of an earlier one."""
        path = self._folder / place
        if path.is_dir():
            raise UnsafeArchive(f"the member {str(place)!r} is a file and a folder at once")
        path.unlink(missing_ok=True)

    def _write(self, tar: tarfile.TarFile, member: tarfile.TarInfo, place: PurePosixPath) -> None:
        self._make_folder(place.parent)
        source = tar.extractfile(member)
        assert source is not None
        path = self._folder / place
        self._clear(place)
        with path.open("xb") as out:
            while block := source.read(_BLOCK_BYTES):
                self.count(len(block))
                out.write(block)
            if out.tell() != member.size:
                raise BrokenArchive(f"the member {member.name!r} ends early")
            out.flush()
            os.fsync(out.fileno())
        path.chmod(0o755 if member.mode & 0o100 else 0o644)

    def _make_folder(self, place: PurePosixPath) -> None:
        try:
            (self._folder / place).mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise UnsafeArchive(f"the member {str(place)!r} is a file and a folder at once") from error


def _inside(name: str, member: str, base: PurePosixPath | None = None) -> PurePosixPath:
    """The place of a name in the archive, without `.` and `..`.

    Raises:
        UnsafeArchive: it is absolute, leaves the folder, or is no file name.
    """
    if name.startswith("/") or "\\" in name or "\0" in name:
        raise UnsafeArchive(f"the member {member!r} has an absolute path or a path with a backslash")
    parts = list(base.parts) if base else []
    for part in name.split("/"):
        if part == "..":
            if not parts or base is None:
                raise UnsafeArchive(f"the member {member!r} points outside of the archive")
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    if len(parts) > _DEEPEST_FOLDER or any(len(os.fsencode(part)) > _LONGEST_PART_BYTES for part in parts):
        raise UnsafeArchive(f"the member {member[:100]!r} has a path that is too deep or too long")
    return PurePosixPath(*parts)


def remove_folder(folder: Path) -> None:
    """Removes a folder with all it holds, if it is there."""
    shutil.rmtree(folder, ignore_errors=True)


class ModelUnavailable(Exception):
    """A model's files cannot be had; the message is a FailureReason in SageMaker's words."""


class ModelSource(Protocol):
    """Reads S3 with a role: `storage.data_access.DataAccess`."""

    def download(self, role_arn: str, bucket: str, key: str, path: Path) -> object:
        """Writes the object to `path`."""
        ...

    def list(self, role_arn: str, uri: str) -> Iterator[StoredObject]:
        """The objects below a prefix."""
        ...


class ModelStore:
    """Brings models from S3 into folders.

    Args:
        source: reads S3 with the model's role.
    """

    def __init__(self, source: ModelSource, limits: UnpackLimits | None = None) -> None:
        self._source = source
        self._limits = limits or UnpackLimits()

    def fetch(self, role_arn: str, uri: str, root: Path) -> None:
        """Downloads and unpacks the archive at `uri` into `root/model`, unless it is there already.

        Args:
            uri: "s3://BUCKET/KEY" of an archive, "s3://BUCKET/PREFIX/" of files, or "" for an empty model folder.

        Raises:
            ModelUnavailable: with a FailureReason.
        """
        self._fetch(role_arn, uri, root / "model", "model data")

    def fetch_code(self, role_arn: str, uri: str, root: Path) -> None:
        """Downloads and unpacks the archive of the user's code at `uri` into `root/code`, unless it is there already.

        Raises:
            ModelUnavailable: with a FailureReason.
        """
        self._fetch(role_arn, uri, root / "code", "user code")

    def _fetch(self, role_arn: str, uri: str, folder: Path, what: str) -> None:
        if folder.is_dir():  # it gets its name only when it is complete
            return
        unfinished = folder.with_name(f"{folder.name}.unpacking")
        remove_folder(unfinished)
        unfinished.mkdir(parents=True)
        if uri.endswith("/"):
            self._download_files(role_arn, uri, unfinished)
        elif uri:
            archive = folder.with_name(f"{folder.name}.tar.gz")
            try:
                self._download(role_arn, uri, archive, what)
                unpack(archive, unfinished, self._limits)
            except (BrokenArchive, UnsafeArchive) as error:
                raise ModelUnavailable(
                    f'Failed to extract {what} archive from URL "{uri}". Please ensure that the object located at '
                    f"the URL is a valid tar.gz archive: {error}."
                ) from error
            except OSError as error:
                raise ModelUnavailable(
                    f'Failed to store the {what} from URL "{uri}" on this machine: {error.strerror or error}.'
                ) from error
            finally:
                archive.unlink(missing_ok=True)
        unfinished.rename(folder)

    def _download_files(self, role_arn: str, uri: str, folder: Path) -> None:
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        total = 0
        try:
            for count, found in enumerate(self._source.list(role_arn, uri), 1):
                name = found.key[len(prefix) :]
                total += found.size
                if total > self._limits.total_bytes or count > self._limits.files:
                    raise UnsafeArchive("there are more bytes or files than a model may have")
                if name and not name.endswith("/"):
                    self._source.download(role_arn, bucket, found.key, folder / _inside(name, name))
        except (ServiceError, UnsafeArchive, OSError) as error:
            raise ModelUnavailable(f'Failed to download model data from URL "{uri}": {error}.') from error

    def _download(self, role_arn: str, uri: str, archive: Path, what: str) -> None:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        try:
            self._source.download(role_arn, bucket, key, archive)
        except ServiceError as error:
            raise ModelUnavailable(
                f'Failed to download {what} from URL "{uri}". Please ensure that there is an object located at the '
                f"URL and that the role passed to CreateModel has permissions to download it: {error.message}"
            ) from error
