"""The protocol of offline metrics, and the quality of the models on worlds with a planted structure."""

from __future__ import annotations

import numpy as np
import pytest

from clary.engines.recommendation.contract import Interactions, Ranking, Recommender, TrainingData
from clary.engines.recommendation.evaluation import evaluate, of_list, over_seeds, split
from clary.engines.recommendation.personal import Personal
from clary.engines.recommendation.popularity import Popularity, Trending
from tests.unit.engines.recommendation.worlds import chains, log


def test_a_tenth_of_the_users_is_held_out_with_the_newest_tenth_of_their_events(world: TrainingData) -> None:
    parts = split(world, seed=3)
    assert len(parts.test) == 12
    trained = set(parts.training.interactions.users.tolist())
    for one in parts.test:
        assert one.user not in trained
        mine = world.interactions.items[world.interactions.users == one.user]
        assert one.past.items.tolist() == mine[:10].tolist()
        assert one.truth.tolist() == sorted(set(mine[10:].tolist()))
    assert len(trained) == 108
    assert [one.user for one in split(world, 3).test] == [one.user for one in parts.test]
    assert [one.user for one in split(world, 4).test] != [one.user for one in parts.test]


def test_users_with_one_event_always_train() -> None:
    data = TrainingData(log([(user, 0, user) for user in range(20)] + [(20, 0, 1), (20, 1, 2)]))
    parts = split(data, 0)
    assert [one.user for one in parts.test] == [20]
    assert parts.test[0].past.items.tolist() == [0]
    assert parts.test[0].truth.tolist() == [1]


class Oracle(Popularity):
    """Answers with the truth of the test user whose past it is shown."""

    def __init__(self, answers: dict[int, list[int]]) -> None:
        super().__init__()
        self.answers = answers

    def recommend(self, session, *_: object, **__: object) -> Ranking:  # type: ignore[no-untyped-def,override]
        items = np.array(self.answers[int(session.history.items[-1])], np.int32)
        return Ranking(items, np.ones(len(items), np.float32), np.zeros(len(items), bool))


def test_a_perfect_list_scores_one_and_new_items_are_counted_alone() -> None:
    rows = [(user, item, item) for user in range(10) for item in range(user, user + 9)]
    rows += [(user, user, 100) for user in range(10)]  # the last event is a repeat of the first item
    data = TrainingData(log(rows))
    parts = split(data, 1)
    user = parts.test[0]
    model = Oracle({int(user.past.items[-1]): user.truth.tolist()}).fit(parts.training)
    scores = evaluate(model, parts)
    assert scores.mean("ndcg_at_25") == scores.mean("returned_ndcg_at_5") == 1.0
    assert scores.mean("precision_at_5") == pytest.approx(0.2)
    assert scores.mean("reciprocal_rank_at_25") == 1.0
    new = evaluate(model, parts, new_only=True)
    assert len(new.values["ndcg_at_25"]) == 0  # nothing new is left in the truth
    assert new.mean("ndcg_at_25") == 0.0


def test_coverage_is_over_all_lists(world: TrainingData) -> None:
    parts = split(world, 0)
    scores = evaluate(Popularity().fit(parts.training), parts)
    assert scores.coverage == pytest.approx(25 / parts.items)
    assert scores.means()["coverage"] == scores.coverage
    low, high = scores.interval("precision_at_25")
    assert low <= scores.mean("precision_at_25") <= high


def test_all_metrics_of_a_list_are_there() -> None:
    names = set(of_list(np.array([1], np.int32), np.array([1], np.int32)))
    assert names == {"reciprocal_rank_at_25"} | {
        f"{name}_at_{k}" for name in ("precision", "ndcg", "returned_ndcg") for k in (5, 10, 25)
    }


def test_the_recommender_beats_popularity_by_far_where_there_is_an_order(world: TrainingData) -> None:
    def means(make: type[Personal] | type[Popularity] | type[Trending]) -> float:
        fitted = over_seeds(world, lambda data: make().fit(data), range(3), new_only=True)
        return float(np.mean([scores.mean("ndcg_at_10") for scores in fitted]))

    best = means(Personal)
    assert best > 0.5
    assert best > 4 * means(Popularity)
    assert best > 4 * means(Trending)


def test_features_of_the_users_help_where_there_is_nothing_else() -> None:
    data = chains(users=240, length=2)
    shuffled = Interactions(
        data.interactions.users,
        data.interactions.items,
        np.zeros(len(data.interactions), np.int64),
        data.interactions.user_count,
        data.interactions.item_count,
    )
    with_features = TrainingData(shuffled, None, data.users)
    hits = []
    for one in (with_features, TrainingData(shuffled)):
        model: Recommender = Personal().fit(one)
        found = []
        for segment in range(6):
            answer = model.recommend(model.session(model.history(-1), features={"segment": [segment]}), 10).items
            found.append(np.mean(answer // 20 == segment))
        hits.append(np.mean(found))
    assert hits[0] > 0.8
    assert hits[1] < 0.4
