"""A job's credentials last as long as its programs, and are left out of the logs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from clary.compute.contract import JobSpec, Limits, Program
from clary.compute.hosting.logs import ReplicaLog
from clary.compute.jobs.access import JobAccess
from clary.compute.role_access import RoleAccess
from clary.core.address import Address
from clary.storage.database import Database
from clary.storage.identities import SCHEMA, Identities

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ClaryExecutionRole"
SCRIPT = Program(argv=("python", "train.py"))


@pytest.fixture
def identities(tmp_path: Path) -> Iterator[Identities]:
    database = Database(tmp_path / "identities.db", SCHEMA)
    made = Identities(database, account=ACCOUNT)
    made.bootstrap(ACCOUNT)
    yield made
    database.close()


def job(program: Program) -> JobSpec:
    limits = Limits(runtime_seconds=7200)
    return JobSpec("id", "kind", ACCOUNT, "us-east-1", "job", "arn:job", ROLE, program, limits)


def access_to(identities: Identities, program: Program) -> JobAccess:
    role_access = RoleAccess(identities, lambda: Address("127.0.0.1", 4566), "arn:job")
    return JobAccess(role_access, job(program), stop_seconds=120)


def test_credentials_outlast_the_longest_run_and_the_order_to_stop(identities: Identities) -> None:
    access = access_to(identities, SCRIPT)
    environment = access.admit(job(SCRIPT)).program.environment
    credential = identities.credential(environment["AWS_ACCESS_KEY_ID"])
    assert credential is not None and credential.expires is not None and credential.issued is not None
    assert credential.expires - credential.issued > 7200 + 120
    assert access.secrets == (credential.secret, credential.session_token)


def test_the_supervisor_that_takes_over_withdraws_what_a_killed_one_left(identities: Identities) -> None:
    left = access_to(identities, SCRIPT).admit(job(SCRIPT)).program.environment["AWS_ACCESS_KEY_ID"]
    access_to(identities, SCRIPT).withdraw()
    assert identities.credential(left) is None


def test_a_built_in_algorithm_is_started_as_it_is(identities: Identities) -> None:
    spec = job(Program(entry="clary.algorithms.train:main"))
    assert access_to(identities, spec.program).admit(spec) is spec


def test_the_log_of_a_replica_shows_no_secret_of_it() -> None:
    async def printed() -> list[str]:
        log = ReplicaLog((ACCOUNT, "us-east-1", "group", "stream"))
        log.hide(["very-secret"])
        log.note("the key is very-secret, they say")
        return [message for _, message in log.take_events()]

    assert asyncio.run(printed()) == ["the key is *****, they say"]
