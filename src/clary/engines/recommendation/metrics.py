"""How good a list of recommendations is, for one user and one list."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clary.engines.recommendation.contract import Codes

Hits = NDArray[np.bool_]


def hits(ranked: Codes, truth: Codes) -> Hits:
    """[len(ranked)] which of the recommended items are among the true ones."""
    return np.isin(ranked, truth)


def precision(found: Hits, k: int) -> float:
    """The share of hits among the first k places; a place left empty is no hit."""
    return float(found[:k].sum()) / k


def reciprocal_rank(found: Hits, k: int) -> float:
    """1 / the place of the first hit among the first k, 0 without one."""
    first = np.flatnonzero(found[:k])
    return 1.0 / (int(first[0]) + 1) if len(first) else 0.0


def discounted_gain(found: Hits, k: int) -> float:
    """The sum of 1 / log2(place + 1) over the hits among the first k."""
    places = np.flatnonzero(found[:k])
    return float(np.sum(1.0 / np.log2(places + 2.0)))


def ndcg(found: Hits, k: int, truths: int) -> float:
    """Normalised discounted cumulative gain as the field defines it: the ideal list has min(k, truths) hits."""
    ideal = discounted_gain(np.ones(min(k, truths), bool), k)
    return discounted_gain(found, k) / ideal if ideal else 0.0


def ndcg_of_returned(found: Hits, k: int) -> float:
    """Normalised discounted cumulative gain where the ideal is the returned list re-sorted: its own hits in front.

    It asks only for a good order of what was returned, so it is 2 to 3 times the usual one.
    """
    ideal = discounted_gain(np.sort(found[:k])[::-1], k)
    return discounted_gain(found, k) / ideal if ideal else 0.0


def coverage(lists: list[Codes], items: int) -> float:
    """The share of all items that stand in at least one list."""
    return len(np.unique(np.concatenate(lists))) / items if lists and items else 0.0


def bootstrap_interval(
    values: NDArray[np.floating], seed: int = 0, level: float = 0.95, draws: int = 2000
) -> tuple[float, float]:
    """The interval that holds the mean at a level, from means of draws with replacement.

    Args:
        values: [n] one value per user.
    """
    if len(values) == 0:
        return 0.0, 0.0
    random = np.random.default_rng(seed)
    means = np.concatenate(
        [values[random.integers(0, len(values), (100, len(values)))].mean(axis=1) for _ in range(draws // 100)]
    )
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
