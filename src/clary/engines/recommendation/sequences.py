"""A log of interactions as one sequence per user."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from clary.engines.recommendation.contract import Codes, History, Interactions, Reals, Times


@dataclass(frozen=True, slots=True)
class Sequences:
    """What each user did, in order of time.

    Attributes:
        starts: [users + 1] where each user's events start.
        items: [n] item codes, by user, oldest first.
        timestamps: [n] seconds.
        item_count: known items.
        weights: [n] how much each event counts; None when all count alike.
    """

    starts: Times
    items: Codes
    timestamps: Times
    item_count: int
    weights: Reals | None = None

    @property
    def user_count(self) -> int:
        """Known users, those without events included."""
        return len(self.starts) - 1

    def __len__(self) -> int:
        return len(self.items)

    def of(self, user: int) -> History:
        """One user's events; none for a code out of range."""
        if not 0 <= user < self.user_count:
            return History(np.empty(0, np.int32), np.empty(0, np.int64))
        part = slice(int(self.starts[user]), int(self.starts[user + 1]))
        return History(self.items[part], self.timestamps[part])

    def users(self) -> Codes:
        """[n] the user of each event."""
        return np.repeat(np.arange(self.user_count, dtype=np.int32), np.diff(self.starts))

    def positions(self) -> Times:
        """[n] how many events of the same user come before each."""
        return np.arange(len(self.items), dtype=np.int64) - np.repeat(self.starts[:-1], np.diff(self.starts))

    def only(self, keep: NDArray[np.bool_]) -> Sequences:
        """The events marked in `keep` [n]; users keep their codes."""
        kept = np.concatenate([[0], np.cumsum(keep)])
        starts, weights = kept[self.starts].astype(np.int64), self.weights
        weights = weights[keep] if weights is not None else None
        return Sequences(starts, self.items[keep], self.timestamps[keep], self.item_count, weights)

    def select(self, users: NDArray[np.integer]) -> Sequences:
        """The sequences of some users, in the order given."""
        lengths = np.diff(self.starts)[users]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        rows = np.repeat(self.starts[:-1][users] - starts[:-1], lengths) + np.arange(starts[-1])
        weights = self.weights[rows] if self.weights is not None else None
        return Sequences(starts, self.items[rows], self.timestamps[rows], self.item_count, weights)

    def matrix(self) -> sparse.csr_matrix:
        """[users, items] float32 with a one, or the greatest weight, where a user has an event with an item."""
        data = np.ones(len(self.items), np.float32) if self.weights is None else self.weights
        matrix = sparse.csr_matrix((data, self.items, self.starts), shape=(self.user_count, self.item_count))
        if self.weights is None:
            matrix.sum_duplicates()
            matrix.data[:] = 1.0
        elif not matrix.has_canonical_format:
            once = first_times(self)
            matrix = sparse.csr_matrix((once.weights, once.items, once.starts), shape=matrix.shape)
            matrix.sort_indices()
        return matrix


def sequences(log: Interactions) -> Sequences:
    """The log sorted by user and time; ties keep the order of the log."""
    users, times = np.asarray(log.users), np.asarray(log.timestamps)
    order = np.lexsort((times, users))
    starts = np.concatenate([[0], np.cumsum(np.bincount(users, minlength=log.user_count))]).astype(np.int64)
    items = np.asarray(log.items)[order].astype(np.int32, copy=False)
    weights = np.asarray(log.weights)[order].astype(np.float32, copy=False) if log.weights is not None else None
    return Sequences(starts, items, times[order].astype(np.int64, copy=False), log.item_count, weights)


def first_times(events: Sequences) -> Sequences:
    """Each user's first event with each item, with the greatest weight of them; the order stays."""
    keys = events.users().astype(np.int64) * max(events.item_count, 1) + events.items
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    keep = np.zeros(len(events), bool)
    keep[first] = True
    if events.weights is not None:
        greatest = np.zeros(len(first), np.float32)
        np.maximum.at(greatest, which, events.weights)
        events = replace(events, weights=greatest[which])
    return events.only(keep)


def known(history: History, item_count: int) -> History:
    """The history without codes that are no items."""
    inside = (history.items >= 0) & (history.items < item_count)
    return history if inside.all() else History(history.items[inside], history.timestamps[inside])


def latest_distinct(items: Codes, count: int) -> Codes:
    """The last `count` different items, the latest first."""
    tail = items[::-1][: 4 * count] if len(items) > 4 * count else items[::-1]
    kept = dict.fromkeys(tail.tolist())
    if len(kept) < count and len(tail) < len(items):
        kept = dict.fromkeys(items[::-1].tolist())
    return np.fromiter(kept, np.int32, len(kept))[:count]
