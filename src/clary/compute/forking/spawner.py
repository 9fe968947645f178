"""What starts programs as processes, as far as those need to know who want programs started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Protocol

from clary.compute.forking.confinement import Confinement


class StartedProgram(Protocol):
    """A running program: `forking.program.ForkedProgram`.

    Attributes:
        exited: resolves to the exit code.
    """

    exited: Future[int]

    @property
    def pid(self) -> int:
        """Its process."""
        ...

    def wait(self, timeout_seconds: float | None = None) -> int | None:
        """Its exit code, None when it still runs after the timeout."""
        ...

    def terminate(self) -> None:
        """Sends SIGTERM."""
        ...

    def kill(self) -> None:
        """Ends the whole tree."""
        ...


class Spawner(Protocol):
    """Starts programs: `forking.server.ForkServer`."""

    def spawn(
        self,
        entry: str = "",
        args: Sequence[str | Path] = (),
        *,
        argv: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        output: Path | int | None = None,
        folder: Path | None = None,
        cpus: int = 0,
        memory_bytes: int = 0,
        die_with_parent: bool = False,
        contain: bool = False,
        signal_depth: int = 0,
        listening: int | None = None,
        confinement: Confinement | None = None,
    ) -> StartedProgram:
        """Starts `entry(*args)` or `argv` in a process of its own."""
        ...
