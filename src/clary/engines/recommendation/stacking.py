"""How much each view of the items counts: a softmax over items, learned from what users did next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from clary.engines.recommendation import arrays
from clary.engines.recommendation.contract import Codes


@dataclass(frozen=True, slots=True)
class Choice:
    """One moment of one user: what could have come next, and what did.

    Attributes:
        views: [views, c] float32, each view's value for each candidate.
        correction: [c] log of how many items a candidate stands for.
        targets: [c] how much of what came next each candidate is; sums to one, or to what the moment is worth.
    """

    views: NDArray[np.float32]
    correction: NDArray[np.float32]
    targets: NDArray[np.float32]


def sample(
    views: NDArray[np.float32],
    seen: Codes,
    truth: Codes,
    random: np.random.Generator,
    hard: int = 100,
    easy: int = 300,
    orders: Sequence[int] | None = None,
    worth: NDArray[np.float32] | None = None,
) -> Choice | None:
    """Candidates for one moment: what came next, the best of each view, and some of the rest.

    Args:
        views: [views, item_count].
        seen: items the user has seen; never candidates.
        truth: items that came next, none of them seen.
        hard: the best items of each view that are candidates.
        easy: how many of the rest are; each stands for its part of the rest.
        orders: the views that are looked at for candidates: one of those that put the items into the same order.
        worth: [truth] how much each of what came next counts; None when all count alike.

    Returns:
        None if no view has anything that came next among its best: nothing can be learned there about the top of a
        list, and such moments would only flatten it.
    """
    item_count = views.shape[1]
    open_ = np.ones(item_count, bool)
    open_[seen] = False
    chosen = np.zeros(item_count, bool)
    for view in views if orders is None else views[list(orders)]:
        chosen[arrays.highest(np.where(open_, view, -np.inf), hard)] = True
    chosen &= open_
    reachable = truth[chosen[truth]]
    if not len(reachable):
        return None
    missed = np.zeros(item_count, bool)
    missed[truth] = True
    rest = np.flatnonzero(open_ & ~chosen & ~missed)
    drawn = random.choice(rest, min(easy, len(rest)), replace=False) if len(rest) else rest
    candidates = np.concatenate([np.flatnonzero(chosen), drawn])
    correction = np.zeros(len(candidates), np.float32)
    if len(drawn):
        correction[-len(drawn) :] = np.log(len(rest) / len(drawn))
    counts = np.zeros(item_count, np.float32)
    counts[reachable] = 1.0 if worth is None else worth[chosen[truth]]
    targets = counts[candidates]
    moment = 1.0 if worth is None else float(worth.mean())  # what is worth less is learned from less
    return Choice(views[:, candidates], correction, targets * np.float32(moment / targets.sum()))


def learn(
    choices: list[Choice], view_count: int, ridge: float = 1.0, unused: tuple[int, ...] = ()
) -> NDArray[np.float64]:
    """The weights of the views that make what came next most likely (McFadden's conditional logit).

    Args:
        choices: moments; none gives equal weights.
        ridge: regularisation, in moments.
        unused: views that get no weight.

    Returns:
        [views] weights, none negative.
    """
    used = np.ones(view_count)
    used[list(unused)] = 0.0
    if not choices:
        equal: NDArray[np.float64] = used / max(used.sum(), 1.0)
        return equal
    sizes = [choice.views.shape[1] for choice in choices]
    starts = np.concatenate([[0], np.cumsum(sizes)])[:-1]
    views = np.concatenate([choice.views for choice in choices], axis=1).astype(np.float64)
    correction = np.concatenate([choice.correction for choice in choices])
    targets = np.concatenate([choice.targets for choice in choices])
    moment = np.repeat(np.arange(len(sizes)), sizes)
    worth = np.add.reduceat(targets, starts)[moment]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = weights @ views + correction
        logits -= np.maximum.reduceat(logits, starts)[moment]
        exponentials = np.exp(logits)
        totals = np.add.reduceat(exponentials, starts)
        likelihood = float(targets @ (logits - np.log(totals)[moment]))
        gradient = views @ (worth * exponentials / totals[moment] - targets)
        return -likelihood + 0.5 * ridge * float(weights @ weights), gradient + ridge * weights

    bounds = [(0.0, None) if use else (0.0, 0.0) for use in used]
    found = optimize.minimize(loss, 0.1 * used, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 100})
    weights: NDArray[np.float64] = found.x
    return weights
