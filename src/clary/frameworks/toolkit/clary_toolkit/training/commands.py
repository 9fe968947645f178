"""Runs programs below this one: their output goes on, the end of what they say on stderr is kept."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any

from .failure import ExecuteUserScriptError
from .job import Job

_KEPT_BYTES = 8192
_READ_BYTES = 1 << 16


class Command:
    """A started program.

    Args:
        variables: added to this process's own environment.
    """

    def __init__(self, job: Job, command: Sequence[str], variables: Mapping[str, str] | None = None) -> None:
        self.line = " ".join(command)
        self._said = b""
        self.process = subprocess.Popen(
            command, cwd=job.code, stderr=subprocess.PIPE, env={**os.environ, **(variables or {})}
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait(self) -> int:
        """The exit code as a shell tells it, when the program and what it wrote are over."""
        code = self.process.wait()
        self._reader.join(timeout=2.0)  # a process it left behind may hold its stderr open for ever
        return code if code >= 0 else 128 - code

    @property
    def said(self) -> str:
        """The end of what it wrote to stderr."""
        return self._said.decode("utf-8", "replace").rstrip()

    def _read(self) -> None:
        assert self.process.stderr is not None
        descriptor = self.process.stderr.fileno()
        while data := os.read(descriptor, _READ_BYTES):
            with contextlib.suppress(OSError):
                os.write(2, data)
            self._said = (self._said + data)[-_KEPT_BYTES:]


def run_command(job: Job, command: Sequence[str], variables: Mapping[str, str] | None = None) -> int:
    """Runs one program; a SIGTERM goes on to it.

    Returns:
        0.

    Raises:
        ExecuteUserScriptError: it failed.
    """
    with Orders() as orders:
        started = orders.start(Command(job, command, variables))
        code = started.wait()
    if code != 0:
        raise ExecuteUserScriptError(started.said or f"the program ended with exit code {code}", code, started.line)
    return 0


class Orders:
    """While this lasts, a SIGTERM to this process is one to the programs started in it, at whatever moment it comes."""

    def __init__(self) -> None:
        self._started: list[Command] = []
        self._told = False
        self._before: Any = None

    def __enter__(self) -> Orders:
        self._before = signal.signal(signal.SIGTERM, self._terminate)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGTERM, self._before)

    def start(self, command: Command) -> Command:
        """From now on the program hears the order too; at once if that has come already."""
        self._started.append(command)
        if self._told:
            command.process.terminate()
        return command

    def _terminate(self, _number: int, _frame: FrameType | None) -> None:
        self._told = True
        for command in self._started:
            with contextlib.suppress(ProcessLookupError):
                command.process.terminate()
