"""The default executor: processes of this machine.

Clary's own programs (`entry`) are forked from a process that has the learning libraries loaded, into namespaces of
their own (`compute.confinement`). Programs that users bring (`argv`) run in bubblewrap. Where the kernel allows
neither, they run without, and `clary doctor` says so. Both get a memory limit, threads for their CPUs, a session of
their own, no core dumps, no way to gain privileges, and a keeper that ends whatever they leave behind.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from clary.compute import processes
from clary.compute.confinement import Confinement
from clary.compute.contract import Limits, Program
from clary.compute.executors import isolation
from clary.compute.executors.volume import VolumeWatch
from clary.compute.forkserver import ForkedProgram, ForkServer
from clary.compute.machine import gibibytes, this_machine

_LOOK_SECONDS = 0.5
_INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
_SIGNALLED = 128


class ProcessExecutor:
    """Runs programs as processes of this machine; keeps the promises of `contract.Executor`.

    A memory limit holds for each process (the kernel refuses more) and for the whole tree (it is ended, and its log
    says so).

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
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        environment.setdefault("PATH", os.defpath)
        environment.setdefault("LANG", "C.UTF-8")
        memory_bytes = machine.clamp_memory(limits.memory_bytes)
        argv: list[str] = []
        depth = 0
        wrapped = False
        confinement = None
        if program.argv:
            path = (
                f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"  # `python` is the one Clary runs on
            )
            environment |= {"HOME": "/tmp", "PYTHONUNBUFFERED": "1", "PATH": path}  # noqa: S108 - its own, empty one
            bubblewrap = isolation.probe().bubblewrap
            if bubblewrap:
                wrapped = True
                depth = isolation.SIGNAL_DEPTH
                argv = isolation.command(
                    bubblewrap,
                    program.argv,
                    folder,
                    self._hidden,
                    network=limits.network,
                    visible=program.visible,
                )
            elif not limits.network:
                raise OSError("the job asks for network isolation, which this machine cannot give: " + self.isolation)
            else:
                environment |= {"HOME": str(folder), "SAGEMAKER_BASE_DIR": str(folder)}
                argv = [part.replace(isolation.ML_FOLDER, str(folder)) for part in program.argv]
                path = program.environment.get("PATH", "").replace(isolation.ML_FOLDER, str(folder))
                program = replace(program, environment=program.environment | ({"PATH": path} if path else {}))
        else:
            environment["HOME"] = os.environ.get("HOME", "/")
            hidden = tuple(str(path) for path in self._hidden)
            confinement = Confinement((str(folder), *program.writable), hidden, network=limits.network)
        forked = self._launcher.spawn(
            program.entry,
            [folder, *program.args],
            argv=argv,
            environment=environment | program.environment,
            output=log,
            folder=folder,
            cpus=machine.clamp_cpus(limits.cpus),
            memory_bytes=memory_bytes,
            die_with_parent=True,
            contain=True,
            signal_depth=depth,
            confinement=confinement,
        )
        volume = VolumeWatch(folder, limits.volume_bytes if program.argv else 0)
        return ProcessProgram(forked, memory_bytes, log, volume, wrapped=wrapped)


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
        if code is not None and self._wrapped and code > _SIGNALLED and code - _SIGNALLED in set(signal.Signals):
            return _SIGNALLED - code  # bubblewrap tells a signal as a shell does
        return code

    def terminate(self) -> None:
        """Sends SIGTERM to the program."""
        self._forked.terminate()

    def kill(self) -> None:
        """Ends the whole tree of processes at once."""
        self._forked.kill()

    def _guard(self) -> None:
        """Ends a tree that holds more memory than its instance has, or more disk than its volume.

        One process alone meets its own memory limit first.
        """
        while self._forked.wait(_LOOK_SECONDS) is None:
            line = self._volume.exceeded()
            held = processes.resident_bytes(self.pid)
            if held > self._memory_bytes:
                line = f"Killed: the program's processes hold {gibibytes(held)} of memory together,"
                line += f" more than the {gibibytes(self._memory_bytes)} of the instance."
            if line:
                with self._log.open("a", encoding="utf-8") as log:
                    log.write(line + "\n")
                self.kill()
                return
