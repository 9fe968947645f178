"""Each member of the blend on data where the right answer is known, and against its textbook form."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from clary.engines.recommendation.members.contract import Member, Query
from clary.engines.recommendation.members.item_neighbours import ItemNeighbours
from clary.engines.recommendation.members.linear_autoencoder import LinearAutoencoder
from clary.engines.recommendation.members.sequence_linear import SequenceLinear
from clary.engines.recommendation.members.sequential_rules import SequentialRules
from clary.engines.recommendation.members.user_neighbours import UserNeighbours
from clary.engines.recommendation.sequences import Sequences, first_times, sequences
from tests.unit.engines.recommendation.worlds import DAY, chains, log

MEMBERS: list[Callable[[], Member]] = [
    lambda: SequenceLinear(ridge=1.0, least_users=1),
    lambda: LinearAutoencoder(ridge=1.0, least_users=1),
    SequentialRules,
    UserNeighbours,
    ItemNeighbours,
]


def events() -> Sequences:
    return first_times(sequences(chains().interactions))


@pytest.mark.parametrize("make", MEMBERS)
def test_a_member_finds_the_items_of_the_users_group(make: Callable[[], Member]) -> None:
    member = make().fit(events())
    scores = member.scores(Query(np.array([25, 24, 23], np.int32)))
    assert len(scores) == 120
    best = np.argsort(-scores, kind="stable")
    best = best[~np.isin(best, [23, 24, 25])][:5]
    assert all(20 <= item < 40 for item in best)


@pytest.mark.parametrize("make", [MEMBERS[0], MEMBERS[2], MEMBERS[3]])
def test_a_sequential_member_knows_what_comes_next(make: Callable[[], Member]) -> None:
    scores = make().fit(events()).scores(Query(np.array([25, 24, 23], np.int32)))
    scores[[23, 24, 25]] = -np.inf
    assert int(np.argmax(scores)) == 26


@pytest.mark.parametrize("make", MEMBERS)
def test_an_empty_query_and_an_empty_log_score_nothing(make: Callable[[], Member]) -> None:
    assert not make().fit(events()).scores(Query(np.empty(0, np.int32))).any()
    nothing = sequences(log([], user_count=3, item_count=4))
    scores = make().fit(nothing).scores(Query(np.array([2], np.int32)))
    assert scores.shape == (4,)
    assert not scores.any()


@pytest.mark.parametrize("make", MEMBERS)
def test_a_single_event_is_enough_to_be_fitted(make: Callable[[], Member]) -> None:
    scores = make().fit(sequences(log([(0, 0, 1)]))).scores(Query(np.array([0], np.int32)))
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("make", MEMBERS)
def test_a_member_answers_equally_after_its_arrays_were_carried_over(make: Callable[[], Member]) -> None:
    query = Query(np.array([44, 43], np.int32))
    member = make().fit(events())
    assert np.array_equal(make().restore(member.arrays()).scores(query), member.scores(query))


@pytest.mark.parametrize("make", MEMBERS[:3])
def test_contributions_of_a_linear_member_add_up_to_its_score(make: Callable[[], Member]) -> None:
    query = Query(np.array([44, 43, 42], np.int32))
    member = make().fit(events())
    assert member.contributions(query, 45).sum() == pytest.approx(member.scores(query)[45], rel=1e-5)


def test_the_linear_sequence_model_is_the_ridge_solution_over_all_positions() -> None:
    part = first_times(sequences(chains(users=12, groups=2, size=5, length=4).interactions))
    decay, target_decay, ridge = 2.0, 1.5, 3.0
    size = part.item_count
    sources, targets = [], []
    for user in range(part.user_count):
        items = part.of(user).items
        for at in range(len(items)):
            source, target = np.zeros(size), np.zeros(size)
            for place, item in enumerate(items.tolist()):
                if place <= at:
                    source[item] += np.exp(-(at - place) / decay)
                else:
                    target[item] += np.exp(-(place - at - 1) / target_decay)
            sources.append(source)
            targets.append(target)
    s, t = np.array(sources), np.array(targets)
    expected = np.linalg.solve(s.T @ s + ridge * np.eye(size), s.T @ t)
    np.fill_diagonal(expected, 0.0)
    model = SequenceLinear(decay, target_decay, ridge, least_users=1).fit(part)
    found = np.array([model.table.row(item) for item in range(size)])
    np.testing.assert_allclose(found, np.maximum(expected, 0.0), atol=1e-5)


@pytest.mark.parametrize("users", [6, 60])
def test_the_linear_autoencoder_is_ease_in_its_primal_and_its_dual_form(users: int) -> None:
    part = first_times(sequences(chains(users=users, groups=2, size=10, length=6).interactions))
    x = part.matrix().toarray().astype(np.float64)
    p = np.linalg.inv(x.T @ x + 2.0 * np.eye(x.shape[1]))
    expected = -p / np.diag(p)
    np.fill_diagonal(expected, 0.0)
    model = LinearAutoencoder(ridge=2.0, least_users=1).fit(part)
    found = np.array([model.table.row(item) for item in range(x.shape[1])])
    # items without users take no part
    used = x.sum(axis=0) > 0
    np.testing.assert_allclose(found[used], np.maximum(expected, 0.0)[used], atol=1e-4)


def test_rare_items_take_no_part_in_the_dense_models() -> None:
    rows = [(user, item, user * 10 + item) for user in range(6) for item in (0, 1)] + [(0, 2, 100)]
    part = sequences(log(rows))
    for model in (SequenceLinear(least_users=5), LinearAutoencoder(least_users=5)):
        scores = model.fit(part).scores(Query(np.array([0], np.int32)))
        assert scores[1] > 0
        assert scores[2] == 0


def test_a_neighbour_of_the_same_time_counts_more_than_one_of_another() -> None:
    year = 365 * DAY
    rows = [(user, item, item) for user in range(10) for item in (1, 2)]  # long ago 2 came after 1
    rows += [(10 + user, item, 20 * year + item) for user in range(10) for item in (1, 3)]  # now it is 3
    events = first_times(sequences(log(rows)))
    member = UserNeighbours(period=0.1).fit(events)
    asked = np.array([1], np.int32)
    then, now = member.scores(Query(asked, 0)), member.scores(Query(asked, 20 * year))
    assert then[2] > 10 * then[3] > 0
    assert now[3] > 10 * now[2] > 0
    always = UserNeighbours().fit(events).scores(Query(asked, 0))
    assert always[2] == pytest.approx(always[3])


def test_rules_backwards_count_for_their_share() -> None:
    events = first_times(sequences(log([(0, 1, 1), (0, 2, 2)])))
    forward, both = SequentialRules().fit(events), SequentialRules(backward=0.5).fit(events)
    asked = Query(np.array([2], np.int32))
    assert forward.scores(asked)[1] == 0.0
    assert both.scores(asked)[1] == pytest.approx(0.5 * both.scores(Query(np.array([1], np.int32)))[2])
