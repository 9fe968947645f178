"""EASE: the linear autoencoder with a zero diagonal, in closed form, asked with a recency-weighted history."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from clary.engines.recommendation.members.frequent import frequent_items, restricted
from clary.engines.recommendation.members.neighbours import NeighbourMember
from clary.engines.recommendation.neighbour_table import spread, strongest_dense
from clary.engines.recommendation.sequences import Sequences


class LinearAutoencoder(NeighbourMember):
    """EASE (Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", 2019).

    With X the matrix of users and items and P = (X'X + ridge I)^-1, the weights are -P_ij / P_jj off the diagonal.
    When there are fewer users than items, P comes from the inverse of the smaller matrix XX' + ridge I.

    Args:
        decay: steps after which an item of the history counts 1/e.
        ridge: regularisation, in users.
        width: entries kept per item.
        least_users: items with fewer users take no part.
        most_items: only the most frequent items take part, to bound memory.
    """

    name: ClassVar[str] = "linear_autoencoder"

    def __init__(
        self, decay: float = 5.0, ridge: float = 100.0, width: int = 400, least_users: int = 5, most_items: int = 6_000
    ) -> None:
        super().__init__(decay)
        self.ridge = ridge
        self.width = width
        self.least_users = least_users
        self.most_items = most_items

    def fit(self, events: Sequences) -> Self:
        """Learns from sequences in which no user has an item twice."""
        names = frequent_items(events, self.least_users, self.most_items)
        matrix = restricted(events, names).matrix()
        matrix = matrix[np.diff(matrix.indptr) > 0]
        users, items = matrix.shape
        if users < items:
            dense = matrix.toarray()
            inner = dense @ dense.T
            inner[np.diag_indices(users)] += self.ridge
            inverse = -(dense.T @ _inverse(inner) @ dense)
            inverse[np.diag_indices(items)] += 1.0
            inverse /= self.ridge
        else:
            gram = (matrix.T @ matrix).toarray()
            gram[np.diag_indices(items)] += self.ridge
            inverse = _inverse(gram) if items else gram
        weights = inverse
        weights /= -np.diag(inverse).copy()
        np.fill_diagonal(weights, 0.0)
        self.table = spread(strongest_dense(weights, self.width, names), names, events.item_count)
        return self


def _inverse(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """The inverse of a symmetric positive definite matrix, which is overwritten."""
    factored, info = linalg.lapack.spotrf(matrix, lower=1, overwrite_a=1)
    inverse, info_inverse = linalg.lapack.spotri(factored, lower=1, overwrite_c=1)
    if info or info_inverse:
        raise np.linalg.LinAlgError("the matrix is not positive definite")
    lower = np.tril(inverse)
    full: NDArray[np.float32] = lower + np.tril(lower, -1).T
    return full
