"""A replica that serves from an image: SageMaker's contract (`serve`, port 8080), behind a Unix socket like the others.

A second container, which has nothing but the machine's own Python in sight, shares the network of the first and passes
connections from the socket on to its port. So a replica whose network is isolated has none at all and can be asked all
the same, and no port of this machine is opened.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from clary.compute.containers import relay
from clary.compute.containers.access import ContainerAccess
from clary.compute.containers.bare import provide_bare_image, python_config
from clary.compute.containers.engine import EngineError
from clary.compute.containers.program import DATA_LABEL, ENTRY, ContainerRun
from clary.compute.containers.running import (
    ContainerProgram,
    container_config,
    outward_network,
    process_environment,
)
from clary.compute.contract import ReplicaPlan
from clary.compute.forking.spawner import Spawner
from clary.compute.machine import this_machine

PORT = 8080


def start_container(
    spawner: Spawner,
    access: ContainerAccess,
    plan: ReplicaPlan,
    root: Path,
    socket_path: Path,
    output: int,
    data: Path | None = None,
) -> ContainerProgram:
    """Starts a container of the plan's image that answers on `socket_path`, once its program listens.

    Args:
        root: its `model` is what the container finds at `/opt/ml/model`, read-only.
        output: where its output goes.
        data: Clary's data folder, by which the container is labelled.

    Raises:
        OSError: there is no engine, or no such image.
    """
    try:
        engine = access.engine()
        image = access.provide(engine, plan.program.image)
        provide_bare_image(engine)
        network = outward_network(engine) if plan.limits.network else "none"
    except EngineError as error:
        raise OSError(str(error)) from error
    name = f"clary-{secrets.token_hex(8)}"
    memory_bytes = this_machine().clamp_memory(plan.limits.memory_bytes)
    environment = {"SAGEMAKER_BIND_TO_PORT": str(PORT), **plan.program.environment}
    config: dict[str, Any] = container_config(
        image, plan.program, environment, this_machine().clamp_cpus(plan.limits.cpus), memory_bytes
    )
    model = root / "model"
    model.mkdir(exist_ok=True)
    config["HostConfig"] |= {"Binds": [f"{model}:/opt/ml/model:ro"], "NetworkMode": network}
    beside = python_config(
        Path(relay.__file__).resolve(),
        [str(socket_path), str(PORT)],
        network="container:{container}",
        writable=[socket_path.parent],
    )
    run = ContainerRun(
        name,
        config,
        beside=((f"{name}-relay", beside),),
        memory_bytes=memory_bytes,
        labels={DATA_LABEL: str(data or "")},
    )
    process = spawner.spawn(
        ENTRY, [engine.socket_path, run.to_json()], environment=process_environment(), output=output, folder=root
    )
    return ContainerProgram(process, engine, name)
