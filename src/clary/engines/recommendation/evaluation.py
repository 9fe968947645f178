"""How good a recommender is, on users it has not seen: the protocol of offline metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from clary.engines.recommendation import interactions, metrics
from clary.engines.recommendation.contract import Codes, History, Mask, Ranking, Recommender, Session, TrainingData
from clary.engines.recommendation.features import of_row
from clary.engines.recommendation.sequences import Sequences, sequences

K = 25
TEST_SHARE = 0.1
INPUT_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class TestUser:
    """A user who was held out of training.

    Attributes:
        user: code.
        past: the oldest 90% of the user's events, which the model is asked with.
        truth: the different items among the rest.
        context: the situation of the first event of the rest.
    """

    __test__ = False

    user: int
    past: History
    truth: Codes
    context: dict[str, int]


@dataclass(frozen=True, slots=True)
class Split:
    """Training data without the test users, and the test users.

    Attributes:
        training: the events of the other users.
        test: the held-out users.
        items: how many different items the training events have.
    """

    training: TrainingData
    test: list[TestUser]
    items: int


@dataclass(frozen=True, slots=True)
class Scores:
    """Metrics of a model, one value per test user in each array.

    Attributes:
        values: by name: "precision_at_5", "ndcg_at_10" (as the field defines it), "returned_ndcg_at_25" (its ideal
            is the returned list re-sorted), "reciprocal_rank_at_25".
        coverage: the share of the training items that stand in at least one list.
    """

    values: dict[str, NDArray[np.float64]]
    coverage: float

    def mean(self, name: str) -> float:
        """The mean over the test users; 0 without any."""
        return float(self.values[name].mean()) if len(self.values[name]) else 0.0

    def means(self) -> dict[str, float]:
        """All means, and "coverage"."""
        return {name: self.mean(name) for name in self.values} | {"coverage": self.coverage}

    def interval(self, name: str, seed: int = 0) -> tuple[float, float]:
        """The 95% bootstrap interval of the mean over the test users."""
        return metrics.bootstrap_interval(self.values[name], seed)


class Answers(Protocol):
    """What can be evaluated: gives the list for a test user."""

    def __call__(self, session: Session, k: int, allowed: Mask | None, context: dict[str, int]) -> Ranking:
        """The k best items of a session among the allowed ones."""
        ...


def split(data: TrainingData, seed: int, test_share: float = TEST_SHARE, least_events: int = 2) -> Split:
    """Holds a tenth of the users out, drawn at random; the rest trains with all their events.

    Args:
        least_events: users with fewer events always train.
    """
    log = interactions.resized(data.interactions, data.user_count, data.item_count)
    events = sequences(log)
    eligible = np.flatnonzero(np.diff(events.starts) >= least_events)
    random = np.random.default_rng(seed)
    size = min(len(eligible), max(1, round(test_share * len(eligible)))) if len(eligible) else 0
    held_out = np.sort(random.permutation(eligible)[:size])
    is_held_out = np.zeros(events.user_count, bool)
    is_held_out[held_out] = True
    training = interactions.where(log, ~is_held_out[log.users])
    test = list(_test_users(data, events, held_out))
    return Split(TrainingData(training, data.items, data.users), test, len(np.unique(training.items)))


def _test_users(data: TrainingData, events: Sequences, users: NDArray[np.intp]) -> Iterable[TestUser]:
    log = data.interactions
    order = np.lexsort((log.timestamps, log.users))
    for user in users.tolist():
        history = events.of(user)
        end = min(int(np.floor(INPUT_SHARE * len(history))), len(history) - 1)
        at = order[int(events.starts[user]) + end]
        context = {name: int(codes[at]) for name, codes in log.contexts.items()}
        past = History(history.items[:end], history.timestamps[:end])
        yield TestUser(user, past, np.unique(history.items[end:]), context)


def evaluate(model: Recommender, parts: Split, new_only: bool = False, answers: Answers | None = None) -> Scores:
    """The metrics of a fitted model.

    Args:
        new_only: seen items are forbidden and left out of the truth; users with nothing left are skipped.
        answers: how lists are made, `model.recommend` unless told.
    """
    ask = answers or model.recommend
    found: list[dict[str, float]] = []
    lists = []
    for one in parts.test:
        truth, allowed = one.truth, None
        if new_only:
            truth = np.setdiff1d(truth, one.past.items)
            if not len(truth):
                continue
            allowed = np.ones(model.item_count, bool)
            allowed[one.past.items] = False
        session = model.session(one.past, features=of_row(parts.training.users, one.user))
        ranked = ask(session, K, allowed, one.context).items
        lists.append(ranked)
        found.append(of_list(ranked, truth))
    names = found[0] if found else of_list(np.empty(0, np.int32), np.empty(0, np.int32))
    values = {name: np.array([row[name] for row in found], np.float64) for name in names}
    return Scores(values, metrics.coverage(lists, parts.items))


def of_list(ranked: Codes, truth: Codes) -> dict[str, float]:
    """All metrics of one list by name."""
    hits = metrics.hits(ranked, truth)
    found = {"reciprocal_rank_at_25": metrics.reciprocal_rank(hits, K)}
    for k in (5, 10, 25):
        found[f"precision_at_{k}"] = metrics.precision(hits, k)
        found[f"ndcg_at_{k}"] = metrics.ndcg(hits, k, len(truth))
        found[f"returned_ndcg_at_{k}"] = metrics.ndcg_of_returned(hits, k)
    return found


def over_seeds(
    data: TrainingData, fit: Callable[[TrainingData], Recommender], seeds: Iterable[int], new_only: bool = False
) -> list[Scores]:
    """The metrics of models fitted on one split per seed."""
    return [evaluate(fit(parts.training), parts, new_only) for parts in (split(data, seed) for seed in seeds)]
