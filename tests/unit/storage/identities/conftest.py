"""Identities over a database of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from clary.core.call import Principal
from clary.core.clock import FixedClock
from clary.storage.database import Database
from clary.storage.identities import SCHEMA, Identities
from clary.storage.identity_entities import USER
from clary.storage.identity_keys import user_principal

from .kit import ACCOUNT


@pytest.fixture
def database(tmp_path: Path):
    opened = Database(tmp_path / "identities.db", SCHEMA)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def identities(database: Database, clock: FixedClock) -> Identities:
    return Identities(database, clock, ACCOUNT)


@pytest.fixture
def alice(identities: Identities) -> Principal:
    return user_principal(identities.entities.create(ACCOUNT, USER, "alice"))
