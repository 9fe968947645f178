"""Second aims beside relevance: a number of the items, such as what they earn; their popularity and freshness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from clary.engines.recommendation.contract import Features, Reals, Times

STRENGTH = 2.0
"""What one standard deviation of the column adds to the utility at full weight."""


def standings(values: NDArray[np.floating[Any]]) -> Reals:
    """[n] where each value stands among the others: ranks, even, with the mean 0 and unit deviation; 0 for nan."""
    known = np.flatnonzero(np.isfinite(values))
    _, place, counts = np.unique(values[known], return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - 0.5 * (counts - 1)
    found = np.zeros(len(values), np.float32)
    found[known] = ((middle[place] - 0.5) / max(len(known), 1) - 0.5) * np.sqrt(12.0)
    return found


@dataclass(frozen=True, slots=True)
class Influence:
    """What else than relevance moves items up in a list.

    Attributes:
        popularity: 0 to 1; how much items with many interactions gain.
        freshness: 0 to 1; how much items gain that came into being (else: were first seen) lately.
    """

    popularity: float = 0.0
    freshness: float = 0.0

    def lifts(self, counts: Reals, born: Times) -> Reals:
        """What is added to the utility of each item.

        Args:
            counts: [item_count] interactions.
            born: [item_count] seconds, -1 for unknown; such items stand in the middle.

        Returns:
            [item_count], empty for nothing.
        """
        if not (self.popularity or self.freshness):
            return np.zeros(0, np.float32)
        age = np.where(born >= 0, born, np.nan).astype(np.float64)
        lifts = self.popularity * standings(counts) + self.freshness * standings(age)
        return np.asarray(STRENGTH * lifts, np.float32)


class Objective:
    """Raises the utility of items that stand high in a numeric column.

    Args:
        column: the name of the column, "" for none.
        weight: 0 to 1; 0 is relevance alone.
        boost: [item_count] what is added to each item's utility; empty for nothing.
    """

    def __init__(self, column: str = "", weight: float = 0.0, boost: Reals | None = None) -> None:
        self.column = column
        self.weight = weight
        self.boost = np.zeros(0, np.float32) if boost is None else boost

    def fitted(self, items: Features | None, item_count: int) -> Self:
        """The objective for a catalogue.

        The column enters by its ranks, so that a few very high values do not decide alone; items without a value
        stand in the middle.
        """
        values = items.numeric.get(self.column) if items is not None else None
        if values is None or not self.weight:
            return type(self)(self.column, self.weight)
        boost = np.zeros(item_count, np.float32)
        boost[: len(values)] = STRENGTH * self.weight * standings(np.asarray(values))
        return type(self)(self.column, self.weight, boost)

    def applied(self, utilities: Reals) -> Reals:
        """[item_count] the utilities with the boost."""
        return utilities + self.boost if len(self.boost) else utilities
