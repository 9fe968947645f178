"""A house in which tuning jobs run step by step: real tables, real queue, no processes and no threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clary.compute.forking.server import ForkServer
from clary.compute.jobs import states
from clary.compute.jobs.queue import JobQueue
from clary.compute.jobs.scheduler import Jobs, SupervisorProgram
from clary.core.call import Call
from clary.core.clock import FixedClock
from clary.services.sagemaker.names import TUNING_JOB
from clary.services.sagemaker.tuning.coordinator import Coordinator
from clary.services.sagemaker.tuning.trials import TrialJob, trial_jobs
from clary.services.sagemaker.tuning.tuning_jobs import TuningJobs
from clary.storage import metrics as metrics_module
from clary.storage.database import Database
from clary.storage.identities import Identities
from clary.storage.metrics import Metrics
from clary.storage.records import Record, Records
from tests.unit.services.sagemaker.tuning.requests import METRIC, Oracle


class Buckets:
    """Stands for S3, where every bucket but one exists."""

    def bucket_exists(self, name: str) -> bool:
        return name != "nowhere"


@dataclass
class House:
    """Everything a tuning job touches, moved on by hand.

    Attributes:
        oracle: stands for the advisor's process.
    """

    records: Records
    queue: JobQueue
    jobs: Jobs
    metrics: Metrics
    clock: FixedClock
    call: Call
    oracle: Oracle
    coordinator: Coordinator
    tuning_jobs: TuningJobs

    def another_coordinator(self) -> Coordinator:
        """The one that follows after a crash: it knows the records only."""
        self.coordinator = Coordinator(self.records, self.jobs, self.metrics, self.oracle, self.clock)  # type: ignore[arg-type]
        return self.coordinator

    def create(self, request: dict[str, Any]) -> Record:
        self.tuning_jobs.create(self.call, request)
        return self.tuning(request["HyperParameterTuningJobName"])

    def tuning(self, name: str = "Tune-1") -> Record:
        found = self.records.get(TUNING_JOB, self.call.account, self.call.region, name)
        assert found is not None
        return found

    def look(self) -> float | None:
        """One look of the coordinator at all tuning jobs."""
        return self.coordinator._pass()

    def trials(self, name: str = "Tune-1") -> list[TrialJob]:
        return trial_jobs(self.records, self.tuning(name))

    def running(self, name: str = "Tune-1") -> list[TrialJob]:
        return [trial for trial in self.trials(name) if not trial.is_over]

    def end(self, trial: TrialJob, value: float | None = 0.9, failure: str = "") -> None:
        """What compute does to a trial's job: it trains, and ends with an objective, without, or with a failure."""
        job_id = self.queue.id_of(trial.arn)
        entry = self.queue.entry(job_id) if job_id else None
        assert entry is not None
        self.clock.advance(1)
        if not entry.running:
            self.start(trial)
        metrics = [] if value is None else [{"name": METRIC, "value": value, "time": self.clock.time()}]
        self.queue.apply(trial.arn, states.ProgramsEnded(self.clock.time(), failure, metrics))
        self.queue.apply(trial.arn, states.Uploaded(self.clock.time(), {}))

    def start(self, trial: TrialJob) -> None:
        job_id = self.queue.id_of(trial.arn)
        entry = self.queue.entry(job_id) if job_id else None
        assert entry is not None
        self.queue.admit(entry, states.Admitted(self.clock.time()), (0,), 1 << 30)
        self.queue.apply(trial.arn, states.SupervisorStarted(self.clock.time()))
        self.queue.apply(trial.arn, states.InputsReady(self.clock.time()))

    def run_to_the_end(self, objective: Callable[[TrialJob], float | None], name: str = "Tune-1") -> Record:
        """Looks and ends the oldest trial, in turn, until the tuning job is over."""
        for _ in range(500):
            self.look()
            if self.tuning(name).status not in ("InProgress", "Stopping"):
                return self.tuning(name)
            running = self.running(name)
            if running:
                self.end(running[0], objective(running[0]))
        raise AssertionError("the tuning job does not end")


@pytest.fixture
def house(
    records: Records, identities: Identities, queue: JobQueue, clock: FixedClock, call: Call, tmp_path: Path
) -> House:
    jobs = Jobs(records, ForkServer((), fork=False), tmp_path, SupervisorProgram("", ()), clock=clock)
    metrics = Metrics(Database(tmp_path / "metrics.db", metrics_module.SCHEMA), clock)
    oracle = Oracle()
    coordinator = Coordinator(records, jobs, metrics, oracle, clock)  # type: ignore[arg-type]
    tuning_jobs = TuningJobs(records, identities, coordinator, Buckets())  # type: ignore[arg-type]
    return House(records, queue, jobs, metrics, clock, call, oracle, coordinator, tuning_jobs)
