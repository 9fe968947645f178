"""Rekognition's tables, over an engine that reads from pictures what they show, and jobs that wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from clary.compute.contract import EndpointPlan, JobSpec
from clary.compute.forking.server import ForkServer
from clary.compute.hosting.endpoints import InvokeRequest, InvokeResponse
from clary.compute.jobs import events as job_events
from clary.compute.jobs import queue as job_queue
from clary.compute.jobs.queue import JobQueue
from clary.compute.jobs.scheduler import Jobs, SupervisorProgram
from clary.core.call import Call, Principal
from clary.core.clock import FixedClock
from clary.core.errors import AccessDeniedException
from clary.services.rekognition.custom_labels import entry_store
from clary.services.rekognition.custom_labels.entry_store import EntryStore
from clary.services.rekognition.faces import face_store
from clary.services.rekognition.resources import resources
from clary.storage import identities as identities_module
from clary.storage import object_schema
from clary.storage import records as records_module
from clary.storage.database import Database
from clary.storage.identities import Identities
from clary.storage.objects import Objects
from clary.storage.records import Record, Records

from ..desk import ACCOUNT, Desk
from .stand_in import StandIn

ROLE = f"arn:aws:iam::{ACCOUNT}:role/ClaryExecutionRole"
BUCKET = "pictures"


@dataclass
class Plans:
    """Stands for hosting: notes what it is told, and answers what it is given."""

    applied: list[EndpointPlan] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    answer: InvokeResponse | Exception | None = None
    asked: list[InvokeRequest] = field(default_factory=list)

    def apply(self, plan: EndpointPlan) -> None:
        self.applied.append(plan)

    def remove(self, arn: str) -> None:
        self.removed.append(arn)

    async def invoke(self, arn: str, request: InvokeRequest) -> InvokeResponse:
        self.asked.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        assert self.answer is not None
        return self.answer


@dataclass
class Office:
    """Everything a test needs."""

    call: Desk
    engine: StandIn
    records: Records
    objects: Objects
    queue: JobQueue
    hosting: Plans
    folder: Path
    clock: FixedClock
    forbidden: set[str]
    made: list[object]

    def put(self, key: str, content: bytes) -> dict[str, Any]:
        """Stores an object; returns it as an `S3Object`."""
        self.objects.put_bytes(BUCKET, key, content)
        return {"Bucket": BUCKET, "Name": key}

    def spec(self, kind: str) -> JobSpec:
        """The last job of a kind that waits."""
        return [entry.spec for entry in self.queue.entries() if entry.spec.record_kind == kind][-1]

    def place(self, spec: JobSpec) -> Path:
        """The folder that a job's program works in."""
        return Path(spec.program.args[0])

    def finish(self, spec: JobSpec, reason: str = "") -> Record:
        """Carries a job through its life."""
        now = self.clock.time()
        entry = self.queue.entry(spec.id)
        assert entry is not None
        self.queue.admit(entry, job_events.Admitted(now), [0], 1)
        for event in (
            job_events.SupervisorStarted(now),
            job_events.InputsReady(now),
            job_events.ProgramsEnded(now, reason),
            job_events.Uploaded(now, {}),
        ):
            self.queue.apply(spec.arn, event)
        record = self.records.by_arn(spec.arn)
        assert record is not None
        return record


@pytest.fixture
def office(tmp_path: Path, clock: FixedClock) -> Iterator[Office]:
    """The tables of a new account with one bucket."""
    texts = records_module.SCHEMA + job_queue.SCHEMA + identities_module.SCHEMA + object_schema.SCHEMA
    database = Database(tmp_path / "all.db", texts + face_store.SCHEMA + entry_store.SCHEMA)
    records = Records(database, clock)
    identities = Identities(database, clock, ACCOUNT)
    identities.bootstrap()
    (tmp_path / "objects").mkdir()
    objects = Objects(database, tmp_path / "objects", clock)
    objects.create_bucket(BUCKET, ACCOUNT, "us-east-1")
    engine, hosting, forbidden = StandIn(), Plans(), set[str]()
    jobs = Jobs(records, ForkServer((), fork=False), tmp_path / "jobs", SupervisorProgram("", ()), clock=clock)

    def authorize(call: Call, action: str, arn: str, version_id: str | None = None) -> None:
        version = "" if version_id is None else f"?versionId={version_id}"
        if f"{action} {arn}{version}" in forbidden:
            raise AccessDeniedException("no")

    stand_ins: dict[str, Any] = {"hosting": hosting, "engines": engine}
    made = resources(
        records=records,
        identities=identities,
        objects=objects,
        authorize=authorize,
        jobs=jobs,
        engine_environment=lambda family: {"CLARY_WEIGHTS": f"/weights/{family}"},
        clock=clock,
        rekognition_folder=tmp_path / "rekognition",
        rekognition_entries=EntryStore(database),
        **stand_ins,
    )
    caller: Principal = identities.role_principal(ROLE, "clary")
    desk = Desk("rekognition", made, caller, empty_lists=True)
    queue = JobQueue(records, clock)
    folder = tmp_path / "rekognition"
    yield Office(desk, engine, records, objects, queue, hosting, folder, clock, forbidden, made)
    objects.close()
    database.close()
