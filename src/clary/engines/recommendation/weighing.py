"""The inner hold-out: users whom the members of a blend do not learn from show how much each member counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clary.engines.recommendation import interactions, metrics, stacking
from clary.engines.recommendation.blend import Blend, Situation
from clary.engines.recommendation.contract import Codes, Reals, TrainingData
from clary.engines.recommendation.features import of_row
from clary.engines.recommendation.repeats import PLACES, Repeats, moments
from clary.engines.recommendation.sequences import Sequences, sequences

INNER_SHARE = 0.2
MOST_INNER = 400
"""Users in the inner hold-out."""
TOP = 25
"""The length of the lists by which the weights are chosen."""
ROUNDS = 3
"""How often users are held out where the log is short: a few dozen alone would leave the weights to chance."""
SHORT = 200_000
"""Interactions up to which a log is short; in a longer one the first round holds out hundreds of users."""
LEAST_USERS = 10
"""With fewer users that have two events, nothing is held out."""


@dataclass(frozen=True, slots=True)
class _Moment:
    situation: Situation
    seen: Codes
    truth: Codes
    worth: Reals | None = None


def weigh(blend: Blend, repeats: Repeats, data: TrainingData, events: Sequences, seed: int) -> None:
    """Learns the weights of a blend and the chances of the places of its lists.

    A part of the users is held out, the blend is fitted on the others, and the weights are those that make likely what
    the held-out users did next, at several moments of each of them; with how much of popularity is decided by the gain
    of the lists. Short logs are gone through several times with other users held out; the last ones decide. The blend
    is left fitted on the last part of the data.

    Args:
        events: the log of `data` as sequences.
    """
    random = np.random.default_rng(seed)
    eligible = np.flatnonzero(np.diff(events.starts) >= 2)
    size = min(MOST_INNER, int(np.ceil(INNER_SHARE * len(eligible)))) if len(eligible) >= LEAST_USERS else 0
    drawn = random.permutation(eligible)
    contexts = _contexts(data)
    choices: list[stacking.Choice] = []
    cold_choices: list[stacking.Choice] = []
    warm: list[_Moment] = []
    cold: list[_Moment] = []
    for turn in range(ROUNDS if size and len(events) <= SHORT else 1):
        inner = np.sort(drawn[turn * size : (turn + 1) * size])
        _fit_without(blend, inner, data, events)
        warm, cold = _moments(inner, data, events, contexts)
        choices += _sampled(warm, blend.views, random, blend.orders)
        cold_choices += _sampled(cold, blend.cold_views, random)
    cold_weights = blend.candidate_cold_weights(cold_choices)
    # a user without a history is asked about at the end of the log
    end = int(data.interactions.timestamps.max())
    gains = _tried(cold_weights, cold, lambda one: blend.cold_views(replace(one, time=end)))[0]
    blend.cold_weights = cold_weights[int(np.argmax(gains))]
    weights = blend.candidate_weights(choices)
    gains, found = _tried(weights, warm, blend.views)
    chosen = int(np.argmax(gains))
    blend.weights = weights[chosen]
    repeats.fit_places(found[chosen], len(warm))


def _fit_without(blend: Blend, users: NDArray[np.intp], data: TrainingData, events: Sequences) -> None:
    """Fits a blend on what all but some users did."""
    is_inner = np.zeros(events.user_count, bool)
    is_inner[users] = True
    log = interactions.where(data.interactions, ~is_inner[data.interactions.users])
    blend.fit(TrainingData(log, data.items, data.users), sequences(log))


def _sampled(
    moments_: list[_Moment],
    views: Callable[[Situation], NDArray[np.float32]],
    random: np.random.Generator,
    orders: list[int] | None = None,
) -> list[stacking.Choice]:
    """The moments as choices that can be learned from."""
    found = (
        stacking.sample(views(one.situation), one.seen, one.truth, random, orders=orders, worth=one.worth)
        for one in moments_
    )
    return [choice for choice in found if choice is not None]


def _tried(
    weights: list[NDArray[np.float64]], moments_: list[_Moment], views: Callable[[Situation], NDArray[np.float32]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What each of some weights would have gained.

    Returns:
        [weights] the sum of the NDCG@TOP of all moments' lists; [weights, PLACES] the hits at each place.
    """
    gains, found = np.zeros(len(weights)), np.zeros((len(weights), PLACES))
    for one in moments_:
        for at, places in enumerate(_places(np.array(weights, np.float32) @ views(one.situation), one)):
            np.add.at(found[at], places[places < PLACES], 1.0)
            gain = metrics.ndcg(np.isin(np.arange(TOP), places), TOP, len(places))
            gains[at] += gain if one.worth is None else gain * float(one.worth.mean())
    return gains, found


def _contexts(data: TrainingData) -> dict[str, NDArray[np.int32]]:
    """The contexts of the events in the order of the sequences."""
    log = data.interactions
    order = np.lexsort((log.timestamps, log.users))
    return {name: np.asarray(codes)[order] for name, codes in log.contexts.items()}


def _moments(
    inner: NDArray[np.intp],
    data: TrainingData,
    events: Sequences,
    contexts: dict[str, NDArray[np.int32]],
) -> tuple[list[_Moment], list[_Moment]]:
    """Moments of users with a history, and the first moments of users."""
    warm, cold = [], []

    def situation(user: int, end: int) -> Situation:
        history = events.of(user)
        at = int(events.starts[user]) + end
        context = {name: int(codes[at]) for name, codes in contexts.items()}
        time = int(history.timestamps[max(end - 1, 0)])
        return Situation(history.items[:end], time, of_row(data.users, user), context)

    for user in inner.tolist():
        history = events.of(user).items
        for end, until in moments(len(history)):
            past = history[:end]
            # a user of a short history has one event in the next tenth: look at a few more to learn from
            truth = np.setdiff1d(history[end : max(until, end + 3)], past)
            if len(truth):
                worth = _worth(events, int(events.starts[user]), history, truth)
                warm.append(_Moment(situation(user, end), np.unique(past), truth, worth))
        cold.append(_Moment(situation(user, 0), np.empty(0, np.int32), history[:1]))
    return warm, cold


def _worth(events: Sequences, start: int, history: Codes, items: Codes) -> Reals | None:
    """[items] the greatest weight of a user's events with each item; None when all events count alike."""
    if events.weights is None:
        return None
    weights = events.weights[start : start + len(history)]
    return np.array([weights[history == item].max() for item in items], np.float32)


def _places(utilities: NDArray[np.floating], moment: _Moment) -> list[NDArray[np.intp]]:
    """Where what came next stands in the lists of new items, from 0: one array [truth] per row of utilities."""
    utilities[:, moment.seen] = -np.inf
    return [np.array([np.count_nonzero(row > row[item]) for item in moment.truth]) for row in utilities]
