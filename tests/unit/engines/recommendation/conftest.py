"""Models fitted once for all tests of a run."""

from __future__ import annotations

import pytest

from clary.engines.recommendation.contract import TrainingData
from clary.engines.recommendation.personal import Personal
from tests.unit.engines.recommendation.worlds import chains


@pytest.fixture(scope="session")
def world() -> TrainingData:
    return chains()


@pytest.fixture(scope="session")
def personal(world: TrainingData) -> Personal:
    return Personal().fit(world)
