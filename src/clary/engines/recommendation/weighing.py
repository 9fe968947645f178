"""The inner hold-out: users whom the members of a blend do not learn from show how much each member counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clary.engines.recommendation import interactions, metrics, stacking
from clary.engines.recommendation.blend import Blend, Situation
from clary.engines.recommendation.contract import Codes, TrainingData
from clary.engines.recommendation.features import of_row
from clary.engines.recommendation.repeats import PLACES, Repeats, moments
from clary.engines.recommendation.sequences import Sequences, sequences

INNER_SHARE = 0.2
MOST_INNER = 400
"""Users in the inner hold-out."""
TOP = 25
"""The length of the lists by which the weights are chosen."""
LEAST_USERS = 10
"""With fewer users that have two events, nothing is held out."""


@dataclass(frozen=True, slots=True)
class _Moment:
    situation: Situation
    seen: Codes
    truth: Codes


def weigh(
    blend: Blend, repeats: Repeats, data: TrainingData, events: Sequences, seed: int, last_only: bool = False
) -> None:
    """Learns the weights of a blend and the chances of the places of its lists.

    A part of the users is held out, the blend is fitted on the others, and the weights are those that make likely what
    the held-out users did next, at several moments of each of them; with how much of popularity is decided by the gain
    of the lists. The blend is left fitted on that part of the data.

    Args:
        events: the log of `data` as sequences.
        last_only: ask with the last item of each history alone, as when similar items are looked for.
    """
    random = np.random.default_rng(seed)
    eligible = np.flatnonzero(np.diff(events.starts) >= 2)
    size = min(MOST_INNER, int(np.ceil(INNER_SHARE * len(eligible)))) if len(eligible) >= LEAST_USERS else 0
    inner = np.sort(random.permutation(eligible)[:size])
    is_inner = np.zeros(events.user_count, bool)
    is_inner[inner] = True
    log = interactions.where(data.interactions, ~is_inner[data.interactions.users])
    outer = TrainingData(log, data.items, data.users)
    blend.fit(outer, sequences(log))
    contexts = _contexts(data)
    warm, cold = _moments(inner, data, events, contexts, last_only)
    choices = (
        stacking.sample(blend.views(one.situation), one.seen, one.truth, random, orders=blend.orders) for one in warm
    )
    cold_choices = (stacking.sample(blend.cold_views(one.situation), one.seen, one.truth, random) for one in cold)
    cold_weights = blend.candidate_cold_weights([choice for choice in cold_choices if choice is not None])
    # a user without a history is asked about at the end of the log
    end = int(data.interactions.timestamps.max())
    gains = _tried(cold_weights, cold, lambda one: blend.cold_views(replace(one.situation, time=end)))[0]
    blend.cold_weights = cold_weights[int(np.argmax(gains))]
    weights = blend.candidate_weights([choice for choice in choices if choice is not None])
    gains, found = _tried(weights, warm, lambda one: blend.views(one.situation))
    chosen = int(np.argmax(gains))
    blend.weights = weights[chosen]
    repeats.fit_places(found[chosen], len(warm))


def _tried(
    weights: list[NDArray[np.float64]], moments_: list[_Moment], views: Callable[[_Moment], NDArray[np.float32]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What each of some weights would have gained.

    Returns:
        [weights] the sum of the NDCG@TOP of all moments' lists; [weights, PLACES] the hits at each place.
    """
    gains, found = np.zeros(len(weights)), np.zeros((len(weights), PLACES))
    for one in moments_:
        for at, places in enumerate(_places(np.array(weights, np.float32) @ views(one), one)):
            np.add.at(found[at], places[places < PLACES], 1.0)
            gains[at] += metrics.ndcg(np.isin(np.arange(TOP), places), TOP, len(places))
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
    last_only: bool,
) -> tuple[list[_Moment], list[_Moment]]:
    """Moments of users with a history, and the first moments of users."""
    warm, cold = [], []

    def situation(user: int, end: int) -> Situation:
        history = events.of(user)
        at = int(events.starts[user]) + end
        context = {name: int(codes[at]) for name, codes in contexts.items()}
        time = int(history.timestamps[max(end - 1, 0)])
        begin = max(end - 1, 0) if last_only else 0
        return Situation(history.items[begin:end], time, of_row(data.users, user), context)

    for user in inner.tolist():
        history = events.of(user).items
        for end, until in moments(len(history)):
            past = history[:end]
            # a user of a short history has one event in the next tenth: look at a few more to learn from
            truth = np.setdiff1d(history[end : max(until, end + 3)], past)
            if len(truth):
                warm.append(_Moment(situation(user, end), past[-1:] if last_only else np.unique(past), truth))
        cold.append(_Moment(situation(user, 0), np.empty(0, np.int32), history[:1]))
    return warm, cold


def _places(utilities: NDArray[np.floating], moment: _Moment) -> list[NDArray[np.intp]]:
    """Where what came next stands in the lists of new items, from 0: one array [truth] per row of utilities."""
    utilities[:, moment.seen] = -np.inf
    return [np.array([np.count_nonzero(row > row[item]) for item in moment.truth]) for row in utilities]
