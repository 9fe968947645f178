"""Runs programs of images in containers: dockerd, or podman's service, over the Docker Engine API.

Each container has a process of this machine that stands for it (`containers.program`): started by the fork server like
every program, it ends when the supervisor does, and takes the container with it.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from clary.compute.containers.access import ContainerAccess
from clary.compute.containers.engine import Engine, EngineError
from clary.compute.containers.ownership import open_to_any_user
from clary.compute.containers.program import DATA_LABEL, ENTRY, FOLDER_LABEL, ContainerRun, sweep
from clary.compute.containers.running import ContainerProgram, container_config, outward_network, process_environment
from clary.compute.contract import Limits, Program
from clary.compute.forking.server import ForkServer
from clary.compute.machine import this_machine

_ML_FOLDER = "/opt/ml"


class ContainerExecutor:
    """Runs programs with an `image`; keeps the promises of `contract.Executor`.

    A memory limit holds for all processes of a container together; the kernel ends one of them beyond it, and the log
    says so.

    Args:
        launcher: starts the processes that stand for containers. Containers end when it does.
        hidden: Clary's data first; its containers are labelled with it.
        access: the engine and the images.
    """

    def __init__(
        self, launcher: ForkServer, hidden: Sequence[Path] = (), access: ContainerAccess | None = None
    ) -> None:
        self._launcher = launcher
        self._data = str(hidden[0]) if hidden else ""
        self._access = access or ContainerAccess()

    @property
    def isolation(self) -> str:
        """What runs containers on this machine, or why nothing does."""
        try:
            engine = self._access.engine()
            return f"Programs in images run in containers of {engine.version()} ({engine.socket_path})."
        except EngineError as error:
            return f"Images cannot be run: {error.message}."

    def start(self, program: Program, folder: Path, limits: Limits, log: Path) -> ContainerProgram:
        """Starts a container of the program's image, with `folder` at `/opt/ml`.

        Raises:
            clary.compute.contract.NoSuchImage: its image does not exist.
            OSError: there is no engine, or it cannot load the image.
        """
        if not program.image:
            raise OSError("a container runs an image, and this program has none")
        try:
            engine = self._access.engine_for(program.image)
            sweep(engine, {FOLDER_LABEL: str(folder)})
            open_to_any_user(folder)
            image = self._access.provide(engine, program.image)
            run = self._run(engine, image, program, folder, limits)
        except EngineError as error:
            raise OSError(str(error)) from error
        process = self._launcher.spawn(
            ENTRY, [engine.socket_path, run.to_json()], environment=process_environment(), output=log, folder=folder
        )
        return ContainerProgram(process, engine, run.name)

    def _run(self, engine: Engine, image: str, program: Program, folder: Path, limits: Limits) -> ContainerRun:
        machine = this_machine()
        memory_bytes = machine.clamp_memory(limits.memory_bytes)
        config = container_config(image, program, program.environment, machine.clamp_cpus(limits.cpus), memory_bytes)
        host, hosts = _hosts(folder)
        config["HostConfig"]["Binds"] = [f"{folder}:{_ML_FOLDER}"]
        config["Hostname"] = host
        own = f"clary-{folder.parent.name}" if len(hosts) > 1 else ""
        if own:  # the hosts of an isolated job reach each other and nothing else, as on SageMaker
            config["HostConfig"]["NetworkMode"] = own
            config["NetworkingConfig"] = {"EndpointsConfig": {own: {"Aliases": [host]}}}
        else:
            config["HostConfig"]["NetworkMode"] = outward_network(engine) if limits.network else "none"
            if not limits.network:  # where there is a network, the engine itself writes the name into /etc/hosts
                config["HostConfig"]["ExtraHosts"] = [f"{host}:127.0.0.1"]
        return ContainerRun(
            f"clary-{secrets.token_hex(8)}",
            config,
            network=own,
            internal=not limits.network,
            failure_file=str(folder / "output" / "failure"),
            memory_bytes=memory_bytes,
            taken_over="" if os.getuid() == 0 else str(folder),
            labels={FOLDER_LABEL: str(folder), DATA_LABEL: self._data},
        )


def _hosts(folder: Path) -> tuple[str, list[str]]:
    """The name of this host and of all hosts of the job."""
    try:
        resources = json.loads((folder / "input/config/resourceconfig.json").read_text(encoding="utf-8"))
        return str(resources["current_host"]), list(resources["hosts"])
    except (OSError, ValueError, KeyError):
        return "algo-1", ["algo-1"]
