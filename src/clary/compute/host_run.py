"""One host of a job: its folder, its program while that runs, and its log."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from clary.compute.contract import Executor, JobSpec, RunningProgram
from clary.compute.failures import failure_reason
from clary.compute.folder import program_environment
from clary.compute.log_collector import LogCollector
from clary.storage.logs import Logs
from clary.storage.metrics import Metrics


class HostRun:
    """The program of one host.

    Args:
        name: "algo-1".
        root: its `/opt/ml`, laid out.
        pipe: the named pipe for its output.
        stream: its log stream.
    """

    def __init__(self, spec: JobSpec, name: str, root: Path, pipe: Path, stream: str) -> None:
        self._spec = spec
        self._name = name
        self._root = root
        self._pipe = pipe
        self._stream = stream
        self._program: RunningProgram | None = None
        self._collector: LogCollector | None = None

    def start(self, executor: Executor, logs: Logs, metrics: Metrics, ended: Callable[[int], None]) -> None:
        """Starts the program.

        Args:
            ended: called in another thread, once, with the exit code.

        Raises:
            OSError: it cannot be started.
        """
        self._collector = LogCollector(logs, metrics, self._spec, self._pipe, self._stream)
        environment = program_environment(self._spec, self._name) | self._spec.program.environment
        program = executor.start(
            replace(self._spec.program, environment=environment), self._root, self._spec.limits, self._pipe
        )
        self._program = program

        def wait() -> None:
            code = program.wait()
            assert code is not None
            ended(code)

        threading.Thread(target=wait, name=f"wait for {self._name}", daemon=True).start()

    def terminate(self) -> None:
        """Asks the program to end."""
        if self._program is not None:
            self._program.terminate()

    def kill(self) -> None:
        """Ends the program's whole tree."""
        if self._program is not None:
            self._program.kill()

    def close(self) -> None:
        """Stores the rest of the log; the program must have ended."""
        if self._collector is not None:
            self._collector.close()

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The last value of each metric in the log."""
        return self._collector.metrics if self._collector is not None else []

    def failure_reason(self, code: int) -> str:
        """Why the program failed, for the job's FailureReason."""
        lines = list(self._collector.last_lines) if self._collector is not None else []
        reason = failure_reason(self._spec, self._root, code, lines)
        if self._spec.hosts == 1:
            return reason
        blame, _, rest = reason.partition(": ")
        return f"{blame}: {self._name}: {rest}"
