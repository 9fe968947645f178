"""Events of different worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from clary.engines.recommendation.contract import TrainingData
from clary.engines.recommendation.members.contract import Member, Query
from clary.engines.recommendation.members.linear_autoencoder import LinearAutoencoder
from clary.engines.recommendation.members.sequence_linear import SequenceLinear
from clary.engines.recommendation.members.sequential_rules import SequentialRules
from clary.engines.recommendation.members.user_neighbours import UserNeighbours
from clary.engines.recommendation.personal import Personal
from clary.engines.recommendation.popularity import Popularity
from clary.engines.recommendation.sequences import first_times, sequences
from tests.unit.engines.recommendation.worlds import log

MEMBERS: list[Callable[[], Member]] = [
    lambda: SequenceLinear(ridge=1.0, least_users=1),
    lambda: LinearAutoencoder(ridge=1.0, least_users=1),
    SequentialRules,
    UserNeighbours,
]
"""Not the item neighbours: a cosine stays where all events of an item weigh less."""


def world() -> TrainingData:
    """After item 0 half of the users do 1, which counts little, and half do 2; both are equally frequent."""
    rows = [(user, item, step) for user in range(60) for step, item in enumerate((0, 1 + user % 2, 3 + user % 7))]
    data = log(rows)
    return TrainingData(replace(data, weights=np.where(data.items == 1, 0.1, 1.0).astype(np.float32)))


@pytest.mark.parametrize("make", MEMBERS)
def test_what_counts_more_is_recommended_before_what_counts_less(make: Callable[[], Member]) -> None:
    data = world().interactions
    asked = Query(np.array([0], np.int32))
    weighed = make().fit(first_times(sequences(data))).scores(asked)
    alike = make().fit(first_times(sequences(replace(data, weights=None)))).scores(asked)
    assert alike[1] == pytest.approx(alike[2], rel=0.2)
    assert weighed[2] > 1.05 * weighed[1]


def test_models_count_events_by_their_weight() -> None:
    data = world()
    popular = Popularity().fit(data)
    assert popular.rank(popular.session(popular.history(-1)), np.array([1, 2], np.int32)).items.tolist() == [2, 1]
    model = Personal().fit(data)
    history = model.history(0)
    asked = model.session(replace(history, items=history.items[:1], timestamps=history.timestamps[:1]))
    assert model.rank(asked, np.array([1, 2], np.int32)).items.tolist() == [2, 1]


def test_the_greatest_weight_of_a_users_events_with_an_item_counts() -> None:
    data = replace(log([(0, 5, 1), (0, 6, 2), (0, 5, 3)]), weights=np.array([0.2, 0.4, 0.9], np.float32))
    once = first_times(sequences(data))
    assert once.items.tolist() == [5, 6]
    assert once.weights is not None
    assert once.weights.tolist() == pytest.approx([0.9, 0.4])
    assert sequences(data).matrix().toarray()[0, 5:7].tolist() == pytest.approx([0.9, 0.4])
