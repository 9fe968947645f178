"""What a program left in its folder becomes objects: archives that are the same for the same files, or single files."""

from __future__ import annotations

import contextlib
import gzip
import logging
import os
import stat
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from clary.compute import processes
from clary.compute.contract import JobSpec, Output
from clary.compute.folder import below, is_empty, is_inside
from clary.compute.jobs.channel_files import DataError, told_as_data_error
from clary.storage.data_access import DataAccess

_GZIP_LEVEL = 1
"""Archives go to a disk of this machine and come from it: a better level takes three times as long for a fifth less."""
_SYNC_SECONDS = 2.0

_log = logging.getLogger(__name__)


def upload_outputs(data: DataAccess, spec: JobSpec, roots: list[Path], scratch: Path, *, model: bool) -> dict[str, str]:
    """Stores the outputs of a job.

    The model is the first host's, as they all hold the same; files of other outputs are put together, the first host's
    winning.

    Args:
        roots: each host's `/opt/ml`.
        scratch: a folder for archives on their way.
        model: whether the model is stored too, and what is stored of a program that succeeded alone.

    Returns:
        What was stored: the first part of the folder ("model", "output") -> URI.

    Raises:
        DataError: with a message for the job's FailureReason.
    """
    stored: dict[str, str] = {}
    for output in spec.outputs:
        top = output.folder.split("/")[0]
        if not model and (top == "model" or not output.after_failure):
            continue
        folders = [root / output.folder for root in (roots[:1] if top == "model" else roots)]
        folders = [folder for folder, root in zip(folders, roots, strict=False) if is_inside(folder, root)]
        with told_as_data_error(output.uri, spec.role_arn):
            if all(map(is_empty, folders)) and not output.required:
                continue
            if output.packing == "tar.gz":
                _upload_archive(data, spec, output, folders, scratch)
            else:
                _upload_files(data, spec, output, folders)
        stored[top] = output.uri
    return stored


def _upload_archive(data: DataAccess, spec: JobSpec, output: Output, folders: list[Path], scratch: Path) -> None:
    archive = scratch / (output.folder.replace("/", "-") + ".tar.gz")
    try:
        with archive.open("wb") as file:
            pack(folders, file)
        data.upload(spec.role_arn, output.uri, archive)
    finally:
        archive.unlink(missing_ok=True)


def _upload_files(data: DataAccess, spec: JobSpec, output: Output, folders: list[Path]) -> None:
    for name, path in _files(folders):
        if path.is_file():
            data.upload(spec.role_arn, f"{output.uri.rstrip('/')}/{name}", path)


def _files(folders: list[Path]) -> Iterator[tuple[str, Path]]:
    """Names below the folders in one order, folders before what is in them, with the files and folders they stand for.

    A link to a file inside stands for that file; other links, pipes, sockets and devices are left out.
    """
    inside = [folder.resolve() for folder in folders]
    found: dict[str, Path] = {}
    for folder in folders:
        for path in below(folder):
            found.setdefault(str(path.relative_to(folder)), path)
    for name in sorted(found):
        path = found[name]
        target = path.resolve()
        if target.is_file():
            if any(target.is_relative_to(top) for top in inside):
                yield name, target
        elif path.is_dir() and not path.is_symlink():
            yield name, path


def pack(folders: list[Path], file: IO[bytes]) -> None:
    """Writes the files of the folders as a `tar.gz` that depends on their names and bytes only."""
    with (
        gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) as packed,
        tarfile.open(fileobj=cast(IO[bytes], packed), mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, path in _files(folders):
            member = tarfile.TarInfo(name)
            if path.is_dir():
                member.type, member.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(member)
                continue
            with path.open("rb") as content:
                state = os.fstat(content.fileno())
                member.size, member.mode = state.st_size, 0o755 if state.st_mode & 0o100 else 0o644
                archive.addfile(member, content)


class FolderSync:
    """Keeps an S3 prefix in step with a folder of each host while a job runs.

    A file is uploaded when it has not changed for one look, so that half-written ones stay away. As in SageMaker all
    hosts share the prefix: hosts that write need names of their own.

    Args:
        role_arn: writes with this role.
        uri: the prefix.
        folders: each host's folder.
    """

    def __init__(self, data: DataAccess, role_arn: str, uri: str, folders: list[Path]) -> None:
        self._data = data
        self._role_arn = role_arn
        self._prefix = uri.rstrip("/")
        self._folders = folders
        self._seen: dict[Path, tuple[int, int]] = {}
        self._stored: dict[Path, tuple[int, int]] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"sync {uri}", daemon=True)

    def start(self) -> None:
        """Begins to look."""
        self._thread.start()

    def close(self) -> None:
        """Stores what is left; returns when it is stored.

        Raises:
            DataError: it cannot be.
        """
        self.stop()
        self._look(final=True)

    def stop(self) -> None:
        """Ends looking; what is not stored yet is left."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def leave_out(self, folder: Path) -> None:
        """Counts what a folder holds now as stored."""
        for path in below(folder):
            with _opened(path, folder) as file:
                if file is not None:
                    self._stored[path] = _mark(file)

    def _run(self) -> None:
        while not self._ended.wait(_SYNC_SECONDS):
            try:
                self._look(final=False)
            except (DataError, OSError) as error:  # the program may do anything to its folder meanwhile
                _log.warning("%s: %s", self._prefix, error)

    def _look(self, *, final: bool) -> None:
        for folder in self._folders:
            for path in below(folder):
                with _opened(path, folder) as file:
                    if file is None:
                        continue
                    mark = _mark(file)
                    if self._stored.get(path) != mark and (final or self._seen.get(path) == mark):
                        uri = f"{self._prefix}/{path.relative_to(folder)}"
                        with told_as_data_error(uri, self._role_arn):
                            self._data.upload(self._role_arn, uri, processes.path_of(file, path))
                        self._stored[path] = mark
                    self._seen[path] = mark


class CheckpointSync(FolderSync):
    """Keeps the prefix of a job's checkpoints in step with each host's folder of them.

    Args:
        folders: each host's checkpoint folder.
    """

    def __init__(self, data: DataAccess, spec: JobSpec, folders: list[Path]) -> None:
        super().__init__(data, spec.role_arn, spec.checkpoint_uri, folders)

    def start(self) -> None:
        """Begins to look; what the other hosts hold already was restored, and is not theirs to store."""
        for folder in self._folders[1:]:
            self.leave_out(folder)
        super().start()


class ContinuousUploads:
    """Stores the outputs of mode "Continuous" while the programs run.

    Args:
        roots: each host's `/opt/ml`.
    """

    def __init__(self, data: DataAccess, spec: JobSpec, roots: list[Path]) -> None:
        self._syncs = [
            FolderSync(data, spec.role_arn, output.uri, [root / output.folder for root in roots])
            for output in spec.outputs
            if output.mode == "Continuous"
        ]

    def start(self) -> None:
        """Begins to look for files."""
        for sync in self._syncs:
            sync.start()

    def close(self) -> None:
        """Ends looking; `upload_outputs` stores what is left."""
        for sync in self._syncs:
            sync.stop()


@contextlib.contextmanager
def _opened(path: Path, folder: Path) -> Iterator[int | None]:
    """A descriptor of a plain file below the folder, None for anything else.

    The program that owns the folder runs meanwhile: what was opened, not what its name may mean a moment later, counts.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        yield None
        return
    try:
        opened = processes.path_of(file, path).resolve()
        plain = stat.S_ISREG(os.fstat(file).st_mode)
        yield file if plain and opened == folder.resolve() / path.relative_to(folder) else None
    finally:
        os.close(file)


def _mark(file: int) -> tuple[int, int]:
    """What changes when a file does."""
    state = os.fstat(file)
    return state.st_mtime_ns, state.st_size
