"""The process that stands for a container on this machine: runs it, passes its output on, ends with it.

It is forked by the fork server as one of Clary's own programs. Whoever waits for it, signals it or dies before it does
to the container what he does to the process: SIGTERM is passed on; SIGUSR1, which also comes when the parent dies, ends
the container at once. A container whose process was killed outright is found by its labels and removed (`sweep`).
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from clary.compute import processes
from clary.compute.containers.engine import Engine, EngineError
from clary.compute.containers.ownership import take_over
from clary.compute.folder import is_inside
from clary.compute.machine import gibibytes

KILL = signal.SIGUSR1
ENTRY = "clary.compute.containers.program:main"
RUNNER_LABEL = "clary.runner"
DATA_LABEL = "clary.data"
FOLDER_LABEL = "clary.folder"
CANNOT_START = 125
"""The exit code of `docker run` when the container could not be started."""
_KILLED = 128 + signal.SIGKILL
_STDOUT = 1


@dataclass(frozen=True, slots=True)
class ContainerRun:
    """What is run, as the request of the engine's API.

    Attributes:
        name: of the container, unique.
        config: the body of its creation.
        network: a network to make before and to remove after it, "" for none; `internal` leads nowhere outside.
        beside: containers that are started when it runs, and end with it: name and config; "{container}" in the
            values of the config becomes its id.
        failure_file: where it is told that the container could not be started, "" for nowhere.
        memory_bytes: its limit, for the message when it goes beyond it.
        taken_over: a folder whose files, when it has ended, become Clary's own again; "" for none.
    """

    name: str
    config: dict[str, Any]
    network: str = ""
    internal: bool = False
    beside: tuple[tuple[str, dict[str, Any]], ...] = ()
    failure_file: str = ""
    memory_bytes: int = 0
    taken_over: str = ""
    labels: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """For `main`."""
        return json.dumps(asdict(self))


def main(socket_path: str, run: str) -> int:
    """Runs a container; the body of the forked process.

    Args:
        socket_path: the engine's.
        run: a `ContainerRun` as JSON.

    Returns:
        The container's exit code.
    """
    values = json.loads(run)
    values["beside"] = tuple((name, config) for name, config in values["beside"])
    return _Process(Engine(socket_path), ContainerRun(**values)).run()


class _Process:
    def __init__(self, engine: Engine, run: ContainerRun) -> None:
        self._engine = engine
        self._run = run
        self._container = ""
        self._ended = False
        self._killed = False
        self._terminated = False
        self._started = False

    def run(self) -> int:
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(KILL, self._on_signal)
        parent = os.getppid()
        processes.signal_me_when_my_parent_dies(parent, KILL)
        try:
            return self._live()
        except EngineError as error:
            return self._tell_failure(error)
        finally:
            self._clean()

    def _live(self) -> int:
        engine, run = self._engine, self._run
        labels = {**run.labels, RUNNER_LABEL: f"{os.getpid()}/{processes.start_ticks(os.getpid())}", "clary": "program"}
        if run.network:
            engine.create_network(run.network, internal=run.internal, labels=run.labels)
        self._container = engine.create(run.name, {**run.config, "Labels": labels})
        output = engine.attach(self._container)
        if self._killed:
            return _KILLED
        engine.start(self._container)
        self._started = True
        if self._killed or self._terminated:
            self._pass_on(signal.SIGKILL if self._killed else signal.SIGTERM)
        for name, config in run.beside:
            beside = {**_filled(config, self._container), "Labels": labels}
            engine.start(engine.create(name, beside))
        for piece in output:
            _write(piece)
        code = engine.wait(self._container)
        self._ended = True
        if code == _KILLED and engine.inspect(self._container)["State"].get("OOMKilled"):
            _write(
                f"Killed: the program's processes hold more than the {gibibytes(run.memory_bytes)} of memory of the "
                "instance.\n".encode()
            )
        if run.taken_over:
            engine.remove(self._container)
            take_over(engine, Path(run.taken_over))
        return code

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number == KILL:
            self._killed = True
        else:
            self._terminated = True
        if self._started and not self._ended:
            self._pass_on(signal.SIGKILL if number == KILL else signal.SIGTERM)

    def _pass_on(self, number: signal.Signals) -> None:
        with contextlib.suppress(EngineError):
            self._engine.kill(self._container, number.name)

    def _tell_failure(self, error: EngineError) -> int:
        message = f"the container cannot be started: {error.message}"
        if self._started:
            message = f"the container engine went away: {error.message}"
        _write(f"{message}\n".encode())
        if self._run.failure_file:
            _write_failure(Path(self._run.failure_file), f"ClientError: {message}")
        return CANNOT_START

    def _clean(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        names = [name for name, _ in self._run.beside]
        for name in (*names, self._container or self._run.name):
            with contextlib.suppress(EngineError):
                self._engine.remove(name)
        if self._run.network:
            with contextlib.suppress(EngineError):
                self._engine.remove_network(self._run.network)


def sweep(engine: Engine, labels: Mapping[str, str]) -> int:
    """Removes containers that nobody stands for any more; returns how many.

    Args:
        labels: which containers: those of one data folder, or of one job's folder.
    """
    removed = 0
    for container in engine.containers([f"{name}={value}" for name, value in labels.items()]):
        pid, _, ticks = container.get("Labels", {}).get(RUNNER_LABEL, "").partition("/")
        if not pid.isdigit() or str(processes.start_ticks(int(pid))) != ticks:
            engine.remove(container["Id"])
            removed += 1
    return removed


def _write_failure(path: Path, text: str) -> None:
    """Writes the failure file of a job's folder, unless the container put a link in its place."""
    root = path.parents[1]
    if is_inside(path, root):
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)


def _filled(config: Any, container: str) -> Any:
    if isinstance(config, dict):
        return {name: _filled(value, container) for name, value in config.items()}
    if isinstance(config, list):
        return [_filled(value, container) for value in config]
    return config.replace("{container}", container) if isinstance(config, str) else config


def _write(piece: bytes) -> None:
    view = memoryview(piece)
    try:
        while view:
            view = view[os.write(_STDOUT, view) :]
    except BrokenPipeError:  # nobody reads any more; the container runs on
        pass
