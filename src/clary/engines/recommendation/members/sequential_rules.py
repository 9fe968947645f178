"""Sequential rules: what followed this item, and how soon."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from clary.engines.recommendation.lagged_pairs import transitions
from clary.engines.recommendation.members.neighbours import NeighbourMember
from clary.engines.recommendation.neighbour_table import strongest
from clary.engines.recommendation.sequences import Sequences


class SequentialRules(NeighbourMember):
    """Counts of "b came d steps after a", each worth 1/d (Ludewig and Jannach, "Evaluation of Session-based
    Recommendation Algorithms", 2018, section on sequential rules).

    Args:
        steps: how far apart two items may be.
        decay: steps after which an item of the history counts 1/e.
        damping: what is added to the count of the first item; rules of rare items weigh less.
        width: rules kept per item.
        backward: what "b came d steps before a" counts, against after it; things that go together have an order only
            partly.
    """

    name: ClassVar[str] = "sequential_rules"

    def __init__(
        self, steps: int = 20, decay: float = 5.0, damping: float = 5.0, width: int = 300, backward: float = 0.0
    ) -> None:
        self.steps = steps
        super().__init__(decay)
        self.damping = damping
        self.width = width
        self.backward = backward

    def fit(self, events: Sequences) -> Self:
        """Learns from sequences in which no user has an item twice."""
        counts = transitions(events, 1.0 / np.arange(1, self.steps + 1))
        if self.backward:
            counts = (counts + counts.T.tocsr() * np.float32(self.backward)).tocsr()
        seen = np.bincount(events.items, minlength=events.item_count) + self.damping
        counts.data /= np.repeat(seen, np.diff(counts.indptr)).astype(np.float32)
        self.table = strongest(counts, self.width)
        return self

    def update(self, events: Sequences) -> Self:
        """Counts anew."""
        return self.fit(events)
