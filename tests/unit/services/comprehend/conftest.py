"""Comprehend's resources over jobs that wait, replicas that never start and an engine that says what it is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from clary.compute.contract import EndpointPlan, JobSpec
from clary.compute.forking.server import ForkServer
from clary.compute.jobs import events as job_events
from clary.compute.jobs import queue as job_queue
from clary.compute.jobs.queue import JobQueue
from clary.compute.jobs.scheduler import Jobs, SupervisorProgram
from clary.core.call import Principal
from clary.core.clock import FixedClock
from clary.engines.refusals import Refused
from clary.services.comprehend.resources import resources
from clary.storage import identities as identities_module
from clary.storage import object_schema
from clary.storage import records as records_module
from clary.storage.data_access import DataAccess
from clary.storage.database import Database
from clary.storage.identities import Identities
from clary.storage.objects import Objects
from clary.storage.records import Records

from ..desk import ACCOUNT, Desk

ROLE = f"arn:aws:iam::{ACCOUNT}:role/ClaryExecutionRole"
JOB = {
    "InputDataConfig": {"S3Uri": "s3://texts/in/"},
    "OutputDataConfig": {"S3Uri": "s3://texts/out/"},
    "DataAccessRoleArn": ROLE,
}


@dataclass
class Plans:
    """Stands for hosting: notes what it is told."""

    applied: list[EndpointPlan] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def apply(self, plan: EndpointPlan) -> None:
        self.applied.append(plan)

    def remove(self, arn: str) -> None:
        self.removed.append(arn)


@dataclass
class Engine:
    """Stands for the engines: answers with what a test gave it, and knows English."""

    answers: dict[str, Callable[..., Any]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def call(self, family: str, method: str, *, timeout_seconds: float = 1.0, **arguments: Any) -> Any:
        self.asked.append((method, arguments))
        if arguments.get("language", "en") != "en":
            raise Refused("unsupported-language", "There is no such model.", languages=["en"])
        return self.answers[method](**arguments) if method in self.answers else [[] for _ in arguments.get("texts", [])]


@dataclass
class Office:
    """Everything a test needs."""

    call: Desk
    records: Records
    queue: JobQueue
    hosting: Plans
    engine: Engine
    folder: Path
    clock: FixedClock
    identities: Identities

    def spec(self, arn: str) -> JobSpec:
        """What compute was asked to run for a record."""
        return next(entry.spec for entry in self.queue.entries() if entry.spec.arn == arn)

    def task(self, arn: str) -> dict[str, Any]:
        """What the program of a record's job is told."""
        task: dict[str, Any] = json.loads(self.spec(arn).hyperparameters["task"])
        return task

    def finish(self, arn: str, reason: str = "", **result: Any) -> None:
        """Carries a job through its life; a training leaves a result."""
        now = self.clock.time()
        entry = next(entry for entry in self.queue.entries() if entry.spec.arn == arn)
        self.queue.admit(entry, job_events.Admitted(now), [0], 1)
        for event in (
            job_events.SupervisorStarted(now),
            job_events.InputsReady(now),
            job_events.ProgramsEnded(now, reason),
            job_events.Uploaded(now, {}),
        ):
            self.queue.apply(arn, event)
        record = self.records.by_arn(arn)
        assert record is not None
        place = record.body.get("model") or record.body.get("examples")
        if place and not reason:
            (self.folder / place).mkdir(parents=True)
            (self.folder / place / "result.json").write_text(json.dumps(result))
        self.clock.advance(1)

    def classifier(self, name: str = "news", **more: Any) -> str:
        """A trained classifier."""
        arn = self.call(
            "CreateDocumentClassifier",
            DocumentClassifierName=name,
            DataAccessRoleArn=ROLE,
            LanguageCode="en",
            InputDataConfig={"S3Uri": "s3://texts/train.csv"},
            **more,
        )["DocumentClassifierArn"]
        metrics = {"accuracy": 0.9, "precision": 0.9, "recall": 0.9, "f1": 0.9}
        self.finish(arn, labels=2, trained=80, tested=20, several=False, native=False, metrics=metrics)
        return str(arn)


@pytest.fixture
def office(tmp_path: Path, clock: FixedClock) -> Iterator[Office]:
    """The resources of a new account with a bucket."""
    texts = records_module.SCHEMA + job_queue.SCHEMA + identities_module.SCHEMA + object_schema.SCHEMA
    database = Database(tmp_path / "metadata.db", texts)
    records = Records(database, clock)
    identities = Identities(database, clock, ACCOUNT)
    identities.bootstrap()
    (tmp_path / "objects").mkdir()
    objects = Objects(database, tmp_path / "objects", clock)
    objects.create_bucket("texts", ACCOUNT, "us-east-1")
    jobs = Jobs(records, ForkServer((), fork=False), tmp_path / "jobs", SupervisorProgram("", ()), clock=clock)
    hosting: Any = Plans()
    engine = Engine()
    made = resources(
        records=records,
        identities=identities,
        data_access=DataAccess(objects, identities),
        jobs=jobs,
        hosting=hosting,
        engines=engine,
        comprehend_folder=tmp_path / "comprehend",
    )
    caller: Principal = identities.role_principal(ROLE, "clary")
    desk = Desk("comprehend", made, caller)
    yield Office(desk, records, JobQueue(records, clock), hosting, engine, tmp_path / "comprehend", clock, identities)
    objects.close()
    database.close()
