"""What performHPO tries, and what it may look at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clary.engines.recommendation import evaluation
from clary.engines.recommendation.blend import Shape
from clary.engines.recommendation.contract import Interactions, TrainingData
from clary.services.personalize.programs import hyperparameter_search, measuring, training
from clary.services.personalize.programs.model_choice import new_model
from clary.services.personalize.solutions.recipe_table import BY_NAME

SIMS = BY_NAME["aws-sims"]
PERSONAL = BY_NAME["aws-user-personalization"]
RANGE = {"continuousHyperParameterRanges": [{"name": "popularity_discount_factor", "minValue": 0.2, "maxValue": 0.6}]}


def task(**more: Any) -> dict[str, Any]:
    return {"parameters": {}, "objective": {}, "tune": True, "ranges": RANGE, "trials": 5, **more}


def data() -> TrainingData:
    random = np.random.default_rng(0)
    users = np.repeat(np.arange(50, dtype=np.int32), 8)
    items = random.integers(0, 20, len(users)).astype(np.int32)
    return TrainingData(Interactions(users, items, np.arange(len(users)), 50, 20))


def test_the_ranges_and_the_number_of_jobs_are_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = data()
    asked: list[tuple[int, float, int]] = []

    def measured(recipe: Any, new: Any, material: TrainingData, seed: int) -> dict[str, Any]:
        model = new()
        discount = round(model.popularity_discount + 0.5, 3)
        asked.append((len(material.interactions), discount, model.least_together))
        return {"metrics": {"precision_at_25": -abs(discount - 0.4) - abs(model.least_together - 7) / 100}}

    monkeypatch.setattr(measuring, "measured", measured)
    found = training._measured(SIMS, task(), everything, -1)["tuned"]
    # five points are tried without the users whom the metrics are taken on, and the best is measured on all
    inner = len(evaluation.split(everything, training._SEED).training.interactions)
    assert [count for count, _, _ in asked] == [inner] * 5 + [len(everything.interactions)]
    assert all(0.2 <= discount <= 0.6 for _, discount, _ in asked)
    assert len({point[1:] for point in asked[:5]}) == 5
    assert asked[0][1:] == (0.5, 0), "the defaults are tried first: a search does no harm"
    best = max(asked[:5], key=lambda point: -abs(point[1] - 0.4) - abs(point[2] - 7) / 100)
    found_point = (float(found["popularity_discount_factor"]), int(found["min_cointeraction_count"]))
    assert found_point == pytest.approx(best[1:], abs=1e-3)


def test_all_that_a_recipe_lets_be_tuned_is_searched_in_its_own_ranges() -> None:
    given = {"integerHyperParameterRanges": [{"name": "bptt", "minValue": 20, "maxValue": 30}]}
    space = hyperparameter_search.space(PERSONAL, given)
    assert space.names == ("hidden_dimension", "bptt", "recency_mask")
    seen: list[dict[str, str]] = []

    def score(values: dict[str, str]) -> float:
        seen.append(values)
        return -abs(int(values["bptt"]) - 23)

    first = hyperparameter_search.starts(PERSONAL, {"bptt": "25"})
    best = hyperparameter_search.search(space, first, 12, score)
    assert seen[0] == {"hidden_dimension": "149", "bptt": "25", "recency_mask": "true"}
    assert all(20 <= int(values["bptt"]) <= 30 and 32 <= int(values["hidden_dimension"]) <= 256 for values in seen)
    assert {values["recency_mask"] for values in seen} == {"true", "false"}
    assert abs(int(best["bptt"]) - 23) == min(abs(int(values["bptt"]) - 23) for values in seen)


def test_a_small_space_is_tried_out_and_no_more() -> None:
    given = {
        "integerHyperParameterRanges": [
            {"name": "bptt", "minValue": 30, "maxValue": 30},
            {"name": "hidden_dimension", "minValue": 100, "maxValue": 100},
        ]
    }
    seen: list[str] = []
    space = hyperparameter_search.space(PERSONAL, given)
    hyperparameter_search.search(
        space, hyperparameter_search.starts(PERSONAL, {}), 9, lambda values: seen.append(values["recency_mask"]) or 0.0
    )
    assert sorted(seen) == ["false", "true"]


def test_nothing_is_tried_where_nothing_is_asked_or_known(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(measuring, "measured", lambda recipe, *_: calls.append(recipe.name) or {"metrics": {}})
    assert training._measured(SIMS, task(tune=False), data(), -1)["tuned"] == {}
    assert training._measured(BY_NAME["aws-popularity-count"], task(ranges={}), data(), -1)["tuned"] == {}
    assert calls == ["aws-sims", "aws-popularity-count"]


@pytest.mark.parametrize("name", ["aws-user-personalization", "aws-personalized-ranking", "aws-hrnn"])
def test_the_hyperparameters_of_sequences_shape_the_model(name: str) -> None:
    assert new_model(BY_NAME[name], {}, {}).shape == Shape()
    tuned = {"bptt": "16", "hidden_dimension": "298", "recency_mask": "false"}
    assert new_model(BY_NAME[name], tuned, {}).shape == Shape(memory=0.5, freedom=2.0, recency=False)


def test_the_hyperparameters_of_similar_items_shape_the_model() -> None:
    usual = new_model(BY_NAME["aws-similar-items"], {}, {})
    assert (usual.freedom, usual.alike_width, usual.least_together, usual.popularity_discount) == (1.0, 200, 0, 0.0)
    asked = {"item_id_hidden_dimension": "200", "item_metadata_hidden_dimension": "50"}
    other = new_model(BY_NAME["aws-similar-items"], {**asked, "popularity_discount_factor": "0.5"}, {})
    assert (other.freedom, other.alike_width, other.popularity_discount) == (2.0, 100, 0.5)
    assert new_model(SIMS, {"min_cointeraction_count": "4"}, {}).least_together == 4
    assert new_model(BY_NAME["aws-user-personalization-v2"], {"apply_recency_bias": "false"}, {}).shape.recency is False
