"""Similar items: what people do around this one, and what those have who have this one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from clary.engines.recommendation import arrays
from clary.engines.recommendation import features as feature_tables
from clary.engines.recommendation.contract import Features, Mask, Ranking, Reals, TrainingData, TrainingError
from clary.engines.recommendation.interactions import resized
from clary.engines.recommendation.members.contract import Member, Query
from clary.engines.recommendation.members.linear_autoencoder import LinearAutoencoder
from clary.engines.recommendation.members.sequential_rules import SequentialRules
from clary.engines.recommendation.neighbour_table import NeighbourTable
from clary.engines.recommendation.objective import Influence
from clary.engines.recommendation.sequences import Sequences, first_times, sequences

FLOOR = 1e-6
ALIKE_WIDTH = 200
"""Items kept per item by likeness of features."""
BACKWARD = 0.5
"""What comes before an item counts half of what comes after it."""


class Similar:
    """A table of the most similar items of each item. Implements `contract.SimilarItems`.

    Two views of an item count alike, each by the logarithm of how far it stands above its mean: what the same users
    did some steps after it or (half as much) before it, and EASE's weights. Weights learned on held-out users, and more
    views, did not do better: one item tells too little for that. Items without interactions, and the places that the
    table leaves open, are filled by likeness of features.

    Args:
        popularity_discount: -1 to 1; how much of an item's popularity (log of its events) is taken out of its
            similarity, or added to it; 0 is what was learned.
        width: items kept per item.
        freedom: how closely EASE may follow the log; its ridge is divided by it.
        least_together: an item that fewer users had together with another one is not similar to it.
        alike_width: items kept per item by likeness of features.
    """

    name: ClassVar[str] = "similar"

    def __init__(
        self,
        popularity_discount: float = 0.0,
        width: int = 200,
        freedom: float = 1.0,
        least_together: int = 0,
        alike_width: int = ALIKE_WIDTH,
    ) -> None:
        self.popularity_discount = popularity_discount
        self.width = width
        self.freedom = freedom
        self.least_together = least_together
        self.alike_width = alike_width
        self.item_count = 0
        self._counts = np.zeros(0, np.float32)
        self._born = np.zeros(0, np.int64)
        self._influence = Influence()
        self._lifts = np.zeros(0, np.float32)
        self._table = NeighbourTable(np.zeros((0, 1), np.int32), np.zeros((0, 1), np.float32), 0)
        self._alike = self._table

    def fit(self, data: TrainingData) -> Self:
        """Learns.

        Raises:
            TrainingError: the log is empty.
        """
        if not len(data.interactions):
            raise TrainingError("the log has 0 interactions; at least 1 is needed")
        data = TrainingData(resized(data.interactions, data.user_count, data.item_count), data.items, data.users)
        events = sequences(data.interactions)
        self.item_count = data.item_count
        self._counts = np.bincount(events.items, minlength=self.item_count).astype(np.float32)
        first = np.full(self.item_count, np.iinfo(np.int64).max)
        np.minimum.at(first, events.items, events.timestamps)
        self._born = np.where(self._counts > 0, first, -1)
        width = max(1, min(self.width, self.item_count - 1))
        columns = np.zeros((self.item_count, width), np.int32)
        weights = np.zeros((self.item_count, width), np.float32)
        once = first_times(events)
        members = _fitted(once, self.freedom)
        together = _together(once) if self.least_together > 1 else None
        for item in np.flatnonzero(self._counts).tolist():
            utilities = self._discounted(_utilities(members, item))
            if together is not None:
                utilities[np.asarray(together[item].todense()).ravel() < self.least_together] = -np.inf
            utilities[item] = -np.inf
            near = arrays.best(utilities, width)
            columns[item, : len(near)] = near
            if len(near):
                weights[item, : len(near)] = np.maximum(np.exp(utilities[near] - utilities[near[0]]), FLOOR)
        self._table = NeighbourTable(columns, weights, self.item_count)
        self._take_items(data.items)
        return self

    def _discounted(self, utilities: Reals) -> Reals:
        discount = self.popularity_discount * np.log1p(self._counts)
        return utilities - discount[: len(utilities)].astype(np.float32)

    def influenced(self, influence: Influence) -> Self:
        """Lets popularity and freshness move items up from now on; it is not saved."""
        self._influence = influence
        self._lifts = influence.lifts(self._counts, self._born)
        return self

    def add_items(self, items: Features) -> None:
        """Takes new items into the catalogue."""
        self._take_items(items)

    def _take_items(self, items: Features | None) -> None:
        self.item_count = max(self.item_count, items.count if items else 0)
        self._counts = np.pad(self._counts, (0, self.item_count - len(self._counts)))
        self._born = np.pad(self._born, (0, self.item_count - len(self._born)), constant_values=-1)
        if items is not None and items.created is not None:
            created = np.full(self.item_count, -1, np.int64)
            created[: items.count] = items.created
            self._born = np.where(created >= 0, created, self._born)
        self._lifts = self._influence.lifts(self._counts, self._born)
        empty = np.zeros((self.item_count, 1))
        self._alike = NeighbourTable(empty.astype(np.int32), empty.astype(np.float32), self.item_count)
        if items is not None:
            rows = feature_tables.matrix(items)
            everything = np.arange(items.count, dtype=np.int32)
            self._alike = feature_tables.neighbours(rows, rows, everything, self.alike_width, self.item_count)

    def similar(self, item: int, k: int, allowed: Mask | None = None) -> Ranking:
        """The k items most like `item`, see `contract.SimilarItems.similar`."""
        # three layers, each below the other: popularity, likeness of features, similarity learned
        scores = FLOOR * FLOOR * (0.5 + self._counts / (1 + self._counts.max(initial=0)))
        scores = scores.astype(np.float64)
        if 0 <= item < len(self._alike.columns):
            columns, weights = self._alike.columns[item], self._alike.weights[item]
            learned = item < len(self._table.columns) and self._counts[item] > 0
            known = weights > 0
            scores[columns[known]] += weights[known] * (FLOOR if learned else 1.0)
        if 0 <= item < len(self._table.columns):
            columns, weights = self._table.columns[item], self._table.weights[item]
            known = weights > 0
            scores[columns[known]] = weights[known]
        if len(self._lifts):
            scores = scores * np.exp(self._lifts)
        if 0 <= item < self.item_count:
            scores[item] = -np.inf
        return arrays.affinities(scores, k, allowed)

    def save(self, folder: Path) -> None:
        """Writes the model into an empty folder."""
        found: dict[str, NDArray[Any]] = {
            "counts": self._counts,
            "born": self._born,
            "columns": self._table.columns,
            "weights": self._table.weights,
            "alike.columns": self._alike.columns,
            "alike.weights": self._alike.weights,
        }
        settings = {
            "name": self.name,
            "popularity_discount": self.popularity_discount,
            "width": self.width,
            "freedom": self.freedom,
            "least_together": self.least_together,
            "alike_width": self.alike_width,
            "item_count": self.item_count,
        }
        arrays.save(folder, found, settings)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote, memory-mapped."""
        found, settings = arrays.load(folder)
        names = ("popularity_discount", "width", "freedom", "least_together", "alike_width")
        model = cls(**{name: settings[name] for name in names if name in settings})
        model.item_count = settings["item_count"]
        model._counts, model._born = found["counts"], found["born"]
        model._table = NeighbourTable(found["columns"], found["weights"], model.item_count)
        model._alike = NeighbourTable(found["alike.columns"], found["alike.weights"], model.item_count)
        return model


def _fitted(once: Sequences, freedom: float) -> list[Member]:
    return [SequentialRules(backward=BACKWARD).fit(once), LinearAutoencoder(ridge=100.0 / freedom).fit(once)]


def _together(once: Sequences) -> sparse.csr_matrix:
    """[items, items] how many users had both."""
    had = replace(once, weights=None).matrix()
    return (had.T @ had).tocsr()


def _utilities(members: list[Member], item: int) -> Reals:
    """[item_count] how much each item has to do with one."""
    query = Query(np.array([item], np.int32))
    views = [np.maximum(member.scores(query), 0.0) for member in members]
    total = np.zeros(len(views[0]))
    for scores in views:
        total += np.log1p(scores / max(float(scores.mean()), 1e-12))
    return total.astype(np.float32)
