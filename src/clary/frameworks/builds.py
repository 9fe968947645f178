"""Builds one virtual environment with the `venv` and `pip` of this machine's Python.

pip and no other builder, because it obeys what its user has set up: indexes, mirrors, certificates, proxies.
"""

from __future__ import annotations

import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from clary.core.errors import ClaryError
from clary.frameworks.catalog import Framework

Progress = Callable[[str], None]

_LOOK_SECONDS = 0.2
_LAST_LINES = 12
_PIP = ("-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off", "--no-input", "--no-deps")
_COLLECTING = re.compile(r"(?:Collecting|Processing|Requirement already satisfied:) (?:\S*/)?(\S+)")
_INSTALLING = re.compile(r"Installing collected packages|Downloading \S+\.whl \(.*[MG]B\)")


class Cancelled(Exception):
    """The build was given up, as it was asked to."""


class BuildFailed(ClaryError):
    """A step of a build failed; the message has the step and its last lines."""


def build(framework: Framework, folder: Path, tell: Progress, cancelled: Callable[[], bool], lock: int) -> None:
    """Builds an environment in a folder that is not there yet.

    Args:
        tell: called with lines of progress.
        lock: a descriptor that the programs inherit, so that its lock is held until the last of them has ended.

    Raises:
        BuildFailed: a step failed.
        Cancelled: it was given up.
    """
    name = framework.environment_name
    pins = framework.pins
    steps = _Steps(tell, cancelled, lock)
    tell(f"Building the environment {name} ({len(pins)} packages, once on this machine).")
    steps.run("venv", [sys.executable, "-m", "venv", str(folder)])
    python = str(folder / "bin" / "python3")
    _install_cpu_builds(framework, python, steps, tell)
    steps.run("pip", [python, *_PIP, "-r", str(framework.lock)], expected=len(pins))
    tell(f"Checking that {', '.join(framework.modules)} can be imported.")
    steps.run("import", [python, "-c", f"import {', '.join(framework.modules)}"])


def _install_cpu_builds(framework: Framework, python: str, steps: _Steps, tell: Progress) -> None:
    """Takes some packages from an index of builds without CUDA, which are gigabytes smaller.

    Where that index cannot be reached the first of them is taken from the usual ones, with whatever its build there
    needs (the exact versions are pinned in its own metadata); the others are left out, as they would not fit it.
    """
    if not framework.cpu_packages:
        return
    wanted = list(framework.cpu_packages)
    if shutil.which("nvidia-smi") is None:
        try:
            # One look without retries: a machine without a way there must not wait for it.
            from_index = ["--retries", "0", "--timeout", "20", "--index-url", framework.cpu_index]
            steps.run("pip", [python, *_PIP, *from_index, *wanted])
            return
        except BuildFailed:
            tell(f"{framework.cpu_index} does not answer: {wanted[0]} is taken from the usual index.")
            wanted = wanted[:1]
    without_no_deps = [part for part in _PIP if part != "--no-deps"]
    steps.run("pip", [python, *without_no_deps, "-c", str(framework.lock), *wanted])


class _Steps:
    """Runs the programs of a build, one after another."""

    def __init__(self, tell: Progress, cancelled: Callable[[], bool], lock: int) -> None:
        self._tell = tell
        self._cancelled = cancelled
        self._lock = lock

    def run(self, what: str, command: Sequence[str], expected: int = 0) -> None:
        """Runs a program.

        Args:
            expected: how many packages pip will collect, for the progress.

        Raises:
            BuildFailed: it ended with another code than 0.
            Cancelled: the build was given up.
        """
        environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[self._lock],
            env=environment,
        )
        last: list[str] = []
        collected = 0
        output = process.stdout
        assert output is not None
        try:
            for line in _lines(output.fileno(), self._cancelled):
                last = [*last, line][-_LAST_LINES:]
                if match := _COLLECTING.match(line):
                    collected += 1
                    self._tell(f"{match[1]} ({collected} of {expected})" if expected else match[1])
                elif _INSTALLING.search(line):
                    self._tell(line.strip()[:200])
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        finally:
            output.close()
        if process.wait() != 0:
            raise BuildFailed(f"{what} failed (exit code {process.returncode}): " + "\n".join(last or ["no output"]))


def _lines(descriptor: int, cancelled: Callable[[], bool]) -> Iterator[str]:
    """The lines a program writes, until it closes its output.

    Raises:
        Cancelled: `cancelled` said so meanwhile.
    """
    partial = b""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            if cancelled():
                raise Cancelled
            if not selector.select(_LOOK_SECONDS):
                continue
            data = os.read(descriptor, 1 << 16)
            *complete, partial = (partial + data).split(b"\n")
            for line in complete:
                yield line.decode("utf-8", "replace")
            if not data:
                break
    if partial:
        yield partial.decode("utf-8", "replace")
