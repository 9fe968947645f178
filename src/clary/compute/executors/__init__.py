"""Ways to run a job's programs. Adding one takes a file here and a line in `EXECUTORS`.

Every executor keeps the promises of `compute.contract.Executor`; `tests/contracts/test_executors.py` holds it to them.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from clary.compute.contract import Executor
from clary.compute.forkserver import ForkServer

EXECUTORS: dict[str, str] = {
    "process": "clary.compute.executors.process:ProcessExecutor",
}


def executor(name: str, launcher: ForkServer, hidden: tuple[Path, ...] = ()) -> Executor:
    """The executor of that name.

    Args:
        launcher: starts processes.
        hidden: folders that programs which users brought must not see (Clary's data).
    """
    module, _, attribute = EXECUTORS[name].partition(":")
    made: Executor = getattr(importlib.import_module(module), attribute)(launcher, hidden)
    return made
