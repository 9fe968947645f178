"""Sequential rules: what followed this item, and how soon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from clary.engines.recommendation.lagged_pairs import transitions
from clary.engines.recommendation.members.contract import Query
from clary.engines.recommendation.neighbour_table import NeighbourTable, recency, strongest
from clary.engines.recommendation.sequences import Sequences


class SequentialRules:
    """Counts of "b came d steps after a", each worth 1/d (Ludewig and Jannach, "Evaluation of Session-based
    Recommendation Algorithms", 2018, section on sequential rules).

    Args:
        steps: how far apart two items may be.
        decay: steps after which an item of the history counts 1/e.
        damping: what is added to the count of the first item; rules of rare items weigh less.
        width: rules kept per item.
    """

    name: ClassVar[str] = "sequential_rules"

    def __init__(self, steps: int = 20, decay: float = 5.0, damping: float = 5.0, width: int = 300) -> None:
        self.steps = steps
        self.decay = decay
        self.damping = damping
        self.width = width
        self.table = NeighbourTable(np.zeros((0, 1), np.int32), np.zeros((0, 1), np.float32), 0)

    def fit(self, events: Sequences) -> Self:
        """Learns from sequences in which no user has an item twice."""
        counts = transitions(events, 1.0 / np.arange(1, self.steps + 1))
        seen = np.bincount(events.items, minlength=events.item_count) + self.damping
        counts.data /= np.repeat(seen, np.diff(counts.indptr)).astype(np.float32)
        self.table = strongest(counts, self.width)
        return self

    def scores(self, query: Query) -> NDArray[np.float64]:
        """[item_count] a score for every item, higher is better."""
        rows = query.recent[: int(4 * self.decay)]
        return self.table.scores(rows, recency(len(rows), self.decay))

    def contributions(self, query: Query, item: int) -> NDArray[np.float64]:
        """[r] how much each of the query's items adds to the score of `item`."""
        return self.table.entries(query.recent, item) * recency(len(query.recent), self.decay)

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """The arrays that make up the fitted member."""
        return {"columns": self.table.columns, "weights": self.table.weights}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Becomes the member that gave these arrays."""
        self.table = NeighbourTable(arrays["columns"], arrays["weights"], len(arrays["columns"]))
        return self
