"""Popularity and freshness as second aims of a list."""

from __future__ import annotations

import numpy as np
import pytest

from clary.engines.recommendation.contract import Features, History, TrainingData
from clary.engines.recommendation.objective import Influence, standings
from clary.engines.recommendation.personal import Personal
from clary.engines.recommendation.similar import Similar
from tests.unit.engines.recommendation.worlds import DAY, log

POPULAR, FRESH = 9, 5


@pytest.fixture(scope="module")
def data() -> TrainingData:
    """Ten items that go together evenly; one is taken twice as often, and one came into being last."""
    random = np.random.default_rng(0)
    rows = []
    for user in range(200):
        items = random.permutation(9)[:4].tolist() + ([POPULAR] if user % 5 else [])
        rows += [(user, int(item), step) for step, item in enumerate(random.permutation(items))]
    created = np.full(10, 100 * DAY, np.int64)
    created[FRESH] = 900 * DAY
    return TrainingData(log(rows), Features(10, created=created))


def test_standings_are_even_ranks_with_the_mean_nothing() -> None:
    found = standings(np.array([5.0, np.nan, 1.0, 5.0, 100.0]))
    assert found[1] == 0.0
    assert found[2] < found[0] == found[3] < found[4]
    assert found.sum() == pytest.approx(0.0, abs=1e-6)


def test_nothing_lifts_nothing() -> None:
    assert not len(Influence().lifts(np.ones(3, np.float32), np.zeros(3, np.int64)))


@pytest.mark.parametrize("kind", [Personal, Similar])
def test_an_influence_brings_up_what_it_names(kind: type[Personal] | type[Similar], data: TrainingData) -> None:
    model = kind().fit(data)

    def place(item: int) -> int:
        if isinstance(model, Similar):
            return model.similar(0, 10).items.tolist().index(item)
        history = History(np.array([0], np.int32), np.array([10], np.int64))
        allowed = np.ones(10, bool)
        allowed[0] = False
        return model.recommend(model.session(history), 10, allowed).items.tolist().index(item)

    model.influenced(Influence(freshness=1.0))
    assert place(FRESH) == 0
    model.influenced(Influence(popularity=1.0))
    assert place(POPULAR) == 0
    model.influenced(Influence())
    assert place(FRESH) > 0
