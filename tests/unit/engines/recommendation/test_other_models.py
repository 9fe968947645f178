"""Popularity, trends, similar items, segments and the next best action."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clary.engines.recommendation.contract import Exploration, Features, History, TrainingData, TrainingError
from clary.engines.recommendation.features import categories
from clary.engines.recommendation.models import MODELS, create, load
from clary.engines.recommendation.next_action import ActionLog, NextAction
from clary.engines.recommendation.popularity import Popularity, Trending
from clary.engines.recommendation.segments import Affinity
from clary.engines.recommendation.similar import Similar
from tests.unit.engines.recommendation.worlds import log

NOTHING = History(np.empty(0, np.int32), np.empty(0, np.int64))
HOUR = 3600


def test_popularity_counts_interactions() -> None:
    model = Popularity().fit(TrainingData(log([(0, 2, 1), (1, 2, 2), (2, 1, 3)], item_count=4)))
    answer = model.recommend(model.session(NOTHING), 3)
    assert answer.items.tolist() == [2, 1, 0]
    assert answer.scores[:2].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert model.rank(model.session(NOTHING), np.array([0, 1, 2], np.int32)).items.tolist() == [2, 1, 0]


def test_recent_popularity_forgets() -> None:
    data = TrainingData(log([(0, 0, 0), (1, 0, 1), (2, 1, 1000)]))
    assert Popularity().fit(data).recommend(Popularity().session(NOTHING), 1).items.tolist() == [0]
    assert Popularity(half_life_seconds=100).fit(data).recommend(Popularity().session(NOTHING), 1).items.tolist() == [1]


def test_trending_is_growth_and_not_size() -> None:
    random = np.random.default_rng(0)
    rows = [(int(random.integers(500)), 0, int(time)) for time in random.uniform(0, 10 * HOUR, 3000)]
    rows += [(int(random.integers(500)), 1, int(time)) for time in random.uniform(0, 10 * HOUR, 300)]
    rows += [(int(random.integers(500)), 2, int(time)) for time in random.uniform(9 * HOUR, 10 * HOUR, 90)]
    data = TrainingData(log(rows))
    popular, trending = Popularity().fit(data), Trending(HOUR).fit(data)
    assert popular.recommend(popular.session(NOTHING), 3).items.tolist() == [0, 1, 2]
    assert trending.recommend(trending.session(NOTHING), 1).items.tolist() == [2]


@pytest.mark.parametrize("make", [Popularity, Trending])
def test_items_without_events_can_be_explored(make: type[Popularity] | type[Trending]) -> None:
    model = make().fit(TrainingData(log([(user, user % 5, user) for user in range(50)])))
    model.add_items(Features(9))
    answer = model.recommend(model.session(NOTHING), 5, exploration=Exploration(1.0))
    assert set(answer.items.tolist()) >= {5, 6, 7, 8}
    assert len(model.recommend(model.session(NOTHING), 50)) == 9


def test_similar_items_are_those_of_the_same_walk(world: TrainingData) -> None:
    model = Similar().fit(world)
    for item in (25, 66, 103):
        answer = model.similar(item, 10)
        assert item not in answer.items
        assert sum(other // 20 == item // 20 for other in answer.items.tolist()) >= 9
        assert answer.scores[0] == 1.0
        assert (np.diff(answer.scores) <= 0).all()
    assert model.similar(25, 1).items.tolist() == [26]


def test_every_item_has_similar_ones_even_a_cold_or_an_unknown_one(world: TrainingData) -> None:
    model = Similar().fit(world)
    model.add_items(Features(121, {"genre": categories([*([item // 20] for item in range(120)), [3]])}))
    cold = model.similar(120, 5).items.tolist()
    assert all(item // 20 == 3 for item in cold)
    assert len(model.similar(10**6, 5)) == len(model.similar(-1, 5)) == 5
    assert len(model.similar(0, 500)) == 120
    allowed = np.zeros(121, bool)
    allowed[[7, 99]] = True
    assert sorted(model.similar(25, 5, allowed).items.tolist()) == [7, 99]


def test_a_popularity_discount_brings_up_rarer_items() -> None:
    random = np.random.default_rng(0)
    rows = []
    for user in range(300):
        group = user % 5
        items = [0, *(1 + group * 10 + random.permutation(10)[:4]).tolist()]  # everybody has item 0
        rows += [(user, int(item), step) for step, item in enumerate(random.permutation(items))]
    data = TrainingData(log(rows))
    plain, discounted = Similar().fit(data), Similar(popularity_discount=1.0).fit(data)

    def place(model: Similar) -> float:
        return float(np.mean([model.similar(item, 50).items.tolist().index(0) for item in range(1, 51)]))

    assert place(discounted) > place(plain)


def test_segments_hold_the_users_of_the_items_group(world: TrainingData) -> None:
    model = Affinity().fit(world)
    for item in (5, 47, 110):
        users = model.users_for_item(item, 10).items
        assert sum(user % 6 == item // 20 for user in users.tolist()) >= 9
    users = model.users_for_category("genre", 4, 15).items
    assert sum(user % 6 == 4 for user in users.tolist()) >= 14
    with pytest.raises(KeyError):
        model.users_for_category("colour", 0, 5)
    assert len(model.users_for_item(10**6, 5)) == 5
    only = np.zeros(model.user_count, bool)
    only[3] = True
    assert model.users_for_item(5, 5, only).items.tolist() == [3]


def action_log(users: int = 400, seed: int = 0) -> tuple[ActionLog, Features]:
    """Users of segment 0 take action 0, users of segment 1 take action 1, hardly anybody takes action 2."""
    random = np.random.default_rng(seed)
    who, what, when, taken = [], [], [], []
    for user in range(users):
        for step in range(4):
            action = int(random.integers(3))
            chance = 0.05 if action == 2 else 0.7 if action == user % 2 else 0.1
            who.append(user)
            what.append(action)
            when.append(step)
            taken.append(random.random() < chance)
    log_ = ActionLog(np.array(who, np.int32), np.array(what, np.int32), np.array(when), np.array(taken), 3)
    return log_, Features(users, {"segment": categories([[user % 2] for user in range(users)])})


def test_the_next_best_action_is_the_one_that_users_like_this_take() -> None:
    log_, users = action_log()
    model = NextAction().fit(log_, users)
    for segment in (0, 1):
        answer = model.recommend(-1, 3, categories={"segment": [segment]})
        assert answer.items.tolist() == [segment, 1 - segment, 2]
        assert answer.scores[0] == pytest.approx(0.7, abs=0.12)
        assert answer.scores[1] == pytest.approx(0.1, abs=0.07)
    before = model.recommend(-1, 3).scores[0]
    assert np.isfinite(before)


def test_worth_can_outweigh_propensity() -> None:
    log_, users = action_log()
    actions = Features(4, {}, {"value": np.array([1, 1, 500, np.nan], np.float32)})
    model = NextAction().fit(log_, users, actions)
    assert model.recommend(0, 4).items[0] == 0
    worthy = model.recommend(0, 4, np.array([True, True, True, False]), value="value")
    assert worthy.items[0] == 2
    assert worthy.scores[0] < 0.3  # the score stays the propensity
    assert 3 in model.recommend(0, 4, value="value").items


def test_a_new_action_is_judged_by_its_categories() -> None:
    log_, users = action_log()
    known = Features(3, {"kind": categories([[0], [1], [2]])})
    model = NextAction().fit(log_, users, known)
    model.add_actions(Features(5, {"kind": categories([[0], [1], [2], [0], [2]])}))
    answer = model.recommend(-1, 5, categories={"segment": [0]})
    scores = dict(zip(answer.items.tolist(), answer.scores.tolist(), strict=True))
    assert set(scores) == set(range(5))
    assert scores[3] > scores[4], "users of this segment take actions of the first kind"


def test_an_action_taken_moves_the_propensity() -> None:
    log_, users = action_log()
    model = NextAction().fit(log_, users)
    plain = model.recommend(-1, 3, categories={})
    later = model.recommend(-1, 3, categories={}, later=[(0, False), (0, False)])
    assert plain.items.tolist() != later.items.tolist() or not np.allclose(plain.scores, later.scores)


@pytest.mark.parametrize("name", sorted(set(MODELS) - {"personal"}))
def test_a_saved_model_gives_equal_answers(name: str, world: TrainingData, tmp_path: Path) -> None:
    if name == "next_action":
        log_, users = action_log()
        model = NextAction().fit(log_, users)
        ask = lambda one: one.recommend(3, 3, later=[(1, True)])  # noqa: E731
    else:
        model = create(name).fit(world)  # type: ignore[call-arg,arg-type,assignment]
        questions = {
            "similar": lambda one: one.similar(25, 10),
            "affinity": lambda one: one.users_for_category("genre", 2, 9),
        }
        ask = questions.get(name, lambda one: one.recommend(one.session(NOTHING), 9, exploration=Exploration(0.5)))
    model.save(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".npy", ".json"}
    again = load(tmp_path)
    assert type(again) is type(model)
    assert np.array_equal(ask(again).items, ask(model).items)
    assert np.array_equal(ask(again).scores, ask(model).scores)


@pytest.mark.parametrize("name", ["popularity", "trending", "similar", "affinity"])
def test_an_empty_log_is_refused(name: str) -> None:
    with pytest.raises(TrainingError, match="0 interactions"):
        create(name).fit(TrainingData(log([], 3, 3)))  # type: ignore[call-arg,arg-type]


@pytest.mark.parametrize("name", ["popularity", "trending", "similar", "affinity"])
def test_one_event_is_enough_for_an_answer(name: str) -> None:
    model = create(name).fit(TrainingData(log([(0, 0, 5)])))  # type: ignore[call-arg,arg-type]
    if isinstance(model, Similar):
        answer = model.similar(0, 5)
        assert len(answer) == 0
    elif isinstance(model, Affinity):
        answer = model.users_for_item(0, 5)
        assert answer.items.tolist() == [0]
    else:
        assert isinstance(model, Popularity | Trending)
        answer = model.recommend(model.session(NOTHING), 5)
        assert answer.items.tolist() == [0]
    assert np.isfinite(answer.scores).all()


def test_items_that_too_few_users_had_together_are_not_similar(tmp_path: Path) -> None:
    rows = [(user, item, 2 * user + item) for user in range(4) for item in (0, 1)]
    rows += [(9, 0, 100), (9, 2, 101), (8, 3, 102)]  # one user alone had items 0 and 2
    strict = Similar(least_together=2).fit(TrainingData(log(rows, item_count=5)))
    strict.save(tmp_path)
    for model in (strict, load(tmp_path)):
        found = model.similar(0, 4)
        scores = dict(zip(found.items.tolist(), found.scores.tolist(), strict=True))
        assert scores[1] > 0.9
        assert scores[2] < 1e-5
    free = Similar().fit(TrainingData(log(rows, item_count=5))).similar(0, 4)
    assert dict(zip(free.items.tolist(), free.scores.tolist(), strict=True))[2] > 1e-3
