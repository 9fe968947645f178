"""Metrics against cases computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from clary.engines.recommendation import metrics

HITS = np.array([False, True, False, True, False])


def test_hits_are_the_recommended_items_among_the_true_ones() -> None:
    found = metrics.hits(np.array([7, 3, 9], np.int32), np.array([9, 7, 1], np.int32))
    assert found.tolist() == [True, False, True]


def test_precision_counts_places_left_empty_as_misses() -> None:
    assert metrics.precision(HITS, 5) == pytest.approx(2 / 5)
    assert metrics.precision(HITS, 2) == pytest.approx(1 / 2)
    assert metrics.precision(HITS, 10) == pytest.approx(2 / 10)


def test_reciprocal_rank_is_that_of_the_first_hit() -> None:
    assert metrics.reciprocal_rank(HITS, 25) == pytest.approx(1 / 2)
    assert metrics.reciprocal_rank(HITS, 1) == 0.0


def test_ndcg_is_normalised_by_the_best_possible_list() -> None:
    gain = 1 / math.log2(3) + 1 / math.log2(5)
    assert metrics.ndcg(HITS, 5, truths=2) == pytest.approx(gain / (1 + 1 / math.log2(3)))
    assert metrics.ndcg(HITS, 5, truths=3) == pytest.approx(gain / (1 + 1 / math.log2(3) + 1 / 2))
    # no more hits are possible than there are places
    assert metrics.ndcg(np.ones(5, bool), 5, truths=40) == pytest.approx(1.0)


def test_ndcg_of_the_returned_list_is_normalised_by_its_own_hits_in_front() -> None:
    gain = 1 / math.log2(3) + 1 / math.log2(5)
    assert metrics.ndcg_of_returned(HITS, 5) == pytest.approx(gain / (1 + 1 / math.log2(3)))
    assert metrics.ndcg_of_returned(HITS, 3) == pytest.approx(1 / math.log2(3))
    assert metrics.ndcg_of_returned(np.zeros(5, bool), 5) == 0.0


def test_coverage_counts_every_item_once() -> None:
    lists = [np.array([1, 2], np.int32), np.array([2, 3], np.int32)]
    assert metrics.coverage(lists, 6) == pytest.approx(0.5)
    assert metrics.coverage([], 6) == 0.0


def test_the_bootstrap_interval_holds_the_mean_and_narrows_with_more_users() -> None:
    random = np.random.default_rng(1)
    few, many = random.random(20), random.random(2000)
    low, high = metrics.bootstrap_interval(few)
    assert low < few.mean() < high
    narrow = metrics.bootstrap_interval(many)
    assert narrow[1] - narrow[0] < (high - low) / 4
    assert metrics.bootstrap_interval(few) == (low, high)
    assert metrics.bootstrap_interval(np.zeros(0)) == (0.0, 0.0)
