"""Logs as sequences, pairs at a distance, and the best of an array."""

from __future__ import annotations

import numpy as np
import pytest

from clary.engines.recommendation import arrays
from clary.engines.recommendation.lagged_pairs import pairs, transitions
from clary.engines.recommendation.sequences import first_times, latest_distinct, sequences
from tests.unit.engines.recommendation.worlds import log


def test_events_are_sorted_by_user_and_time_and_ties_keep_their_order() -> None:
    events = sequences(log([(1, 5, 20), (0, 3, 30), (1, 4, 10), (0, 2, 30), (0, 1, 5)], user_count=3))
    assert events.of(0).items.tolist() == [1, 3, 2]
    assert events.of(1).items.tolist() == [4, 5]
    assert events.of(1).timestamps.tolist() == [10, 20]
    assert len(events.of(2)) == len(events.of(3)) == len(events.of(-1)) == 0


def test_only_the_first_event_of_a_user_with_an_item_is_kept() -> None:
    events = first_times(sequences(log([(0, 1, 1), (0, 2, 2), (0, 1, 3), (1, 1, 4)])))
    assert events.items.tolist() == [1, 2, 1]
    assert events.starts.tolist() == [0, 2, 3]


def test_some_users_can_be_selected_in_any_order() -> None:
    events = sequences(log([(0, 1, 1), (1, 2, 2), (1, 3, 3), (2, 4, 4)]))
    part = events.select(np.array([2, 1]))
    assert part.of(0).items.tolist() == [4]
    assert part.of(1).items.tolist() == [2, 3]


def test_pairs_never_join_two_users() -> None:
    events = sequences(log([(0, 1, 1), (0, 2, 2), (0, 3, 3), (1, 1, 1), (1, 3, 2)]))
    earlier, later = pairs(events, 1)
    assert list(zip(events.items[earlier].tolist(), events.items[later].tolist(), strict=True)) == [
        (1, 2),
        (2, 3),
        (1, 3),
    ]
    assert len(pairs(events, 3)[0]) == 0


def test_transitions_weigh_pairs_by_their_distance() -> None:
    events = sequences(log([(0, 1, 1), (0, 2, 2), (0, 3, 3), (1, 1, 1), (1, 3, 2)]))
    matrix = transitions(events, np.array([1.0, 0.5])).toarray()
    assert matrix[1, 2] == 1.0
    assert matrix[1, 3] == 1.5
    assert matrix[3, 1] == 0.0


def test_the_latest_different_items_come_latest_first() -> None:
    items = np.array([1, 2, 1, 3, 3, 1], np.int32)
    assert latest_distinct(items, 10).tolist() == [1, 3, 2]
    assert latest_distinct(items, 2).tolist() == [1, 3]
    long = np.concatenate([[9, 8], np.full(100, 7)]).astype(np.int32)
    assert latest_distinct(long, 3).tolist() == [7, 8, 9]


@pytest.mark.parametrize("k", [0, 1, 3, 5, 9])
def test_the_best_are_those_of_a_stable_sort(k: int) -> None:
    scores = np.array([1.0, 3.0, 3.0, -np.inf, 2.0, 3.0, 0.5], np.float32)
    expected = [position for position in np.argsort(-scores, kind="stable") if scores[position] > -np.inf][:k]
    assert arrays.best(scores, k).tolist() == expected


def test_nothing_allowed_gives_nothing() -> None:
    scores = arrays.forbid(np.arange(4.0), np.zeros(4, bool))
    assert len(arrays.best(scores, 3)) == 0
    assert len(arrays.affinities(np.arange(4.0), 3, np.zeros(4, bool))) == 0


def test_what_lies_beyond_the_mask_is_not_allowed() -> None:
    assert arrays.best(arrays.forbid(np.arange(5.0), np.ones(3, bool)), 5).tolist() == [2, 1, 0]
