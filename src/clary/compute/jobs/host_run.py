"""One host of a job: its folder, its program while that runs, and its log."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from clary.compute.contract import Executor, JobSpec, RunningProgram
from clary.compute.failures import failure_reason
from clary.compute.folder import program_environment
from clary.compute.jobs.log_collector import LogCollector
from clary.storage.logs import Logs
from clary.storage.metrics import Metrics


class HostRun:
    """The program of one host.

    Args:
        name: "algo-1".
        root: its `/opt/ml`, laid out.
        pipe: the named pipe for its output.
        stream: its log stream.
        hidden: words that its log must not show.
    """

    def __init__(
        self, spec: JobSpec, name: str, root: Path, pipe: Path, stream: str, hidden: Sequence[str] = ()
    ) -> None:
        self._hidden = hidden
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
        self._collector = LogCollector(logs, metrics, self._spec, self._pipe, self._stream, hidden=self._hidden)
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


def with_meeting_place(spec: JobSpec) -> JobSpec:
    """The job with the address where programs of several hosts find each other; host names do not resolve here.

    Clary's own programs keep the network then, even where the job asks for none: the hosts of an isolated job reach one
    another in SageMaker too, and a namespace for each would keep them apart.
    """
    if spec.hosts == 1:
        return spec
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{server.getsockname()[1]}"
    environment = {"CLARY_RENDEZVOUS": address, **spec.program.environment}
    limits = replace(spec.limits, network=spec.limits.network or bool(spec.program.entry))
    return replace(spec, program=replace(spec.program, environment=environment), limits=limits)
