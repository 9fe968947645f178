"""The default executor: processes of this machine.

Clary's own programs (`entry`) are forked from a process that has the learning libraries loaded, into namespaces of
their own (`compute.confinement`). Programs that users bring (`argv`) run in bubblewrap. Where the kernel allows
neither, they run without, and `clary doctor` says so. Both get a memory limit, threads for their CPUs, a session of
their own, no core dumps, no way to gain privileges, and a keeper that ends whatever they leave behind.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from clary.compute.contract import Limits, Program
from clary.compute.executors import isolation, tree
from clary.compute.executors.volume import VolumeWatch
from clary.compute.exits import signal_or_code
from clary.compute.forking.child import EAGER_THREADS, PATIENT_THREADS
from clary.compute.forking.confinement import Confinement
from clary.compute.forking.program import ForkedProgram
from clary.compute.forking.server import ForkServer
from clary.compute.machine import is_busy, this_machine

_LOOK_SECONDS = 0.5
_INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


class ProcessExecutor:
    """Runs programs as processes of this machine; keeps the promises of `contract.Executor`.

    A memory limit holds for each process (the kernel refuses more) and for the whole tree (it is ended, and its log
    says so); a tree of too many processes is ended, too.

    Args:
        launcher: starts the processes. Programs end when it does.
        hidden: folders that isolated programs must not see.
    """

    def __init__(self, launcher: ForkServer, hidden: Sequence[Path] = ()) -> None:
        self._launcher = launcher
        self._hidden = tuple(hidden)

    @property
    def isolation(self) -> str:
        """How programs are isolated on this machine, or why they are not."""
        return isolation.probe().description

    def start(self, program: Program, folder: Path, limits: Limits, log: Path) -> ProcessProgram:
        """Starts a program.

        Args:
            folder: what it finds at `/opt/ml`, or gets as its first argument.
            log: where its output is appended; may be a named pipe that is being read.

        Raises:
            OSError: it cannot be started.
        """
        machine = this_machine()
        environment = _inherited()
        memory_bytes = machine.clamp_memory(limits.memory_bytes)
        argv: list[str] = []
        confinement = None
        if program.argv:
            argv, environment = self._isolated(program, folder, limits, environment)
        else:
            environment["HOME"] = os.environ.get("HOME", "/")
            hidden = tuple(str(path) for path in self._hidden)
            confinement = Confinement.of(program, limits, (str(folder),), hidden, memory_bytes)
            environment |= program.environment
        wrapped = bool(argv and isolation.probe().bubblewrap)
        forked = self._launcher.spawn(
            program.entry,
            [folder, *program.args],
            argv=argv,
            environment=environment,
            output=log,
            folder=folder,
            cpus=machine.clamp_cpus(limits.cpus),
            memory_bytes=memory_bytes,
            die_with_parent=True,
            contain=True,
            signal_depth=isolation.SIGNAL_DEPTH if wrapped else 0,
            confinement=confinement,
        )
        volume = VolumeWatch(folder, limits.volume_bytes if program.argv else 0)
        return ProcessProgram(forked, memory_bytes, log, volume, wrapped=wrapped)

    def _isolated(
        self, program: Program, folder: Path, limits: Limits, inherited: Mapping[str, str]
    ) -> tuple[list[str], dict[str, str]]:
        """The command of a program that a user brought, and the variables it is started with.

        Raises:
            OSError: it asks for an isolation that this machine cannot give.
        """
        # `python` is the one Clary runs on, unless the program has an environment of its own; its /tmp is empty.
        path = f"{Path(sys.executable).parent}{os.pathsep}{inherited['PATH']}"
        given = {"HOME": "/tmp", "PYTHONUNBUFFERED": "1", "PATH": path}  # noqa: S108 - its own, empty one
        bubblewrap = isolation.probe().bubblewrap
        if bubblewrap:
            outer, variables = isolation.split_environment({**inherited, **given, **program.environment})
            argv = isolation.command(
                bubblewrap,
                program.argv,
                folder,
                self._hidden,
                network=limits.network,
                visible=program.visible,
                variables=variables,
                scratch_bytes=this_machine().clamp_memory(limits.memory_bytes),
            )
            return argv, outer
        if not limits.network:
            raise OSError("the job asks for network isolation, which this machine cannot give: " + self.isolation)
        argv = [part.replace(isolation.ML_FOLDER, str(folder)) for part in program.argv]
        given |= {"HOME": str(folder), "SAGEMAKER_BASE_DIR": str(folder)} | program.environment
        given["PATH"] = given["PATH"].replace(isolation.ML_FOLDER, str(folder))
        return argv, {**inherited, **given}


def _inherited() -> dict[str, str]:
    """What every program gets of Clary's own environment, and how its threads wait for each other."""
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    threads = PATIENT_THREADS if is_busy() else EAGER_THREADS
    return {"PATH": os.defpath, "LANG": "C.UTF-8", **threads, **environment}


class ProcessProgram:
    """A program that runs as processes of this machine; keeps the promises of `contract.RunningProgram`."""

    def __init__(
        self, forked: ForkedProgram, memory_bytes: int, log: Path, volume: VolumeWatch, *, wrapped: bool
    ) -> None:
        self._forked = forked
        self._volume = volume
        self._memory_bytes = memory_bytes
        self._log = log
        self._wrapped = wrapped
        guard = threading.Thread(target=self._guard, name=f"limits of {forked.pid}", daemon=True)
        guard.start()

    @property
    def pid(self) -> int:
        """The process that stands for the program: everything it started is below it."""
        return self._forked.pid

    def wait(self, timeout_seconds: float | None = None) -> int | None:
        """The exit code (negative: the signal that ended it), or None when it still runs after the timeout."""
        code = self._forked.wait(timeout_seconds)
        return signal_or_code(code) if code is not None and self._wrapped else code

    def terminate(self) -> None:
        """Sends SIGTERM to the program."""
        self._forked.terminate()

    def kill(self) -> None:
        """Ends the whole tree of processes at once."""
        self._forked.kill()

    def _guard(self) -> None:
        """Ends a tree that holds more than it may of memory, processes or its volume.

        One process alone meets its own memory limit first.
        """
        while self._forked.wait(_LOOK_SECONDS) is None:
            line = tree.exceeded(self.pid, self._memory_bytes, "program") or self._volume.exceeded()
            if line:
                with self._log.open("a", encoding="utf-8") as log:
                    log.write(line + "\n")
                self.kill()
                return
