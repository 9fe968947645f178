"""The body of a job supervisor's process: opens this Clary's stores and looks after one job."""

from __future__ import annotations

from pathlib import Path

from clary.app.data_folder import DataFolder
from clary.app.program_environments import ProgramEnvironments
from clary.app.settings import Settings, variable
from clary.app.stores import Stores
from clary.compute.containers.access import ContainerAccess
from clary.compute.containers.engine import sockets_to_hide
from clary.compute.jobs.scheduler import SupervisorProgram
from clary.compute.jobs.supervisor import JobStorage, Options, supervise
from clary.compute.role_access import RoleAccess
from clary.frameworks.environments import Environments

_SETTINGS = ("job_stop_seconds", "keep_job_folders", "account", "frameworks_folder", "container_socket")


def supervisor_program(settings: Settings, folder: DataFolder) -> SupervisorProgram:
    """How `Jobs` starts a supervisor for this Clary."""
    values = [f"{variable(name)}={getattr(settings, name)}" for name in _SETTINGS]
    return SupervisorProgram("clary.app.job_supervisor:main", (folder.root, *values), folder.server_log)


def main(data: Path, *arguments: str) -> int:
    """Looks after the job whose id is the last argument; the others are settings, "CLARY_NAME=value"."""
    *values, job_id = arguments
    settings = Settings.load(dict(value.split("=", 1) for value in values), data=data)
    folder = DataFolder(data)

    def open_storage() -> JobStorage:
        stores = Stores(folder, settings)
        containers = ContainerAccess(settings.container_socket, stores.images)
        return JobStorage(
            stores.records,
            stores.data_access,
            stores.logs,
            stores.metrics,
            stores.close,
            containers,
            lambda holder: RoleAccess(stores.identities, folder.address, holder, containers),
        )

    options = Options(
        stop_seconds=settings.job_stop_seconds,
        keep_folders=settings.keep_job_folders,
        hidden=(folder.root, *sockets_to_hide(settings.container_socket)),
        preparation=ProgramEnvironments(Environments(settings.frameworks_folder)),
    )
    return supervise(job_id, folder.jobs, open_storage, options)
