"""Tables keep the strongest entries of each row, of equals the first."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from clary.engines.recommendation import arrays
from clary.engines.recommendation.neighbour_table import NeighbourTable, strongest, strongest_dense


def wanted(matrix: NDArray[np.float32], width: int) -> list[list[tuple[int, float]]]:
    """The positive entries of each row as a sort by weight and column gives them."""
    rows = []
    for row in matrix.tolist():
        pairs = sorted(
            ((column, weight) for column, weight in enumerate(row) if weight > 0), key=lambda p: (-p[1], p[0])
        )
        rows.append(pairs[:width])
    return rows


def entries(table: NeighbourTable) -> list[list[tuple[int, float]]]:
    """The entries of a table in their order."""
    return [
        [(column, weight) for column, weight in zip(columns, weights, strict=True) if weight > 0]
        for columns, weights in zip(table.columns.tolist(), table.weights.tolist(), strict=True)
    ]


@pytest.mark.parametrize("width", [1, 7, 60])
def test_the_strongest_entries_are_those_of_a_sort_with_ties_and_negative_ones(width: int) -> None:
    random = np.random.default_rng(width)
    matrix = (random.integers(-4, 6, (700, 60)) / 4).astype(np.float32)
    matrix[3] = 0.0
    matrix[4] = -0.0
    names = np.arange(60, dtype=np.int32)
    assert entries(strongest_dense(matrix, width, names)) == wanted(matrix, width)
    positive = np.maximum(matrix, 0)
    assert entries(strongest(sparse.csr_matrix(positive), width)) == wanted(positive, width)


def test_the_highest_scores_are_the_best_ones_in_any_order() -> None:
    random = np.random.default_rng(0)
    for k in (0, 1, 5, 40, 50):
        scores = random.integers(0, 4, 40).astype(np.float32)
        scores[random.random(40) < 0.3] = -np.inf
        assert sorted(arrays.highest(scores, k).tolist()) == sorted(arrays.best(scores, k).tolist())
        order = sorted(np.flatnonzero(scores > -np.inf).tolist(), key=lambda at: (-scores[at], at))
        assert arrays.best(scores, k).tolist() == order[:k]
