"""Stores for the tests of jobs, and the supervisor that works on them."""

from __future__ import annotations

from pathlib import Path

from clary.compute.jobs import queue as job_queue
from clary.compute.jobs.supervisor import JobStorage, Options, supervise
from clary.storage import identities as identity_store
from clary.storage import logs as log_store
from clary.storage import metrics as metric_store
from clary.storage import object_schema
from clary.storage import records as record_store
from clary.storage.data_access import DataAccess
from clary.storage.database import Database
from clary.storage.identities import Identities
from clary.storage.logs import Logs
from clary.storage.metrics import Metrics
from clary.storage.objects import Objects
from clary.storage.records import Records

ACCOUNT = "123456789012"
REGION = "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ClaryExecutionRole"


class Stores:
    """All stores, with a bucket "data" and the default role."""

    def __init__(self, folder: Path) -> None:
        (folder / "objects").mkdir(exist_ok=True)
        (folder / "jobs").mkdir(exist_ok=True)
        schema = record_store.SCHEMA + job_queue.SCHEMA + log_store.SCHEMA + metric_store.SCHEMA
        self.database = Database(folder / "records.db", schema)
        self.identity_database = Database(folder / "identities.db", identity_store.SCHEMA)
        self.object_database = Database(folder / "objects.db", object_schema.SCHEMA)
        self.records = Records(self.database)
        self.identities = Identities(self.identity_database, account=ACCOUNT)
        self.objects = Objects(self.object_database, folder / "objects")
        self.logs = Logs(self.database)
        self.metrics = Metrics(self.database)
        self.data = DataAccess(self.objects, self.identities)
        if self.objects.bucket("data") is None:
            self.identities.bootstrap(ACCOUNT)
            self.objects.create_bucket("data", ACCOUNT, REGION)

    def log_lines(self, group: str, prefix: str) -> list[str]:
        found = self.database.read().execute(
            "SELECT e.message FROM log_events e JOIN log_streams s ON e.stream_id = s.id JOIN log_groups g ON"
            " s.group_id = g.id WHERE g.name = ? AND substr(s.name, 1, ?) = ? ORDER BY s.name, e.time_ms, e.sequence",
            (group, len(prefix), prefix),
        )
        return [row[0] for row in found]

    def close(self) -> None:
        self.objects.close()
        for database in (self.database, self.identity_database, self.object_database):
            database.close()


def supervise_job(folder: Path, *arguments: str) -> int:
    """A supervisor; arguments before the job's id are "stop_seconds=1" and the like."""
    *options, job_id = arguments
    values = dict(option.split("=") for option in options)

    def open_storage() -> JobStorage:
        stores = Stores(folder)
        return JobStorage(stores.records, stores.data, stores.logs, stores.metrics, stores.close)

    options_of_jobs = Options(
        stop_seconds=float(values.get("stop_seconds", "120")),
        keep_folders=values.get("keep_folders") == "yes",
        hidden=(folder,),
    )
    return supervise(job_id, folder / "jobs", open_storage, options_of_jobs)
