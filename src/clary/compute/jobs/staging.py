"""Input channels become files below `/opt/ml`, or named pipes that are fed while the program reads."""

from __future__ import annotations

import contextlib
import io
import os
import random
import stat
import struct
import threading
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from clary.compute.contract import Channel, JobSpec
from clary.compute.folder import clear, is_empty
from clary.compute.jobs.channel_files import DataError, Source, channel_sources, check_names, shard, told_as_data_error
from clary.core.errors import ServiceError
from clary.storage.data_access import DataAccess, parse_uri

_CHUNK_BYTES = 1 << 20
_THREADS = 4
_SPARE_DISK_BYTES = 256 << 20
_RECORD_MAGIC = 0xCED7230A
_LARGEST_RECORD_BYTES = (1 << 29) - 1


class Cancelled(Exception):
    """The job was stopped while its inputs were being staged."""


@dataclass(frozen=True, slots=True)
class _Fetch:
    """One file to make."""

    source: Source
    channel: Channel
    path: Path


class Staging:
    """Stages the channels of one job for all of its hosts.

    FastFile channels are staged like File channels: the store is on the same machine, so that a copy (shared blocks,
    where the file system can) costs less than a file system of our own would.

    Args:
        data: reads as the job's role.
        cancelled: set when the job is stopped.
    """

    def __init__(self, data: DataAccess, spec: JobSpec, cancelled: threading.Event) -> None:
        self._data = data
        self._spec = spec
        self._cancelled = cancelled
        self._pipes: list[PipeFeeder] = []
        self._unpacked_bytes = 0
        self._counting = threading.Lock()

    def stage(self, roots: list[Path]) -> None:
        """Fills the channels below each host's `/opt/ml`.

        Raises:
            DataError: with a message for the job's FailureReason.
            Cancelled: the job was stopped meanwhile.
        """
        fetches: list[_Fetch] = []
        for channel in self._spec.channels:
            with told_as_data_error(channel.uri, self._spec.role_arn):
                sources = channel_sources(self._data, self._spec.role_arn, channel)
            if channel.mode != "Pipe":
                sources = check_names(map(_unpacked_name, sources) if _packed(channel) else sources, channel.name)
            for number, root in enumerate(roots):
                place = root / (channel.folder or f"input/data/{channel.name}")
                if channel.mode == "Pipe":
                    share = (number, len(roots))
                    self._pipes.append(PipeFeeder(self._data, self._spec.role_arn, channel, sources, place, share))
                else:
                    place.mkdir(parents=True, exist_ok=True)
                    part = shard(in_order(sources, channel, epoch=0), channel, number, len(roots))
                    fetches += [_Fetch(source, channel, place / source.path) for source in part]
        self._fetch_all(fetches)
        for pipe in self._pipes:
            pipe.start()

    @property
    def error(self) -> DataError | None:
        """Why a pipe was not fed to its end, None where all is well."""
        return next((pipe.error for pipe in self._pipes if pipe.error is not None), None)

    def close(self) -> None:
        """Stops feeding pipes."""
        for pipe in self._pipes:
            pipe.close()

    def _fetch_all(self, fetches: list[_Fetch]) -> None:
        if len(fetches) < 2:
            for fetch in fetches:
                self._fetch(fetch)
            return
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="download") as pool:
            try:
                for _ in pool.map(self._fetch, fetches):
                    pass
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _fetch(self, fetch: _Fetch) -> None:
        if self._cancelled.is_set():
            raise Cancelled
        source, role_arn = fetch.source, self._spec.role_arn
        with told_as_data_error(f"s3://{source.bucket}/{source.key}", role_arn):
            if _packed(fetch.channel):
                fetch.path.parent.mkdir(parents=True, exist_ok=True)
                with self._data.open(role_arn, source.bucket, source.key) as packed, fetch.path.open("wb") as file:
                    for chunk in self._until_cancelled(unpack(packed, source.key)):
                        self._count(len(chunk))
                        file.write(chunk)
                        _leave_some_disk(file)
            else:
                self._data.download(role_arn, source.bucket, source.key, fetch.path)

    def _count(self, size: int) -> None:
        """Adds to what was unpacked: a small file may become a thousand times its size."""
        with self._counting:
            self._unpacked_bytes += size
        most = self._spec.limits.volume_bytes
        if most and self._unpacked_bytes > most * self._spec.hosts:
            raise DataError(
                f"the unpacked data does not fit on the volume of {most >> 30} GiB that VolumeSizeInGB asks for"
            )

    def _until_cancelled(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            if self._cancelled.is_set():
                raise Cancelled
            yield chunk


def in_order(sources: Sequence[Source], channel: Channel, epoch: int) -> list[Source]:
    """The sources of all hosts in the order of an epoch: their own, or as the channel's ShuffleConfig mixes them.

    They are mixed before hosts share them, so that a host of a sharded Pipe channel reads others in every epoch.
    """
    ordered = list(sources)
    if channel.shuffle_seed is not None:
        random.Random(channel.shuffle_seed + epoch).shuffle(ordered)  # noqa: S311 - not for secrets
    return ordered


def _packed(channel: Channel) -> bool:
    return channel.compression == "Gzip"


def _unpacked_name(source: Source) -> Source:
    return Source(source.bucket, source.key, source.size, source.path.removesuffix(".gz"))


def _leave_some_disk(file: BinaryIO) -> None:
    """The disk, which others use too, is never filled, whatever a job has asked for."""
    state = os.fstatvfs(file.fileno())
    if state.f_bavail * state.f_frsize < _SPARE_DISK_BYTES:
        raise DataError("the unpacked data does not fit on the disk")


def unpack(packed: BinaryIO, name: str) -> Iterator[bytes]:
    """The unpacked bytes of a gzip file of any number of members, in pieces of bounded size.

    Raises:
        DataError: it is not gzip, or ends early.
    """
    decoder = zlib.decompressobj(wbits=31)
    pending = b""
    begun = False
    while True:
        data = pending or packed.read(_CHUNK_BYTES)
        if not data:
            if begun:
                raise DataError(f"the gzip file {name} ends too early")
            return
        try:
            unpacked = decoder.decompress(data, _CHUNK_BYTES)
        except zlib.error as error:
            raise DataError(
                f"{name} is not a gzip file, though the channel's CompressionType is Gzip: {error}"
            ) from error
        begun = True
        if unpacked:
            yield unpacked
        if decoder.eof:
            pending = decoder.unused_data.lstrip(b"\0")
            decoder = zlib.decompressobj(wbits=31)
            begun = False
        else:
            pending = decoder.unconsumed_tail


def as_records(data: Iterator[bytes], size: int) -> Iterator[bytes]:
    """One RecordIO record around an object's bytes.

    Args:
        size: how many bytes `data` yields.

    Raises:
        DataError: the object is larger than a record can be.
    """
    if size > _LARGEST_RECORD_BYTES:
        raise DataError(f"an object of {size} bytes does not fit into a RecordIO record")
    yield struct.pack("<II", _RECORD_MAGIC, size)
    yield from data
    yield b"\0" * (-size % 4)


class PipeFeeder:
    """Feeds a Pipe channel: `CHANNEL_0` for the first epoch, `CHANNEL_1` for the second, and so on.

    Attributes:
        error: why feeding ended early, None as long as it did not.

    Args:
        sources: those of all hosts.
        place: the path without the epoch.
        share: the host's number, from 0, and how many there are.
    """

    def __init__(
        self,
        data: DataAccess,
        role_arn: str,
        channel: Channel,
        sources: Sequence[Source],
        place: Path,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        self._share = share
        self._data = data
        self._role_arn = role_arn
        self._channel = channel
        self._sources = sources
        self._place = place
        self._closed = threading.Event()
        self._epoch = 0
        self._folder: int | None = None
        self.error: DataError | None = None
        self._thread = threading.Thread(target=self._feed, name=f"pipe {channel.name}", daemon=True)

    def start(self) -> None:
        """Makes the first pipe and waits in the background for its reader."""
        self._place.parent.mkdir(parents=True, exist_ok=True)
        self._folder = os.open(self._place.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._make(0)
        self._thread.start()

    def close(self) -> None:
        """Stops feeding; returns when the thread has ended."""
        self._closed.set()
        while self._thread.is_alive():
            with contextlib.suppress(OSError):  # a reader that comes and goes lets the thread out of `open` and `write`
                os.close(self._open(self._epoch, os.O_RDONLY | os.O_NONBLOCK))
            self._thread.join(0.01)
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None

    def _make(self, epoch: int) -> None:
        os.mkfifo(f"{self._place.name}_{epoch}", 0o600, dir_fd=self._folder)

    def _open(self, epoch: int, flags: int) -> int:
        """Opens a pipe. The program owns the folder: it might have put a link to something else in the pipe's place."""
        flags |= os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(f"{self._place.name}_{epoch}", flags, dir_fd=self._folder)
        if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise DataError(f"the pipe {self._place.name}_{epoch} was replaced by something else")
        return descriptor

    def _feed(self) -> None:
        try:
            while not self._closed.is_set():
                with io.FileIO(self._open(self._epoch, os.O_WRONLY), "wb") as pipe:
                    self._make(self._epoch + 1)  # before the reader sees the end of this one
                    with contextlib.suppress(BrokenPipeError):  # a reader may leave an epoch early
                        self._write(pipe)
                self._epoch += 1
        except DataError as error:
            self.error = error
        except (ServiceError, OSError) as error:
            self.error = DataError(f"{type(error).__name__} while channel '{self._channel.name}' was read: {error}")

    def _write(self, pipe: io.FileIO) -> None:
        for chunk in self._chunks():
            left = memoryview(chunk)
            while left:
                if self._closed.is_set():
                    return
                left = left[pipe.write(left) :]

    def _chunks(self) -> Iterator[bytes]:
        ordered = in_order(self._sources, self._channel, self._epoch)
        for source in shard(ordered, self._channel, *self._share):
            with self._data.open(self._role_arn, source.bucket, source.key) as file:
                yield from self._wrapped(file, source)

    def _wrapped(self, file: BinaryIO, source: Source) -> Iterator[bytes]:
        if self._channel.record_wrapper != "RecordIO":
            yield from unpack(file, source.key) if _packed(self._channel) else _pieces(file)
        elif _packed(self._channel):
            size = sum(map(len, unpack(file, source.key)))
            file.seek(0)
            yield from as_records(unpack(file, source.key), size)
        else:
            yield from as_records(_pieces(file), source.size)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_CHUNK_BYTES):
        yield piece


def restore(data: DataAccess, role_arn: str, uri: str, folder: Path) -> None:
    """Copies the checkpoints below an S3 prefix into an empty folder, all or none; that there are none is fine.

    A folder that holds some already, from an attempt that was cut short, is at least as new and stays as it is.

    Raises:
        DataError: they cannot be read.
    """
    if not is_empty(folder):
        return
    _, prefix = parse_uri(uri)
    folder_prefix = prefix if prefix.endswith("/") or not prefix else prefix + "/"
    with told_as_data_error(uri, role_arn):
        sources = [
            Source(stored.bucket, stored.key, stored.size, stored.key[len(folder_prefix) :])
            for stored in data.list(role_arn, uri)
            if stored.key.startswith(folder_prefix) and not stored.key.endswith("/")
        ]
        # A folder that a killed supervisor had filled in part would be taken for one of newer checkpoints.
        part = folder.with_name(f".{folder.name}.part")
        clear(part)
        for source in check_names(sources, "checkpoints"):
            data.download(role_arn, source.bucket, source.key, part / source.path)
        if sources:
            clear(folder)
            part.rename(folder)
