"""A caller, SageMaker's tables, identities, and training jobs that wait; a judge of results."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from clary.compute.forking.server import ForkServer
from clary.compute.jobs import queue as job_queue
from clary.compute.jobs.queue import JobQueue
from clary.compute.jobs.scheduler import Jobs, SupervisorProgram
from clary.core.call import Call
from clary.core.clock import FixedClock
from clary.services.sagemaker.training_jobs import TrainingJobs
from clary.storage import identities as identities_module
from clary.storage import records as records_module
from clary.storage.database import Database
from clary.storage.identities import Identities
from clary.storage.records import Records

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ClaryExecutionRole"


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands still."""
    return FixedClock()


@pytest.fixture
def records(tmp_path: Path, clock: FixedClock) -> Iterator[Records]:
    """Records in a database of their own."""
    schema = records_module.SCHEMA + job_queue.SCHEMA + identities_module.SCHEMA
    database = Database(tmp_path / "metadata.db", schema)
    yield Records(database, clock)
    database.close()


@pytest.fixture
def identities(records: Records, clock: FixedClock) -> Identities:
    """The execution role and the first key."""
    identities = Identities(records.database, clock, ACCOUNT)
    identities.bootstrap()
    return identities


@pytest.fixture
def call(identities: Identities) -> Call:
    """A call with the first key, which acts as a session of the execution role."""
    caller = identities.role_principal(ROLE, "clary")
    return Call("sagemaker", "", ACCOUNT, "us-east-1", caller, "request-1", datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def queue(records: Records, clock: FixedClock) -> JobQueue:
    """The durable queue behind `training_jobs`."""
    return JobQueue(records, clock)


@pytest.fixture
def training_jobs(records: Records, identities: Identities, clock: FixedClock, tmp_path: Path) -> TrainingJobs:
    """Over real jobs whose scheduler does not run: they wait until a test moves them on."""
    jobs = Jobs(records, ForkServer((), fork=False), tmp_path, SupervisorProgram("", ()), clock=clock)
    return TrainingJobs(records, identities, jobs, lambda bucket: bucket != "no-such-bucket", clock)


def assert_fits(operation: str, result: dict[str, Any], api: str = "sagemaker") -> None:
    """The result is one that the output shape allows: required members, no unknown ones, types, ranges."""
    shape = botocore.session.get_session().get_service_model(api).operation_model(operation).output_shape
    if shape is None:
        assert not result
        return
    report = ParamValidator().validate(result, shape)
    assert not report.has_errors(), report.generate_report()
