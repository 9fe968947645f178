"""The virtual environments of the frameworks: built once on this machine, on first use, then kept.

FOLDER/NAME-py3.11-DIGEST/            a virtual environment; a new lock has another DIGEST
FOLDER/NAME-py3.11-DIGEST/ready.json  written last: without it the environment is not used, but built anew
FOLDER/NAME-py3.11-DIGEST.lock        held by the process that builds, and by what it has started
FOLDER/NAME-py3.11-DIGEST.log         what the last build told
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from clary.core.errors import ClaryError
from clary.frameworks.builds import Cancelled, Progress, build
from clary.frameworks.catalog import FRAMEWORKS, Framework

_PYTHON = f"py{sys.version_info.major}.{sys.version_info.minor}"
_LOOK_AGAIN_SECONDS = 0.2
_READY = "ready.json"

__all__ = ["Cancelled", "Environment", "EnvironmentNotBuilt", "Environments", "Installed"]


class EnvironmentNotBuilt(ClaryError):
    """A framework's environment could not be built; the message says why."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A framework's virtual environment. Whoever uses it must not write into it.

    Attributes:
        name: "scikit-learn-1.2".
        folder: the virtual environment; `folder / "bin"` belongs on a program's PATH.
        python: its interpreter.
    """

    name: str
    folder: Path
    python: Path

    @property
    def site_packages(self) -> Path:
        """Where its packages lie."""
        return self.folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


@dataclass(frozen=True, slots=True)
class Installed:
    """What is known of an environment that is there.

    Attributes:
        id: the name of its folder.
        built: when, in seconds since 1970.
        build_seconds: how long that took.
        size_bytes: what it holds on disk.
        is_current: whether it is what the catalogue asks for; else it is of an older lock or another Python.
    """

    id: str
    name: str
    built: float
    build_seconds: float
    size_bytes: int
    is_current: bool


class Environments:
    """All environments of this machine; several processes may use one folder at a time.

    Args:
        folder: where they are kept; outside of the data folder, because they are made anew when they are gone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, framework: Framework) -> Environment | None:
        """The framework's environment if it is there, complete and runs."""
        folder = self._folder / _id(framework)
        environment = Environment(framework.environment_name, folder, folder / "bin" / "python3")
        # The link is broken when the Python that it was made with has been removed.
        return environment if (folder / _READY).is_file() and environment.python.exists() else None

    def ready(
        self,
        framework: Framework,
        progress: Progress = lambda line: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Environment:
        """The framework's environment, built if need be: seconds to minutes then, else at once.

        Args:
            progress: called with one line after another while it is being built, by whichever process.
            cancelled: looked at several times a second; True gives up.

        Raises:
            EnvironmentNotBuilt: the message says why and what to do.
            Cancelled: `cancelled` said so.
        """
        found = self.find(framework)
        if found is not None:
            return found
        name = _id(framework)
        self._make_folder()
        with self._locked(name, progress, cancelled) as lock:
            found = self.find(framework)  # another process may have built it meanwhile
            if found is None:
                self._build(framework, progress, cancelled, lock)
                found = self.find(framework)
        if found is None:
            raise EnvironmentNotBuilt(f"the environment {name} is gone as soon as it was built: {self._folder / name}")
        return found

    def installed(self) -> list[Installed]:
        """The environments that are there and complete, by name."""
        current = {_id(framework) for framework in FRAMEWORKS}
        found = []
        for stamp in sorted(self._folder.glob(f"*/{_READY}")):
            told = json.loads(stamp.read_text(encoding="utf-8"))
            identity = stamp.parent.name
            found.append(
                Installed(
                    identity,
                    told["name"],
                    told["built"],
                    told["build_seconds"],
                    _size_bytes(stamp.parent),
                    is_current=identity in current,
                )
            )
        return found

    def remove(self, name: str) -> list[str]:
        """Removes the environments of that name or id, complete or not; their ids."""
        removed = []
        for folder in sorted(path for path in self._folder.glob("*") if path.is_dir()):
            if name in (folder.name, folder.name.rsplit("-", 2)[0]):
                with self._locked(folder.name, lambda line: None, lambda: False):
                    (folder / _READY).unlink(missing_ok=True)
                    shutil.rmtree(folder, ignore_errors=True)
                    self._log(folder.name).unlink(missing_ok=True)
                removed.append(folder.name)
        return removed

    def _build(self, framework: Framework, progress: Progress, cancelled: Callable[[], bool], lock: int) -> None:
        name = _id(framework)
        folder = self._folder / name
        started = time.monotonic()
        shutil.rmtree(folder, ignore_errors=True)
        with self._log(name).open("w", encoding="utf-8", buffering=1) as log:

            def tell(line: str) -> None:
                log.write(line + "\n")
                progress(line)

            try:
                build(framework, folder, tell, cancelled, lock)
            except BaseException as error:
                shutil.rmtree(folder, ignore_errors=True)
                if isinstance(error, ClaryError | OSError):
                    raise EnvironmentNotBuilt(
                        f"the environment {framework.environment_name} could not be built: {error}"
                    ) from error
                raise
            seconds = round(time.monotonic() - started, 1)
            stamp = {"name": framework.environment_name, "built": time.time(), "build_seconds": seconds}
            _write_last(folder / _READY, json.dumps(stamp))
            tell(f"The environment {framework.environment_name} is ready after {seconds:.0f} s.")

    @contextlib.contextmanager
    def _locked(self, name: str, progress: Progress, cancelled: Callable[[], bool]) -> Iterator[int]:
        """Holds the lock of one environment; while another process has it, its log is told as progress."""
        with (self._folder / f"{name}.lock").open("a") as lock:
            told = 0
            while not _try_lock(lock.fileno()):
                told = self._tell_of_other(name, told, progress)
                if cancelled():
                    raise Cancelled
                time.sleep(_LOOK_AGAIN_SECONDS)
            yield lock.fileno()

    def _tell_of_other(self, name: str, told: int, progress: Progress) -> int:
        with contextlib.suppress(OSError):
            lines = self._log(name).read_text(encoding="utf-8").splitlines()
            for line in lines[told:]:
                progress(line)
            return max(told, len(lines))
        return told

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EnvironmentNotBuilt(
                f"the folder for framework environments cannot be made: {error}; choose another with the setting "
                "frameworks_folder"
            ) from error


def _id(framework: Framework) -> str:
    pins = "\n".join([*framework.pins, *framework.cpu_packages])
    digest = hashlib.sha256(pins.encode()).hexdigest()[:8]
    return f"{framework.environment_name}-{_PYTHON}-{digest}"


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_last(path: Path, text: str) -> None:
    """Puts a file in place as a whole; after a loss of power it is there only if what was written before is."""
    os.sync()
    half = path.with_suffix(".half")
    with half.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)


def _size_bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            status = path.lstat()
            total += status.st_blocks * 512
    return total
