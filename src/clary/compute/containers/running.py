"""Containers as their owner sees them: configured, started, waited for, signalled."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any, Protocol

from clary.compute.containers.bare import machine_limits
from clary.compute.containers.engine import Engine, EngineError
from clary.compute.containers.program import KILL
from clary.compute.contract import Program
from clary.compute.exits import Exit, signal_or_code

_NETWORK = "clary"
_MOST_SHARED_MEMORY_BYTES = 8 << 30


class StartedProcess(Protocol):
    """The process that stands for a container: `forking.program.ForkedProgram`."""

    exited: Future[int]

    @property
    def pid(self) -> int:
        """Its id."""
        ...

    def terminate(self) -> None:
        """Sends SIGTERM."""
        ...


class ContainerProgram(Exit):
    """A container and the process that stands for it; keeps the promises of `contract.RunningProgram`."""

    def __init__(self, process: StartedProcess, engine: Engine, name: str) -> None:
        super().__init__()
        self._process = process
        self._engine = engine
        self._name = name
        process.exited.add_done_callback(self._end)

    @property
    def pid(self) -> int:
        """The container's first process where this machine can see it, else the process that stands for it."""
        with contextlib.suppress(EngineError, KeyError, TypeError):
            return int(self._engine.inspect(self._name)["State"]["Pid"]) or self._process.pid
        return self._process.pid

    def terminate(self) -> None:
        """Sends SIGTERM to the container's program."""
        self._process.terminate()

    def kill(self) -> None:
        """Ends the container at once."""
        if not self.exited.done():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self._process.pid, KILL)

    def _end(self, exited: Future[int]) -> None:
        code = exited.result()
        if code < 0:  # the process was killed outright, so it could not remove its container
            with contextlib.suppress(EngineError):
                self._engine.remove(self._name)
        self.exited.set_result(signal_or_code(code))


def container_config(
    image: str, program: Program, environment: Mapping[str, str], cpus: int, memory_bytes: int
) -> dict[str, Any]:
    """The part of a container's configuration that training and serving share."""
    config: dict[str, Any] = {
        "Image": image,
        "Cmd": list(program.args),
        "Env": [f"{name}={value}" for name, value in environment.items()],
        "HostConfig": {
            "NanoCpus": cpus * 1_000_000_000,
            "Memory": memory_bytes,
            "MemorySwap": memory_bytes,
            "ShmSize": min(memory_bytes // 2, _MOST_SHARED_MEMORY_BYTES),
            "Init": True,  # signals reach a program that does not expect to be the first of all processes
            "LogConfig": {"Type": "none"},
            "SecurityOpt": ["no-new-privileges"],
            # No packets in the name of other containers of the same bridge, no devices in a folder of the machine's.
            "CapDrop": ["NET_RAW", "MKNOD"],
            "Ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}, *machine_limits()],
        },
    }
    if program.argv:
        config["Entrypoint"] = list(program.argv)
    return config


def outward_network(engine: Engine) -> str:
    """The network by which a container reaches the world: the engine's own bridge, or one that is made for Clary."""
    names = {network["Name"] for network in engine.networks()}
    for name in ("bridge", "podman", _NETWORK):
        if name in names:
            return name
    engine.create_network(_NETWORK, internal=False, labels={})
    return _NETWORK


def address_of_machine(engine: Engine) -> str:
    """The address that this machine has in the outward network, "" where the engine tells none."""
    name = outward_network(engine)
    for network in engine.networks():
        if network["Name"] == name:
            for config in (network.get("IPAM") or {}).get("Config") or ():
                if config.get("Gateway"):
                    return str(config["Gateway"])
    return ""


def process_environment() -> dict[str, str]:
    """What the process that stands for a container needs; the container gets nothing of it."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
