"""Textract's tables, over jobs that a test carries out itself, and an engine that reads made documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clary.compute.forking.server import ForkServer
from clary.compute.jobs import events as job_events
from clary.compute.jobs import queue as job_queue
from clary.compute.jobs.queue import JobQueue
from clary.compute.jobs.scheduler import Jobs, SupervisorProgram
from clary.core.call import Call
from clary.core.clock import FixedClock
from clary.core.errors import AccessDeniedException
from clary.services.textract.engine import DocumentReader, asked_here
from clary.services.textract.programs import adapter_training, reading
from clary.services.textract.resources import resources
from clary.storage import identities as identities_module
from clary.storage import object_schema
from clary.storage import records as records_module
from clary.storage.database import Database
from clary.storage.identities import Identities
from clary.storage.objects import Objects
from clary.storage.records import Record, Records

from ..desk import ACCOUNT, Desk
from .made_documents import MadeEngine

ROLE = f"arn:aws:iam::{ACCOUNT}:role/ClaryExecutionRole"
BUCKET = "papers"


class EngineHere:
    """Stands for the engines' hosts: the made engine, in this process."""

    def __init__(self, engine: MadeEngine) -> None:
        self.engine = engine

    def call(self, family: str, method: str, *, timeout_seconds: float = 0, **arguments: Any) -> Any:
        assert family == "documents"
        return getattr(self.engine, method)(**arguments)


@dataclass
class Office:
    """Everything a test needs."""

    call: Desk
    records: Records
    queue: JobQueue
    objects: Objects
    engine: MadeEngine
    folder: Path
    jobs: Jobs
    clock: FixedClock
    forbidden: set[tuple[str, str]]

    def put(self, name: str, content: bytes) -> dict[str, Any]:
        """Stores an object; returns the S3Object that names it."""
        self.objects.put_bytes(BUCKET, name, content)
        return {"Bucket": BUCKET, "Name": name}

    def job_folder(self, record: Record) -> Path:
        """The `/opt/ml` of a job, laid out."""
        entry = self.entry(record)
        folder = self.folder.parent / "opt" / entry.spec.id
        (folder / "input/config").mkdir(parents=True, exist_ok=True)
        (folder / "checkpoints").mkdir(exist_ok=True)
        (folder / "input/config/hyperparameters.json").write_text(json.dumps(entry.spec.hyperparameters))
        return folder

    def entry(self, record: Record) -> Any:
        """A job's entry in the queue."""
        return next(entry for entry in self.queue.entries() if entry.spec.arn == record.arn)

    def record(self, kind: str, name: str) -> Record:
        """A record of the account."""
        found = self.records.get(kind, ACCOUNT, "us-east-1", name)
        assert found is not None
        return found

    def run(self, record: Record) -> int:
        """Carries a job through its life; returns its program's exit code."""
        now = self.clock.time()
        entry, folder = self.entry(record), self.job_folder(record)
        self.queue.admit(entry, job_events.Admitted(now), [0], 1)
        for event in (job_events.SupervisorStarted(now), job_events.InputsReady(now)):
            self.queue.apply(record.arn, event)
        (place,) = entry.spec.program.args
        reader = DocumentReader(asked_here(self.engine))
        train = entry.spec.program.entry.endswith("adapter_training:main")
        work = adapter_training.train if train else reading.read
        code = reading._carried_out(lambda: work(folder, Path(place), reader), folder)
        reason = (folder / "output/failure").read_text() + f", exit code: {code}" if code else ""
        self.queue.apply(record.arn, job_events.ProgramsEnded(now, reason))
        self.queue.apply(record.arn, job_events.Uploaded(now, {}))
        self.clock.advance(1)
        return code


@pytest.fixture
def office(tmp_path: Path, clock: FixedClock) -> Iterator[Office]:
    """The tables of a new account, whose bucket is there."""
    texts = records_module.SCHEMA + job_queue.SCHEMA + identities_module.SCHEMA + object_schema.SCHEMA
    database = Database(tmp_path / "metadata.db", texts)
    records = Records(database, clock)
    identities = Identities(database, clock, ACCOUNT)
    identities.bootstrap()
    (tmp_path / "objects").mkdir()
    objects = Objects(database, tmp_path / "objects", clock)
    objects.create_bucket(BUCKET, ACCOUNT, "us-east-1")
    jobs = Jobs(records, ForkServer((), fork=False), tmp_path / "jobs", SupervisorProgram("", ()), clock=clock)
    engine = MadeEngine()
    forbidden: set[tuple[str, str]] = set()

    def authorize(call: Call, action: str, arn: str, version_id: str | None = None) -> None:
        if (action, arn if version_id is None else f"{arn}?versionId={version_id}") in forbidden:
            raise AccessDeniedException(f"{call.principal.arn} may not {action} {arn}")

    folder = tmp_path / "textract"
    made = resources(
        records=records,
        objects=objects,
        jobs=jobs,
        engines=EngineHere(engine),
        clock=clock,
        authorize=authorize,
        textract_folder=folder,
    )
    desk = Desk("textract", made, identities.role_principal(ROLE, "clary"))
    yield Office(desk, records, JobQueue(records, clock), objects, engine, folder, jobs, clock, forbidden)
    objects.close()
    database.close()
