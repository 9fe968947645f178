"""featureTransformationParameters: who is left out of a training."""

from __future__ import annotations

import numpy as np
import pytest

from clary.engines.recommendation.contract import Interactions
from clary.services.personalize.programs.featurization import transformed


def log() -> Interactions:
    """Ten users of 1 to 10 events, each with one item of their own and otherwise one of all."""
    pairs = [(user, user + 1 if step == 0 else 0) for user in range(10) for step in range(user + 1)]
    users, items = np.array(pairs, np.int32).T
    return Interactions(users, items, np.arange(len(pairs)), 10, 11)


@pytest.mark.parametrize(
    ("parameters", "kept"),
    [
        ({}, range(10)),
        ({"min_user_history_length_percentile": "0.0", "max_user_history_length_percentile": "1.0"}, range(10)),
        ({"max_user_history_length_percentile": "0.9"}, range(9)),
        ({"min_user_history_length_percentile": "0.5"}, range(5, 10)),
        ({"min_user_history_length_percentile": "0.3", "max_user_history_length_percentile": "0.6"}, range(3, 6)),
    ],
)
def test_users_of_short_and_long_histories_are_left_out(parameters: dict[str, str], kept: range) -> None:
    found = transformed(log(), parameters)
    assert sorted(set(found.users.tolist())) == list(kept)
    assert len(found) == sum(user + 1 for user in kept)


def test_items_of_too_many_interactions_are_left_out() -> None:
    found = transformed(log(), {"max_item_interaction_count_percentile": "0.9"})
    assert 0 not in found.items
    assert len(found) == 10
