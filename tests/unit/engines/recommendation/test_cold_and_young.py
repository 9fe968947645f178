"""Cold items, exploration and the parts they are made of."""

from __future__ import annotations

import numpy as np
import pytest

from clary.engines.recommendation import features
from clary.engines.recommendation.cold_items import ColdItems
from clary.engines.recommendation.contract import Exploration, Features, History, Session
from clary.engines.recommendation.exploration import explore
from clary.engines.recommendation.repeats import PLACES, Repeats, buckets, moments
from clary.engines.recommendation.sequences import sequences
from tests.unit.engines.recommendation.worlds import DAY, log


def session(*items: int, user: int = 0) -> Session:
    return Session(user, History(np.array(items, np.int32), np.arange(len(items), dtype=np.int64)))


def test_words_of_few_rows_connect_nothing_and_are_left_out() -> None:
    column = features.words(["Red Shoes", "red hat!", "", "blue"])
    assert column.count == 1
    assert np.diff(column.starts).tolist() == [1, 1, 0, 0]


def test_rows_of_features_have_length_one_and_rare_categories_weigh_more() -> None:
    column = features.categories([[0, 1], [0], [0], []])
    rows = features.matrix(Features(4, {"genre": column})).toarray()
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [1, 1, 1, 0], rtol=1e-6)
    assert rows[0, 1] > rows[0, 0]


def test_numbers_are_compared_by_bins_and_missing_ones_match_nothing() -> None:
    values = np.array([1, 1, 100, 100, np.nan], np.float32)
    rows = features.matrix(Features(5, {}, {"price": values}))
    alike = (rows @ rows.T).toarray()
    assert alike[0, 1] == pytest.approx(1.0)
    assert alike[0, 2] == 0
    assert not alike[4].any()


def test_features_survive_being_saved() -> None:
    kept = Features(
        2, {"genre": features.categories([[1], []])}, {"price": np.array([1, 2], np.float32)}, np.array([5, -1])
    )
    again = features.load(features.save(kept, "items"), "items")
    assert again is not None
    assert features.of_row(again, 0) == {"genre": [1]}
    assert again.numeric["price"].tolist() == [1, 2]
    assert again.created is not None
    assert again.created.tolist() == [5, -1]
    assert features.load({}, "items") is None


def test_a_cold_item_is_drawn_to_the_items_it_is_like() -> None:
    catalogue = Features(5, {"genre": features.categories([[0], [1], [0], [1], []])})
    cold = ColdItems().fit(catalogue, np.array([9.0, 9.0, 0.0, 0.0]))
    utilities = cold.extend(np.array([4.0, -4.0, -9.0, -9.0], np.float32))
    assert utilities[:2].tolist() == [4.0, -4.0]
    assert 0 < utilities[2] <= 4.0
    assert -4.0 <= utilities[3] < 0
    assert utilities[4] == 0.0  # nothing is known: the mean of the warm ones
    assert set(cold.neighbours_of(2)) == {0}
    assert cold.neighbours_of(0) == {}


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_the_share_of_explored_places_is_the_weight(weight: float) -> None:
    items = np.arange(20, dtype=np.int32)
    counts = np.where(np.arange(200) < 100, 50, 1).astype(np.float32)
    born = np.where(np.arange(200) < 100, 0, 1000 * DAY)
    how = Exploration(weight, 30 * DAY)
    shares = []
    for user in range(200):
        chosen, explored = explore(
            items, np.zeros(200, np.float32), None, counts, born, session(1, user=user), how, 1000 * DAY
        )
        assert len(set(chosen.tolist())) == 20
        assert (chosen[explored] >= 100).all()
        assert (chosen[~explored] == items[~explored]).all()
        shares.append(explored.mean())
    assert np.mean(shares) == pytest.approx(weight, abs=0.03)


def test_exploration_is_the_same_for_the_same_session_and_not_for_another() -> None:
    arguments = (np.zeros(90, np.float32), None, np.zeros(90, np.float32), np.full(90, -1))
    items = np.arange(10, dtype=np.int32)
    how = Exploration(0.5)
    first = explore(items, *arguments, session(1, 2), how, 0)[0]
    assert explore(items, *arguments, session(1, 2), how, 0)[0].tolist() == first.tolist()
    others = [explore(items, *arguments, session(1, 2, user=user), how, 0)[0].tolist() for user in range(1, 5)]
    assert any(other != first.tolist() for other in others)


def test_old_seen_and_forbidden_items_are_not_explored() -> None:
    items = np.arange(4, dtype=np.int32)
    born = np.array([0, 0, 0, 0, 0, 95, 96, 97])
    allowed = np.ones(8, bool)
    allowed[7] = False
    how = Exploration(1.0, item_age_seconds=10)
    zeros = np.zeros(8, np.float32)
    chosen, explored = explore(items, zeros, allowed, np.ones(8, np.float32), born, session(5), how, 100)
    assert set(chosen[explored].tolist()) == {6}


def test_moments_cut_a_history_into_a_past_and_the_tenth_after_it() -> None:
    assert moments(1) == []
    assert moments(2) == [(1, 2)]
    assert (90, 100) in moments(100)
    assert all(1 <= end < until <= 100 for end, until in moments(100))


def test_a_history_is_told_by_recency_count_and_moment() -> None:
    items, recency, counts = buckets(History(np.array([5, 6, 5, 7], np.int32), np.array([1, 2, 3, 3])))
    assert items.tolist() == [7, 5, 6]
    assert recency.tolist() == [0, 1, 2]
    # 7 and 5 share the moment of the last event; 5 was there twice
    assert counts[0] != counts[2]
    assert len(set(counts.tolist())) == 3


def test_a_repeat_stands_where_its_chance_belongs() -> None:
    rows = [(user, item, step) for user in range(50) for step, item in enumerate([1, 2] * 5)]
    head = Repeats().fit(sequences(log(rows)))
    head.fit_places(np.full(PLACES, 1.0), lists=100)
    utilities = np.arange(50, dtype=np.float32)
    placed = head.place(History(np.array([3, 1, 2], np.int32), np.arange(3)), utilities)
    assert np.isfinite(placed).all()
    assert int(np.argmax(placed)) in (1, 2)
    untouched = np.setdiff1d(np.arange(50), [1, 2, 3])
    assert np.array_equal(placed[untouched], utilities[untouched])
