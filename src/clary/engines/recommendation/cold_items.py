"""Items that nobody has interacted with: they are scored by the items that are like them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from clary.engines.recommendation import features
from clary.engines.recommendation.contract import Features, Reals
from clary.engines.recommendation.neighbour_table import NeighbourTable

NEIGHBOURS = 20


class ColdItems:
    """For each item without interactions the most alike items with some, by their features.

    A cold item's utility is the mean of theirs by similarity, drawn towards the mean of all items the less alike they
    are. Without features in common it is that mean.
    """

    def __init__(self) -> None:
        self.codes = np.zeros(0, np.int32)
        self.item_count = 0
        self._known_count = 0
        self._table = NeighbourTable(np.zeros((0, 1), np.int32), np.zeros((0, 1), np.float32), 0)
        self._mixture: sparse.csr_matrix | None = None
        self._drawn = np.zeros(0, np.float32)
        self._warm = np.zeros(0, np.intp)

    def fit(self, catalogue: Features | None, counts: NDArray[np.floating]) -> Self:
        """Finds the neighbours.

        Args:
            catalogue: features of all items, or None.
            counts: [m] interactions of each item of the model; items beyond have none.
        """
        self._known_count = len(counts)
        self.item_count = max(len(counts), catalogue.count if catalogue else 0)
        all_counts = np.zeros(self.item_count)
        all_counts[: len(counts)] = counts
        self.codes = np.flatnonzero(all_counts == 0).astype(np.int32)
        warm = np.flatnonzero(all_counts > 0).astype(np.int32)
        empty = np.zeros((len(self.codes), 1))
        self._table = NeighbourTable(empty.astype(np.int32), empty.astype(np.float32), self.item_count)
        if catalogue is not None and len(self.codes) and len(warm):
            rows = features.matrix(catalogue)
            if rows.shape[0] < self.item_count:
                rows.resize((self.item_count, rows.shape[1]))
            self._table = features.neighbours(rows[self.codes], rows[warm], warm, NEIGHBOURS, self.item_count)
        self._mixture = None
        return self

    def _mixed(self) -> sparse.csr_matrix:
        """[cold items, m] how much each item counts for each cold item: every answer multiplies by it."""
        if self._mixture is None:
            weights, columns = np.asarray(self._table.weights), np.asarray(self._table.columns)
            shares = weights / (weights.sum(axis=1, keepdims=True) + 1.0)
            kept = shares > 0
            starts = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
            shape = (len(self.codes), self._known_count)
            self._mixture = sparse.csr_matrix((shares[kept], columns[kept], starts), shape=shape)
            self._drawn = (1.0 - shares.sum(axis=1)).astype(np.float32)
            warm = np.ones(self._known_count, bool)
            warm[self.codes[self.codes < self._known_count]] = False
            self._warm = np.flatnonzero(warm)
        return self._mixture

    def extend(self, utilities: Reals) -> Reals:
        """[item_count] the utilities of all items, from those [m] of the model."""
        if not len(self.codes):
            return utilities
        result = np.zeros(self.item_count, np.float32)
        result[: self._known_count] = utilities
        mixed = self._mixed()
        mean = float(utilities[self._warm].mean()) if len(self._warm) else 0.0
        result[self.codes] = mixed @ utilities + np.float32(mean) * self._drawn
        return result

    def neighbours_of(self, item: int) -> dict[int, float]:
        """The items that a cold item is scored by, with their similarities; none for an item that is not cold."""
        at = int(np.searchsorted(self.codes, item))
        if at >= len(self.codes) or self.codes[at] != item:
            return {}
        pairs = zip(self._table.columns[at].tolist(), self._table.weights[at].tolist(), strict=True)
        return {column: weight for column, weight in pairs if weight > 0}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays that this is made of."""
        return {
            "codes": self.codes,
            "counts": np.array([self.item_count, self._known_count]),
            "columns": self._table.columns,
            "weights": self._table.weights,
        }

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Becomes what gave these arrays."""
        self.codes = arrays["codes"]
        self.item_count, self._known_count = (int(count) for count in arrays["counts"])
        self._table = NeighbourTable(arrays["columns"], arrays["weights"], self.item_count)
        self._mixture = None
        return self
