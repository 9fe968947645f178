"""Item-kNN with BM25 weights: items that the same users have."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from clary.engines.recommendation.members.neighbours import NeighbourMember
from clary.engines.recommendation.neighbour_table import stacked, strongest, strongest_dense
from clary.engines.recommendation.sequences import Sequences


class ItemNeighbours(NeighbourMember):
    """Cosine of the items' user vectors, weighted by BM25 (Robertson and Walker, 1994), where a user is the document.

    Args:
        decay: steps after which an item of the history counts 1/e.
        k1: saturation.
        b: how much long histories are damped, 0 to 1.
        width: neighbours kept per item.
        longest: at most this many of the latest items of a user count, to bound the work.
    """

    name: ClassVar[str] = "item_neighbours"

    def __init__(
        self, decay: float = 5.0, k1: float = 100.0, b: float = 0.5, width: int = 200, longest: int = 500
    ) -> None:
        super().__init__(decay)
        self.k1 = k1
        self.b = b
        self.width = width
        self.longest = longest

    def fit(self, events: Sequences) -> Self:
        """Learns from sequences in which no user has an item twice."""
        lengths = np.diff(events.starts)
        latest = events.only(np.repeat(lengths, lengths) - events.positions() <= self.longest)
        matrix = self._weighted(latest.matrix())
        columns = matrix.tocsc()
        everything = np.arange(matrix.shape[1], dtype=np.int32)
        tables = []
        rows_at_once = max(1, 16_000_000 // max(matrix.shape[1], 1))  # blocks bound the memory of the product
        for begin in range(0, matrix.shape[1], rows_at_once):
            block = (columns[:, begin : begin + rows_at_once].T @ matrix).tocsr()
            rows = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
            block.data[rows + begin == block.indices] = 0.0
            if block.nnz > 0.05 * block.shape[0] * block.shape[1]:
                tables.append(strongest_dense(block.toarray(), self.width, everything))
            else:
                tables.append(strongest(block, self.width))
        self.table = stacked(tables, matrix.shape[1])
        return self

    def update(self, events: Sequences) -> Self:
        """Counts anew."""
        return self.fit(events)

    def _weighted(self, matrix: sparse.csr_matrix) -> sparse.csr_matrix:
        """The matrix of users and items with BM25 weights, its columns of length one."""
        users = max(matrix.shape[0], 1)
        lengths = np.diff(matrix.indptr).astype(np.float64)
        counts = np.bincount(matrix.indices, minlength=matrix.shape[1])
        mean = max(float(lengths.mean()), 1.0) if len(lengths) else 1.0
        idf = np.log(1.0 + users / np.maximum(counts, 1))
        damped = (self.k1 + 1) / (self.k1 * (1 - self.b + self.b * lengths / mean) + 1)
        matrix.data = (matrix.data * np.repeat(damped, np.diff(matrix.indptr)) * idf[matrix.indices]).astype(np.float32)
        norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=0)).ravel())
        matrix.data /= np.maximum(norms, 1e-12)[matrix.indices]
        return matrix
