"""IAM over a database of its own, called by the first key's role."""

from __future__ import annotations

import pytest

from clary.core.clock import FixedClock
from clary.services.iam.resources import resources
from clary.storage.database import Database
from clary.storage.identities import SCHEMA, Identities

from ..desk import ACCOUNT, Desk


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def identities(tmp_path, clock):
    database = Database(tmp_path / "identities.db", SCHEMA)
    yield Identities(database, clock, ACCOUNT)
    database.close()


@pytest.fixture
def iam(identities: Identities) -> Desk:
    role = identities.bootstrap().role_arn
    return Desk("iam", resources(identities=identities), identities.role_principal(role, "test"))
