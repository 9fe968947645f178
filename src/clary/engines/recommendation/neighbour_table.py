"""A sparse item-to-item matrix with a fixed number of entries per row: quick to gather rows from, easy to map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from clary.engines.recommendation.arrays import sums
from clary.engines.recommendation.contract import Codes, Reals


@dataclass(frozen=True, slots=True)
class NeighbourTable:
    """The strongest entries of each row.

    Attributes:
        columns: [rows, width] int32, the strongest first; unused places hold column 0 with weight 0.
        weights: [rows, width] float32.
        column_count: columns of the matrix.
    """

    columns: NDArray[np.int32]
    weights: NDArray[np.float32]
    column_count: int

    def scores(self, rows: Codes, factors: NDArray[np.floating]) -> NDArray[np.float64]:
        """The sum of some rows, each times its factor: [column_count]."""
        if not len(rows):
            return np.zeros(self.column_count)
        weights = self.weights[rows] * factors[:, None]
        return sums(self.columns[rows].ravel(), weights.ravel(), self.column_count)

    def row(self, row: int) -> NDArray[np.float64]:
        """One row, dense: [column_count]."""
        return sums(self.columns[row], self.weights[row], self.column_count)

    def entries(self, rows: Codes, column: int) -> NDArray[np.float64]:
        """[rows] the entries of some rows in one column."""
        found = np.where(self.columns[rows] == column, self.weights[rows], 0.0)
        sums: NDArray[np.float64] = found.sum(axis=1, dtype=np.float64)
        return sums


def strongest(matrix: sparse.csr_matrix, width: int) -> NeighbourTable:
    """The `width` largest entries of each row of a sparse matrix."""
    rows, columns = matrix.shape
    matrix = matrix.tocsr()
    matrix.sort_indices()
    counts = np.diff(matrix.indptr)
    of_row = np.repeat(np.arange(rows), counts)
    # rows upwards, weights downwards, of equals the first column: sorting by one key is quicker than by three
    order = np.argsort((of_row << 32) - _ordered(matrix.data), kind="stable")
    place = np.arange(len(order)) - np.repeat(matrix.indptr[:-1], counts)
    width = max(1, min(width, int(counts.max(initial=0))))
    kept = place < width
    table_columns = np.zeros((rows, width), np.int32)
    table_weights = np.zeros((rows, width), np.float32)
    table_columns[of_row[kept], place[kept]] = matrix.indices[order][kept]
    table_weights[of_row[kept], place[kept]] = matrix.data[order][kept]
    return NeighbourTable(table_columns, table_weights, columns)


def strongest_dense(matrix: NDArray[np.floating], width: int, names: Codes) -> NeighbourTable:
    """The `width` largest positive entries of each row of a dense matrix.

    Args:
        matrix: [m, c].
        names: [c] the items that the columns stand for.
    """
    width = max(1, min(width, len(names)))
    columns = np.zeros((len(matrix), width), np.int32)
    weights = np.zeros((len(matrix), width), np.float32)
    size = matrix.shape[1]
    backwards = np.arange(size - 1, -1, -1, dtype=np.int64)
    for begin in range(0, len(matrix), 256):  # blocks bound the memory of the keys
        # weight and place in one number: numpy partitions and sorts values many times faster than positions
        keys = _ordered(np.maximum(matrix[begin : begin + 256], 0.0)) << 32
        keys |= backwards
        keys.partition(size - width, axis=1)
        found = np.sort(keys[:, size - width :], axis=1)[:, ::-1]
        values = (found >> 32).astype(np.int32).view(np.float32)
        places = size - 1 - (found & 0xFFFFFFFF)
        columns[begin : begin + 256] = np.where(values > 0, names[places], 0)
        weights[begin : begin + 256] = values
    return NeighbourTable(columns, weights, int(names.max(initial=-1)) + 1)


def _ordered(weights: NDArray[np.floating]) -> NDArray[np.int64]:
    """Non-negative numbers as whole ones in the same order: the bits of a float32."""
    found: NDArray[np.int64] = np.ascontiguousarray(weights, np.float32).view(np.int32).astype(np.int64)
    return found


def widened(table: NeighbourTable, item_count: int) -> NeighbourTable:
    """A table of items for a larger catalogue; the new items have no neighbours."""
    more = item_count - len(table.columns)
    if more <= 0:
        return table
    pad = ((0, more), (0, 0))
    return NeighbourTable(np.pad(table.columns, pad), np.pad(table.weights, pad), item_count)


def spread(table: NeighbourTable, names: Codes, item_count: int) -> NeighbourTable:
    """A table whose rows stand for the items `names`, as one with a row for each item."""
    columns = np.zeros((item_count, table.columns.shape[1]), np.int32)
    weights = np.zeros(columns.shape, np.float32)
    columns[names], weights[names] = table.columns, table.weights
    return NeighbourTable(columns, weights, item_count)


def stacked(tables: Sequence[NeighbourTable], column_count: int) -> NeighbourTable:
    """Tables below one another, the narrow ones filled up."""
    width = max((table.columns.shape[1] for table in tables), default=1)
    filled = [((0, 0), (0, width - table.columns.shape[1])) for table in tables]
    if not tables:
        return NeighbourTable(np.zeros((0, 1), np.int32), np.zeros((0, 1), np.float32), column_count)
    columns = np.concatenate([np.pad(table.columns, pad) for table, pad in zip(tables, filled, strict=True)])
    weights = np.concatenate([np.pad(table.weights, pad) for table, pad in zip(tables, filled, strict=True)])
    return NeighbourTable(columns, weights, column_count)


def recency(count: int, decay: float) -> Reals:
    """exp(-age / decay) for ages 0, 1, ..., count - 1."""
    return np.exp(-np.arange(count) / decay).astype(np.float32)
