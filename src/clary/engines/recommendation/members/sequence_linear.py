"""SLIT: ridge regression from a user's decayed recent items to the items that come next, in closed form."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from clary.engines.recommendation.lagged_pairs import add_pairs, pairs
from clary.engines.recommendation.members.frequent import frequent_items, restricted
from clary.engines.recommendation.members.neighbours import NeighbourMember
from clary.engines.recommendation.neighbour_table import spread, strongest_dense
from clary.engines.recommendation.sequences import Sequences


class SequenceLinear(NeighbourMember):
    """A linear next-items model.

    With S the decayed sums of the items up to each position and T the decayed sums of the items after it, the model is
    B = (S'S + ridge I)^-1 S'T. Both products depend on pairs of events of one user and their distance alone, so they
    are summed from lagged pairs and S is never built. The idea of a linear model over decayed sessions is that of
    SLIST (Choi et al., "Session-aware Linear Item-Item Models for Session-based Recommendation", 2021).

    Args:
        decay: steps after which a past item counts 1/e.
        target_decay: steps after which a next item counts 1/e.
        ridge: regularisation, in units of squared decayed counts.
        width: entries kept per item.
        least_users: items with fewer users take no part.
        most_items: only the most frequent items take part, to bound memory (4 bytes times its square, four times).
    """

    name: ClassVar[str] = "sequence_linear"

    def __init__(
        self,
        decay: float = 8.0,
        target_decay: float = 3.0,
        ridge: float = 300.0,
        width: int = 400,
        least_users: int = 5,
        most_items: int = 6_000,
    ) -> None:
        super().__init__(decay)
        self.target_decay = target_decay
        self.ridge = ridge
        self.width = width
        self.least_users = least_users
        self.most_items = most_items

    def fit(self, events: Sequences) -> Self:
        """Learns from sequences in which no user has an item twice."""
        names = frequent_items(events, self.least_users, self.most_items)
        part = restricted(events, names)
        matrix = self._solve(part, len(names)) if len(names) else np.zeros((0, 0), np.float32)
        np.fill_diagonal(matrix, 0.0)  # the users of this model look for items they have not seen
        self.table = spread(strongest_dense(matrix, self.width, names), names, events.item_count)
        return self

    def _solve(self, events: Sequences, size: int) -> NDArray[np.float32]:
        gram = np.zeros((size, size), np.float32)
        target = np.zeros((size, size), np.float32)
        step, target_step = np.exp(-1 / self.decay), np.exp(-1 / self.target_decay)
        left = (np.repeat(events.starts[1:], np.diff(events.starts)) - np.arange(len(events))).astype(np.float32)
        horizon = int(np.ceil(4 * max(self.decay, self.target_decay)))
        for lag in range(horizon + 1):
            earlier, later = pairs(events, lag)
            if not len(earlier):
                break
            # sum over positions t >= later of step^(t - earlier) step^(t - later), up to the user's last event
            tail = (1 - step ** (2 * left[later])) / (1 - step**2)
            weights = (step**lag * tail).astype(np.float32)
            add_pairs(gram, events.items[earlier], events.items[later], weights)
            if lag:
                add_pairs(gram, events.items[later], events.items[earlier], weights)
                ahead = np.arange(lag)
                factor = np.float32(np.sum(step**ahead * target_step ** (lag - 1 - ahead)))
                worth = np.full(len(earlier), factor, np.float32)
                worth = worth if events.weights is None else worth * events.weights[later]
                add_pairs(target, events.items[earlier], events.items[later], worth)
        gram[np.diag_indices(size)] += self.ridge
        factored = linalg.cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
        solved: NDArray[np.float32] = linalg.cho_solve(factored, target, overwrite_b=True, check_finite=False)
        return np.ascontiguousarray(solved)
