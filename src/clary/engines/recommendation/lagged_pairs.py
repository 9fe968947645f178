"""How often one item comes a certain number of steps after another: what rules and linear models are made of."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from clary.engines.recommendation.contract import Codes
from clary.engines.recommendation.sequences import Sequences


def pairs(events: Sequences, lag: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The positions (earlier, later) of all pairs of events of one user that are `lag` steps apart."""
    if len(events) <= lag:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    users = events.users()
    earlier = np.flatnonzero(users[lag:] == users[:-lag] if lag else np.ones(len(users), bool))
    return earlier, earlier + lag


def transitions(events: Sequences, factors: NDArray[np.floating]) -> sparse.csr_matrix:
    """A sparse matrix [items, items]: how much of the second item follows the first one, by the weight of its event.

    Args:
        factors: [lags] what a pair counts that is 1, 2, ... steps apart.
    """
    size = events.item_count
    total = sparse.csr_matrix((size, size), dtype=np.float32)
    for group in _groups(range(1, len(factors) + 1), len(events)):
        keys, weights = [], []
        for lag in group:
            earlier, later = pairs(events, lag)
            keys.append(events.items[earlier].astype(np.int64) * size + events.items[later])
            factor = np.full(len(earlier), factors[lag - 1], np.float32)
            weights.append(factor if events.weights is None else factor * events.weights[later])
        key = np.concatenate(keys)
        part = sparse.coo_matrix((np.concatenate(weights), (key // size, key % size)), shape=(size, size))
        total = total + part.tocsr()
    return total


def _groups(lags: range, events: int, at_once: int = 8_000_000) -> Iterator[range]:
    step = max(1, at_once // max(events, 1))
    for begin in range(0, len(lags), step):
        yield lags[begin : begin + step]


def add_pairs(matrix: NDArray[np.float32], rows: Codes, columns: Codes, factors: NDArray[np.float32]) -> None:
    """Adds factors at (rows, columns) of a dense matrix; equal places add up."""
    flat = matrix.reshape(-1)
    np.add.at(flat, rows.astype(np.int64) * matrix.shape[1] + columns, factors)
