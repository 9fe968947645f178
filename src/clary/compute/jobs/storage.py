"""What a job's supervisor is given: the stores it works on, and how jobs are run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from clary.compute.containers.access import ContainerAccess
from clary.compute.preparation import NothingToPrepare, Preparation
from clary.compute.role_access import RoleAccess
from clary.storage.data_access import DataAccess
from clary.storage.logs import Logs
from clary.storage.metrics import Metrics
from clary.storage.records import Records


@dataclass(frozen=True, slots=True)
class JobStorage:
    """What a supervisor reads and writes; `close` is called when the job is finished.

    Attributes:
        containers: what runs images.
        role_access: lets the job's programs in as its role, given the name under which that is done; None where
            programs get no credentials.
    """

    records: Records
    data: DataAccess
    logs: Logs
    metrics: Metrics
    close: Callable[[], None]
    containers: ContainerAccess = ContainerAccess()
    role_access: Callable[[str], RoleAccess] | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """How jobs are run.

    Attributes:
        executor: a name in `EXECUTORS`.
        stop_seconds: between SIGTERM and SIGKILL.
        keep_folders: whether a finished job's folder stays.
        hidden: folders that programs which users brought must not see.
        preparation: makes programs ready to start.
    """

    executor: str = "process"
    stop_seconds: float = 120.0
    keep_folders: bool = False
    hidden: tuple[Path, ...] = ()
    preparation: Preparation = field(default_factory=NothingToPrepare)
