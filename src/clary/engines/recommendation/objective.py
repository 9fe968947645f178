"""A second aim beside relevance: a number of the items, such as what they earn."""

from __future__ import annotations

from typing import Self

import numpy as np

from clary.engines.recommendation.contract import Features, Reals

STRENGTH = 2.0
"""What one standard deviation of the column adds to the utility at full weight."""


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
        known = np.flatnonzero(np.isfinite(values))
        _, place, counts = np.unique(np.asarray(values)[known], return_inverse=True, return_counts=True)
        middle = np.cumsum(counts) - 0.5 * (counts - 1)
        boost = np.zeros(item_count, np.float32)
        rank = (middle[place] / max(len(known), 1) - 0.5) * np.sqrt(12.0)  # uniform ranks with unit deviation
        boost[known] = STRENGTH * self.weight * rank
        return type(self)(self.column, self.weight, boost)

    def applied(self, utilities: Reals) -> Reals:
        """[item_count] the utilities with the boost."""
        return utilities + self.boost if len(self.boost) else utilities
