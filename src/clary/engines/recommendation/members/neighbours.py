"""What members have in common whose knowledge is a table of each item's neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from clary.engines.recommendation.members.contract import Query
from clary.engines.recommendation.neighbour_table import NeighbourTable, recency, widened
from clary.engines.recommendation.sequences import Sequences


class NeighbourMember:
    """Scores an item by the weights of the recent items' rows, the newest counting most.

    Args:
        decay: steps after which an item of the history counts 1/e.
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay
        self.table = NeighbourTable(np.zeros((0, 1), np.int32), np.zeros((0, 1), np.float32), 0)

    def update(self, events: Sequences) -> Self:
        """Keeps what was learned; new items have no neighbours."""
        self.table = widened(self.table, events.item_count)
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
