"""Which kinds of events are learned from, and how much each counts."""

from __future__ import annotations

import numpy as np

from clary.engines.recommendation.vocabulary import Vocabulary
from clary.services.personalize.programs.training_data import Log, chosen, weights

TYPES = Vocabulary(["click", "buy", "look"])
LOG = Log(
    users=np.zeros(4, np.int32),
    items=np.arange(4, dtype=np.int32),
    times=np.arange(4, dtype=np.int64),
    types=np.array([0, 1, 2, 1], np.int32),
    values=np.array([np.nan, 5.0, np.nan, 1.0], np.float32),
)


def test_kinds_thresholds_and_weights_choose_and_weigh() -> None:
    rules = [{"type": "click", "weight": 0.25}, {"type": "buy", "threshold": 2.0}, {"type": "look", "weight": 0.0}]
    assert chosen(LOG, rules, TYPES).tolist() == [True, True, False, False]
    found = weights(LOG, rules, TYPES)
    assert found is not None
    assert found[:2].tolist() == [0.25, 1.0]


def test_equal_weights_are_none_and_no_rule_chooses_all() -> None:
    assert chosen(LOG, [], TYPES).all()
    assert weights(LOG, [], TYPES) is None
    assert weights(LOG, [{"type": "click", "weight": 1.0}, {"type": "buy"}], TYPES) is None
    assert not chosen(LOG, [{"type": "unheard-of"}], TYPES).any()
