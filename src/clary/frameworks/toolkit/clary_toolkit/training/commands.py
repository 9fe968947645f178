"""Runs programs below this one: their output goes on, the end of what they say on stderr is kept."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType

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
    started = Command(job, command, variables)
    with passing_on([started]):
        code = started.wait()
    if code != 0:
        raise ExecuteUserScriptError(started.said or f"the program ended with exit code {code}", code, started.line)
    return 0


@contextlib.contextmanager
def passing_on(commands: Sequence[Command]) -> Iterator[None]:
    """While this lasts, a SIGTERM to this process is one to the programs."""

    def terminate(_number: int, _frame: FrameType | None) -> None:
        for command in commands:
            with contextlib.suppress(ProcessLookupError):
                command.process.terminate()

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
