"""What the tests of several services stand on."""

from __future__ import annotations

import pytest

from clary.core.clock import FixedClock
from clary.storage.database import Database
from clary.storage.identities import SCHEMA, Identities

from .desk import ACCOUNT


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def identities(tmp_path, clock):
    database = Database(tmp_path / "identities.db", SCHEMA)
    yield Identities(database, clock, ACCOUNT)
    database.close()
