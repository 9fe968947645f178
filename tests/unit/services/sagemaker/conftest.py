"""A caller, a database with SageMaker's tables, and a judge of results."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from clary.core.call import Call, Principal
from clary.core.clock import FixedClock
from clary.storage.database import Database
from clary.storage.records import SCHEMA, Records

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ClaryExecutionRole"


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands still."""
    return FixedClock()


@pytest.fixture
def records(tmp_path: Path, clock: FixedClock) -> Iterator[Records]:
    """Records in a database of their own."""
    database = Database(tmp_path / "metadata.db", SCHEMA)
    yield Records(database, clock)
    database.close()


@pytest.fixture
def call() -> Call:
    """A call by a user of the account."""
    user = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/admin", ACCOUNT, name="admin")
    return Call("sagemaker", "", ACCOUNT, "us-east-1", user, "request-1", datetime(2026, 1, 1, tzinfo=UTC))


def assert_fits(operation: str, result: dict[str, Any], api: str = "sagemaker") -> None:
    """The result is one that the operation's output shape allows: required members, no unknown ones, types, ranges."""
    shape = botocore.session.get_session().get_service_model(api).operation_model(operation).output_shape
    if shape is None:
        assert not result
        return
    report = ParamValidator().validate(result, shape)
    assert not report.has_errors(), report.generate_report()
