"""Personalize's tables, over jobs that wait and processes that are never started."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from clary.compute.contract import EndpointPlan
from clary.compute.forking.server import ForkServer
from clary.compute.jobs import events as job_events
from clary.compute.jobs import queue as job_queue
from clary.compute.jobs.queue import JobQueue
from clary.compute.jobs.scheduler import Jobs, SupervisorProgram
from clary.compute.tasks import TASK
from clary.core.clock import FixedClock
from clary.services.personalize.events.event_store import EventStore
from clary.services.personalize.names import SCHEMA
from clary.services.personalize.resources import resources
from clary.services.personalize.solutions.solution_versions import SolutionVersions
from clary.services.personalize.solutions.training_tasks import contents_of
from clary.storage import identities as identities_module
from clary.storage import metrics as metrics_module
from clary.storage import object_schema
from clary.storage import records as records_module
from clary.storage.data_access import DataAccess
from clary.storage.database import Database
from clary.storage.identities import Identities
from clary.storage.metrics import Metrics
from clary.storage.objects import Objects
from clary.storage.records import Records

from ..desk import ACCOUNT, Desk
from .schemas import GENRES, ITEM, TIME, TYPE, USER, schema

ROLE = f"arn:aws:iam::{ACCOUNT}:role/ClaryExecutionRole"


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
class Office:
    """Everything a test needs."""

    call: Desk
    records: Records
    queue: JobQueue
    hosting: Plans
    folder: Path
    clock: FixedClock
    versions: SolutionVersions
    events: EventStore

    def group(self, name: str = "g", domain: str = "") -> str:
        """A group with interactions and items (of a custom one)."""
        more = {"domain": domain} if domain else {}
        arn = str(self.call("CreateDatasetGroup", name=name, **more)["datasetGroupArn"])
        self.dataset(arn, "Interactions", schema(USER, ITEM, TIME, TYPE), domain)
        if not domain:
            self.dataset(arn, "Items", schema(ITEM, GENRES, name="Items"))
        return arn

    def dataset(self, group: str, kind: str, text: str, domain: str = "") -> str:
        """A data set of a group."""
        name = f"{group.rpartition('/')[2]}-{kind}-{self.records.count(SCHEMA, ACCOUNT, 'us-east-1')}"
        more = {"domain": domain} if domain else {}
        made = self.call("CreateSchema", name=name, schema=text, **more)["schemaArn"]
        return str(
            self.call("CreateDataset", name=name, schemaArn=made, datasetGroupArn=group, datasetType=kind)["datasetArn"]
        )

    def finish(self, arn: str, reason: str = "") -> None:
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
        if "model" in record.body:
            model = self.folder / record.body["model"]
            model.mkdir(parents=True, exist_ok=True)
            recipe = record.body.get("recipeArn", "arn:aws:personalize:::recipe/aws-user-personalization")
            datasets = json.loads(entry.spec.hyperparameters[TASK])["datasets"]
            result = {
                "recipe": recipe,
                "metrics": {"coverage": 0.5},
                "contents": {kind: contents_of(one) for kind, one in datasets.items()},
                "last_event": 0,
                "last_rows": {"ITEMS": 0},
            }
            (model / "result.json").write_text(json.dumps(result))
        self.clock.advance(1)


@pytest.fixture
def office(tmp_path: Path, clock: FixedClock) -> Iterator[Office]:
    """The tables of a new account."""
    texts = (
        metrics_module.SCHEMA
        + records_module.SCHEMA
        + job_queue.SCHEMA
        + identities_module.SCHEMA
        + object_schema.SCHEMA
    )
    database = Database(tmp_path / "metadata.db", texts)
    records = Records(database, clock)
    identities = Identities(database, clock, ACCOUNT)
    identities.bootstrap()
    (tmp_path / "objects").mkdir()
    objects = Objects(database, tmp_path / "objects", clock)
    jobs = Jobs(records, ForkServer((), fork=False), tmp_path / "jobs", SupervisorProgram("", ()), clock=clock)
    hosting: Any = Plans()
    events = EventStore(tmp_path / "personalize")
    made = resources(
        records=records,
        identities=identities,
        data_access=DataAccess(objects, identities),
        jobs=jobs,
        hosting=hosting,
        clock=clock,
        personalize_folder=tmp_path / "personalize",
        personalize_events=events,
        metrics=Metrics(database, clock),
    )
    caller = identities.role_principal(ROLE, "clary")
    desk = Desk("personalize", made, caller, empty_lists=True)
    versions = next(one for one in made if isinstance(one, SolutionVersions))
    yield Office(desk, records, JobQueue(records, clock), hosting, tmp_path / "personalize", clock, versions, events)
    objects.close()
    events.close()
    database.close()
