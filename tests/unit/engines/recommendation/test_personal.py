"""The recommender for users."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clary.engines.recommendation.contract import (
    NOBODY,
    Exploration,
    Features,
    History,
    Interactions,
    TrainingData,
    TrainingError,
)
from clary.engines.recommendation.features import categories
from clary.engines.recommendation.models import create, load
from clary.engines.recommendation.personal import Personal
from clary.engines.recommendation.popularity import Popularity
from tests.unit.engines.recommendation.worlds import DAY, chains, log

NOTHING = History(np.empty(0, np.int32), np.empty(0, np.int64))


def history(*items: int) -> History:
    return History(np.array(items, np.int32), 2000 * DAY + 60 * np.arange(len(items), dtype=np.int64))


def test_the_next_item_comes_first(personal: Personal) -> None:
    assert personal.recommend(personal.session(history(41, 42, 43)), 1).items.tolist() == [44]
    assert personal.recommend(personal.session(history(81, 82, 83)), 1).items.tolist() == [84]


def test_an_event_changes_the_very_next_answer(personal: Personal) -> None:
    session = personal.session(history(41, 42))
    after = personal.session(history(41, 42, 100))
    assert 101 not in personal.recommend(session, 5).items
    assert 101 in personal.recommend(after, 5).items


@pytest.mark.parametrize("make", [Personal, Popularity])
def test_codes_in_a_history_that_are_no_items_are_left_out(
    make: type[Personal] | type[Popularity], world: TrainingData
) -> None:
    model = make().fit(world)
    session = model.session(history(41, -1, 42, 10**6))
    assert session.history.items.tolist() == [41, 42]
    answer = model.recommend(session, 25, exploration=Exploration(0.5, 10**9))
    assert np.isfinite(answer.scores).all()


def test_the_training_log_remembers_its_users(personal: Personal, world: TrainingData) -> None:
    known = personal.history(7)
    mine = world.interactions.users == 7
    assert known.items.tolist() == world.interactions.items[mine].tolist()
    assert len(personal.history(NOBODY)) == len(personal.history(10**6)) == 0


def test_scores_are_finite_positive_descending_shares(personal: Personal) -> None:
    for past in (NOTHING, history(5), history(5, 6, 7)):
        answer = personal.recommend(personal.session(past), personal.item_count)
        assert len(answer) == personal.item_count
        assert np.isfinite(answer.scores).all()
        assert (answer.scores > 0).all()
        assert (np.diff(answer.scores) <= 0).all()
        assert answer.scores.sum() == pytest.approx(1.0, abs=1e-4)
        assert len(set(answer.items.tolist())) == len(answer)


def test_only_allowed_items_are_answered(personal: Personal) -> None:
    allowed = np.zeros(personal.item_count, bool)
    allowed[[3, 70]] = True
    session = personal.session(history(41, 42))
    assert sorted(personal.recommend(session, 25, allowed).items.tolist()) == [3, 70]
    assert len(personal.recommend(session, 25, np.zeros(personal.item_count, bool))) == 0
    explored = personal.recommend(session, 25, allowed, exploration=Exploration(1.0, 10**9))
    assert set(explored.items.tolist()) <= {3, 70}


def test_a_given_list_is_ranked_whole_and_its_shares_sum_to_one(personal: Personal) -> None:
    given = np.array([9, 45, 44, 110], np.int32)
    answer = personal.rank(personal.session(history(41, 42, 43)), given)
    assert sorted(answer.items.tolist()) == sorted(given.tolist())
    assert answer.items.tolist()[:2] == [44, 45]
    assert answer.scores.sum() == pytest.approx(1.0, abs=1e-5)


def test_a_user_without_events_gets_what_users_like_them_want(personal: Personal) -> None:
    answer = personal.recommend(personal.session(NOTHING, features={"segment": [3]}), 10)
    assert sum(60 <= item < 80 for item in answer.items.tolist()) >= 8


def test_features_of_a_known_user_come_from_the_training_data(personal: Personal) -> None:
    assert personal.session(NOTHING, user=3).features == {"segment": [3]}
    assert personal.session(NOTHING, user=10**6).features == {}


def test_reasons_name_the_users_items_and_sum_to_one_at_most(personal: Personal) -> None:
    reasons = personal.reasons(personal.session(history(100, 41, 42, 43)), 44)
    assert reasons[0].source == "item"
    assert reasons[0].item in (41, 42, 43)
    assert 0 < sum(reason.share for reason in reasons) <= 1 + 1e-6
    assert personal.reasons(personal.session(history(41)), 41)[0].source == "repeat"
    cold = personal.reasons(personal.session(NOTHING, features={"segment": [3]}), 65)
    assert "user_feature" in {reason.source for reason in cold}


def test_a_saved_model_gives_equal_answers_and_holds_no_pickles(personal: Personal, tmp_path: Path) -> None:
    personal.save(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".npy", ".json"}
    again = load(tmp_path)
    assert isinstance(again, Personal)
    for past in (NOTHING, history(5), history(61, 62)):
        for user in (NOBODY, 4):
            one = personal.recommend(personal.session(past, user), 25, exploration=Exploration(0.3, 10**9))
            other = again.recommend(again.session(past, user), 25, exploration=Exploration(0.3, 10**9))
            assert np.array_equal(one.items, other.items)
            assert np.array_equal(one.scores, other.scores)
    assert again.reasons(again.session(history(41)), 42) == personal.reasons(personal.session(history(41)), 42)
    assert again.history(3).items.tolist() == personal.history(3).items.tolist()


def test_equal_seeds_give_equal_models(personal: Personal, world: TrainingData) -> None:
    again = create("personal", seed=0).fit(world)  # type: ignore[call-arg,arg-type]
    assert np.array_equal(again.blend.weights, personal.blend.weights)  # type: ignore[union-attr]


def test_items_that_come_back_are_recommended_again_only_where_they_do() -> None:
    random = np.random.default_rng(0)
    once, weekly = [], []
    for user in range(60):
        for step, item in enumerate(random.permutation(30)[:10].tolist()):
            once.append((user, item, step))
        staple = int(random.integers(30))
        for step in range(10):
            weekly.append((user, staple if step % 2 else int(random.integers(30)), step))
    past = history(9, 4, 9, 17)
    for rows, back in ((once, False), (weekly, True)):
        model = Personal().fit(TrainingData(log(rows, 60, 30)))
        assert (model.recommend(model.session(past), 1).items[0] == 9) == back


@pytest.mark.parametrize(
    "data",
    [
        log([(0, 0, 1)]),
        log([(0, 0, 1), (0, 0, 2), (0, 0, 3)]),
        log([(0, item, item) for item in range(5)]),
        log([(user, 0, user) for user in range(30)]),
        log([(user, user % 3, 7) for user in range(30)], user_count=40, item_count=9),
    ],
    ids=["one event", "one item again and again", "one user", "one item", "one event each"],
)
def test_the_smallest_logs_give_finite_answers(data: Interactions) -> None:
    model = Personal().fit(TrainingData(data))
    for past in (NOTHING, model.history(0)):
        answer = model.recommend(model.session(past), 25)
        assert len(answer) == min(25, data.item_count)
        assert np.isfinite(answer.scores).all()


def test_an_empty_log_is_refused() -> None:
    with pytest.raises(TrainingError, match="0 interactions"):
        Personal().fit(TrainingData(log([], 3, 3)))


def test_new_items_are_scored_by_the_items_they_are_like(world: TrainingData, tmp_path: Path) -> None:
    model = Personal().fit(world)
    genres = [[item // 20] for item in range(120)] + [[2], [5]]
    model.add_items(Features(122, {"genre": categories(genres)}))
    assert model.item_count == 122
    answer = model.rank(model.session(history(41, 42, 43)), np.array([120, 121], np.int32))
    assert answer.items.tolist() == [120, 121]
    assert model.reasons(model.session(history(41, 42, 43)), 120)[0].source == "content"
    model.save(tmp_path)
    again = Personal.load(tmp_path)
    assert again.rank(again.session(history(101, 102)), answer.items).items.tolist() == [121, 120]
    assert np.isfinite(model.recommend(model.session(history(120)), 25).scores).all()


def test_an_objective_raises_what_the_items_of_a_list_are_worth() -> None:
    data = chains()
    assert data.items is not None
    worth = np.where(np.arange(120) % 2 == 0, 10.0, 1.0).astype(np.float32)
    rich = TrainingData(data.interactions, Features(120, data.items.categorical, {"revenue": worth}), data.users)
    plain = Personal().fit(rich)
    driven = Personal(objective="revenue", objective_weight=1.0).fit(rich)
    means = []
    for model in (plain, driven):
        lists = [model.recommend(model.session(model.history(user)), 10).items for user in range(60)]
        means.append(np.mean([worth[items].mean() for items in lists]))
    assert means[1] > means[0] + 1.0


def test_the_context_moves_the_answer() -> None:
    random = np.random.default_rng(0)
    rows, device = [], []
    for user in range(200):
        for step in range(4):
            device.append(int(random.integers(2)))
            rows.append((user, int(random.integers(10)) + 10 * device[-1], step))
    data = TrainingData(log(rows, 200, 20, contexts={"device": np.array(device, np.int32)}))
    model = Personal().fit(data)
    for code in (0, 1):
        items = model.recommend(model.session(NOTHING), 10, context={"device": code}).items
        assert sum(item // 10 == code for item in items.tolist()) >= 9


def test_a_shape_of_ones_own_is_kept_by_a_saved_model(world: TrainingData, tmp_path: Path) -> None:
    model = Personal(memory=0.25, freedom=4.0, recency=False).fit(world)
    assert "user_neighbours+period" not in model.blend.members
    assert model.blend.members["sequence_linear"].decay == 2.0
    model.save(tmp_path)
    again = Personal.load(tmp_path)
    assert again.shape == model.shape
    session = model.session(history(41, 42, 43))
    assert again.utilities(session).tolist() == model.utilities(session).tolist()
    assert again.update(world).utilities(session).shape == model.utilities(session).shape
