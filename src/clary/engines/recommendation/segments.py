"""User segments: who is most drawn to an item, or to items with some attribute."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from clary.engines.recommendation import arrays
from clary.engines.recommendation import features as feature_tables
from clary.engines.recommendation.contract import Features, Mask, Ranking, TrainingData, TrainingError
from clary.engines.recommendation.interactions import resized
from clary.engines.recommendation.members.contract import Member
from clary.engines.recommendation.members.item_neighbours import ItemNeighbours
from clary.engines.recommendation.members.linear_autoencoder import LinearAutoencoder
from clary.engines.recommendation.members.sequence_linear import SequenceLinear
from clary.engines.recommendation.members.sequential_rules import SequentialRules
from clary.engines.recommendation.neighbour_table import NeighbourTable
from clary.engines.recommendation.sequences import Sequences, first_times, sequences

DECAY = 20.0
"""Steps after which an event of a user counts 1/e."""


class Affinity:
    """Users by affinity. Implements `contract.Segments`.

    With R the recency-weighted events of all users and C the mean of the members' item-to-item matrices, the affinity
    of all users for one item is one product R c; for a category, c is the sum of the columns of its items by their
    popularity, to which the user's own events with such items are added.

    Args:
        own: what a user's own event with an item of a category counts, against what is inferred.
    """

    name: ClassVar[str] = "affinity"

    def __init__(self, own: float = 1.0) -> None:
        self.own = own
        self.item_count = 0
        self.user_count = 0
        self._recent = sparse.csr_matrix((0, 0), dtype=np.float32)
        self._similar = sparse.csr_matrix((0, 0), dtype=np.float32)
        self._counts = np.zeros(0, np.float32)
        self._items: Features | None = None

    def fit(self, data: TrainingData) -> Self:
        """Learns.

        Raises:
            TrainingError: the log is empty.
        """
        if not len(data.interactions):
            raise TrainingError("the log has 0 interactions; at least 1 is needed")
        log = resized(data.interactions, data.user_count, data.item_count)
        events = sequences(log)
        once = first_times(events)
        self.item_count, self.user_count, self._items = data.item_count, data.user_count, data.items
        self._counts = np.bincount(events.items, minlength=self.item_count).astype(np.float32)
        self._recent = _recent(events)
        total = sparse.csr_matrix((self.item_count, self.item_count), dtype=np.float32)
        members: list[Member] = [LinearAutoencoder(), SequenceLinear(decay=DECAY), SequentialRules(), ItemNeighbours()]
        for member in members:
            fitted = member.fit(once).arrays()
            table = NeighbourTable(fitted["columns"], fitted["weights"], self.item_count)
            total = total + _scaled(_matrix(table))
        # by columns of the item asked for: a row of the transpose is contiguous
        self._similar = (total / np.float32(len(members))).T.tocsr()
        return self

    def users_for_item(self, item: int, k: int, allowed: Mask | None = None) -> Ranking:
        """The k users most drawn to an item, see `contract.Segments.users_for_item`."""
        column = np.zeros(self.item_count, np.float32)
        if 0 <= item < self.item_count:
            if self._counts[item] > 0:
                column = np.asarray(self._similar[item].todense(), np.float32).ravel()
                column[item] = self.own * max(float(column.max()), 1e-6)
            else:
                column = self._like(item)
        return arrays.affinities(self._affinity(column), k, allowed)

    def _like(self, item: int) -> NDArray[np.float32]:
        """[item_count] for an item without interactions: how much alike the others are by features."""
        column = np.zeros(self.item_count, np.float32)
        if self._items is not None and item < self._items.count:
            rows = feature_tables.matrix(self._items)
            column[: rows.shape[0]] = np.asarray((rows @ rows[item].T).todense()).ravel()
        return column

    def users_for_category(self, column: str, category: int, k: int, allowed: Mask | None = None) -> Ranking:
        """The k users most drawn to items with a category, see `contract.Segments.users_for_category`.

        Raises:
            KeyError: there is no such column.
        """
        if self._items is None:
            raise KeyError(column)
        table = self._items.categorical[column]
        rows = np.repeat(np.arange(self._items.count), np.diff(table.starts))
        has = np.zeros(self.item_count, np.float32)
        has[rows[table.codes == category]] = 1.0
        weight = has * np.log1p(self._counts)
        inferred = np.asarray(self._similar.T @ (weight / max(float(weight.sum()), 1e-12)), np.float32)
        strongest = max(float(inferred.max(initial=0.0)), 1e-6)
        return arrays.affinities(self._affinity(inferred / strongest + self.own * has), k, allowed)

    def _affinity(self, column: NDArray[np.float32]) -> NDArray[np.float64]:
        scores = np.asarray(self._recent @ column, np.float64)
        # users whom nothing tells apart stand in the order of how much they do
        activity = np.asarray(self._recent.sum(axis=1), np.float64).ravel()
        return np.asarray(np.maximum(scores, 0.0) + 1e-9 * (1.0 + activity), np.float64)

    def save(self, folder: Path) -> None:
        """Writes the model into an empty folder."""
        found: dict[str, NDArray[Any]] = {"counts": self._counts}
        for name, matrix in (("recent", self._recent), ("similar", self._similar)):
            found |= {f"{name}.data": matrix.data, f"{name}.indices": matrix.indices, f"{name}.indptr": matrix.indptr}
        found |= feature_tables.save(self._items, "items")
        sizes = {"own": self.own, "item_count": self.item_count, "user_count": self.user_count}
        arrays.save(folder, found, {"name": self.name, **sizes})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote, memory-mapped."""
        found, settings = arrays.load(folder)
        model = cls(settings["own"])
        model.item_count, model.user_count = settings["item_count"], settings["user_count"]
        model._counts = found["counts"]
        items, users = model.item_count, model.user_count

        def matrix(name: str, shape: tuple[int, int]) -> sparse.csr_matrix:
            parts = (found[f"{name}.data"], found[f"{name}.indices"], found[f"{name}.indptr"])
            return sparse.csr_matrix(parts, shape=shape, copy=False)

        model._recent, model._similar = matrix("recent", (users, items)), matrix("similar", (items, items))
        model._items = feature_tables.load(found, "items")
        return model


def _recent(events: Sequences) -> sparse.csr_matrix:
    """[users, items] the sum over a user's events of exp(-age in steps / DECAY)."""
    lengths = np.diff(events.starts)
    ages = np.repeat(lengths, lengths) - events.positions() - 1
    weights = np.exp(-ages / DECAY).astype(np.float32)
    shape = (events.user_count, events.item_count)
    matrix = sparse.csr_matrix((weights, events.items, events.starts), shape=shape)
    matrix.sum_duplicates()
    return matrix


def _matrix(table: NeighbourTable) -> sparse.csr_matrix:
    rows, width = table.columns.shape
    starts = np.arange(rows + 1, dtype=np.int64) * width
    matrix = sparse.csr_matrix(
        (table.weights.ravel(), table.columns.ravel(), starts), shape=(rows, table.column_count), copy=True
    )
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix


def _scaled(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """The matrix with its mean row summing to one."""
    total = float(matrix.sum())
    return matrix * np.float32(matrix.shape[0] / total) if total > 0 else matrix
