"""Ways to run a job's programs. Adding one takes a file here and a line in `EXECUTORS`.

Every executor keeps the promises of `compute.contract.Executor`; `tests/contracts/test_executors.py` holds it to them.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from clary.compute.containers.access import ContainerAccess
from clary.compute.contract import Executor, Program
from clary.compute.forking.server import ForkServer

EXECUTORS: dict[str, str] = {
    "process": "clary.compute.executors.process:ProcessExecutor",
    "container": "clary.compute.executors.container:ContainerExecutor",
}


def executor(
    name: str, launcher: ForkServer, hidden: tuple[Path, ...] = (), access: ContainerAccess | None = None
) -> Executor:
    """The executor of that name.

    Args:
        launcher: starts processes.
        hidden: folders that programs which users brought must not see (Clary's data).
        access: for containers: the engine, and the images of this Clary.
    """
    module, _, attribute = EXECUTORS[name].partition(":")
    further = (access,) if name == "container" else ()
    made: Executor = getattr(importlib.import_module(module), attribute)(launcher, hidden, *further)
    return made


def executor_for(program: Program, default: str) -> str:
    """The name of the executor that can run a program: images run in containers, whatever else is chosen."""
    return "container" if program.image else default
