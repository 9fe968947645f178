"""What performHPO tries, and what it may look at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clary.engines.recommendation import evaluation
from clary.engines.recommendation.contract import Interactions, TrainingData
from clary.services.personalize.programs import measuring, training
from clary.services.personalize.recipe_table import BY_NAME

SIMS = BY_NAME["aws-sims"]
RANGE = {"continuousHyperParameterRanges": [{"name": "popularity_discount_factor", "minValue": 0.2, "maxValue": 0.6}]}


def task(**more: Any) -> dict[str, Any]:
    return {"parameters": {}, "objective": {}, "tune": True, "ranges": RANGE, "trials": 3, **more}


def data() -> TrainingData:
    random = np.random.default_rng(0)
    users = np.repeat(np.arange(50, dtype=np.int32), 8)
    items = random.integers(0, 20, len(users)).astype(np.int32)
    return TrainingData(Interactions(users, items, np.arange(len(users)), 50, 20))


def test_the_range_and_the_number_of_jobs_are_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = data()
    asked: list[tuple[int, float]] = []

    def measured(recipe: Any, new: Any, material: TrainingData, seed: int) -> dict[str, Any]:
        discount = round(new().popularity_discount + 0.5, 3)
        asked.append((len(material.interactions), discount))
        return {"metrics": {"precision_at_25": -abs(discount - 0.4)}}

    monkeypatch.setattr(measuring, "measured", measured)
    found = training._measured(SIMS, task(), everything, -1)
    assert found["tuned"] == {"popularity_discount_factor": "0.4"}
    # three values are tried without the users whom the metrics are taken on, and the best is measured on all
    inner = len(evaluation.split(everything, training._SEED).training.interactions)
    assert asked == [(inner, 0.2), (inner, 0.4), (inner, 0.6), (len(everything.interactions), 0.4)]


def test_nothing_is_tried_where_nothing_is_asked_or_known() -> None:
    assert training._trials(SIMS, task(tune=False)) == [{}]
    assert training._trials(BY_NAME["aws-popularity-count"], task()) == [{}]
