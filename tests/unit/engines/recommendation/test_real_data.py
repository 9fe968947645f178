"""Quality on real data, read from beside the project; skipped where it is absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks.recommendation import data_sets

from clary.engines.recommendation.evaluation import evaluate, split
from clary.engines.recommendation.personal import Personal
from clary.engines.recommendation.popularity import Popularity

pytestmark = pytest.mark.skipif(
    not Path(data_sets.FOLDER).is_dir(), reason=f"the data sets are not at {data_sets.FOLDER}"
)


def test_flights_are_recommended_much_better_than_by_popularity() -> None:
    part = split(data_sets.airlines(), seed=0)
    model, popular = Personal().fit(part.training), Popularity().fit(part.training)
    mine, theirs = evaluate(model, part), evaluate(popular, part)
    assert mine.mean("ndcg_at_25") > theirs.mean("ndcg_at_25") + 0.08
    new = evaluate(model, part, new_only=True).mean("ndcg_at_25")
    assert new > evaluate(popular, part, new_only=True).mean("ndcg_at_25") + 0.02


@pytest.mark.slow
def test_movies_are_recommended_much_better_than_by_popularity() -> None:
    data = data_sets.movielens()
    everything, fresh = [], []
    for seed in range(2):
        part = split(data, seed)
        model, popular = Personal().fit(part.training), Popularity().fit(part.training)
        gain = evaluate(model, part).values["precision_at_25"] - evaluate(popular, part).values["precision_at_25"]
        everything.append(gain.mean())
        mine, theirs = evaluate(model, part, new_only=True), evaluate(popular, part, new_only=True)
        fresh.append(mine.mean("precision_at_25") - theirs.mean("precision_at_25"))
    assert np.mean(everything) > 0.035
    assert np.mean(fresh) > 0.015
