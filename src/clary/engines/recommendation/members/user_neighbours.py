"""Sequential user-kNN: users who recently did the same, and what they did around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from clary.engines.recommendation.arrays import sums
from clary.engines.recommendation.members.contract import Query
from clary.engines.recommendation.neighbour_table import recency
from clary.engines.recommendation.sequences import Sequences

DISTANT = 1e-3
"""What a neighbour of another time counts, so that there are some where nobody is of the same time."""


class UserNeighbours:
    """Vector session kNN (Ludewig and Jannach, "Evaluation of Session-based Recommendation Algorithms", 2018), with
    whole users in the place of sessions and a window around the place where a neighbour did the same.

    A neighbour's similarity is the sum of the recency weights of the query's items that it has, rare items weighing
    more. Its items count by their distance from the neighbour's place of the most recent shared item.

    Args:
        decay: steps after which an item of the query counts 1/e.
        neighbours: how many of the most similar users vote.
        per_item: at most this many users, the latest, are looked at per item of the query.
        asked: how many of the query's latest items are looked up.
        window: how many steps before and after the shared item a neighbour's items count.
        fade: steps of distance after which an item of a neighbour counts 1/e.
        before: what an item before the shared one counts, against one after it.
        period: the share of the time that the log spans after which a neighbour who did the same that much earlier or
            later counts 1/e: people of one time are offered the same things in the same order. 0 counts all alike.
    """

    name: ClassVar[str] = "user_neighbours"

    def __init__(
        self,
        decay: float = 5.0,
        neighbours: int = 100,
        per_item: int = 300,
        asked: int = 20,
        window: int = 30,
        fade: float = 10.0,
        before: float = 0.5,
        period: float = 0.0,
    ) -> None:
        self.decay = decay
        self.neighbours = neighbours
        self.per_item = per_item
        self.asked = asked
        self.window = window
        self.fade = fade
        self.before = before
        self.period = period
        empty = np.zeros(0, np.int32)
        self._events = Sequences(np.zeros(1, np.int64), empty, np.zeros(0, np.int64), 0)
        self._item_starts = np.zeros(1, np.int64)
        self._places = empty
        self._owners = empty
        self._rarity = np.zeros(0, np.float32)
        self._span = 0.0

    def fit(self, events: Sequences) -> Self:
        """Learns from sequences in which no user has an item twice."""
        owners = events.users()
        # the places of each item, the latest first, so that the cap keeps the latest users
        order = np.lexsort((-events.timestamps, events.items))
        counts = np.bincount(events.items, minlength=events.item_count)
        place_in_item = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
        order = order[place_in_item < self.per_item]
        capped = np.minimum(counts, self.per_item)
        self._item_starts = np.concatenate([[0], np.cumsum(capped)]).astype(np.int64)
        self._places = order.astype(np.int32)
        self._owners = owners
        self._rarity = np.log1p(max(events.user_count, 1) / np.maximum(counts, 1)).astype(np.float32)
        self._events = events
        self._span = _span(events)
        return self

    def update(self, events: Sequences) -> Self:
        """Takes the new log."""
        return self.fit(events)

    def scores(self, query: Query) -> NDArray[np.float64]:
        """[item_count] a score for every item, higher is better."""
        places, votes = self._voters(query)
        result = np.zeros(self._events.item_count)
        if not len(places):
            return result
        steps = np.arange(-self.window, self.window + 1)
        kernel = np.exp(-np.abs(steps) / self.fade) * np.where(steps < 0, self.before, 1.0)
        near = places[:, None] + steps
        owners = self._owners[places]
        inside = (near >= self._events.starts[owners][:, None]) & (near < self._events.starts[owners + 1][:, None])
        weights = (votes[:, None] * kernel)[inside]
        if self._events.weights is not None:
            weights = weights * self._events.weights[near[inside]]
        return sums(self._events.items[near[inside]], weights, len(result))

    def _voters(self, query: Query) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The place of the shared item of each of the most similar users, and how much each of them counts."""
        items = query.recent[: self.asked]
        if not len(items):
            return np.empty(0, np.int64), np.empty(0)
        begins, ends = self._item_starts[items], self._item_starts[items + 1]
        lengths = ends - begins
        rows = np.repeat(begins - (np.cumsum(lengths) - lengths), lengths) + np.arange(int(lengths.sum()))
        places = self._places[rows].astype(np.int64)
        weights = np.repeat(recency(len(items), self.decay) * self._rarity[items], lengths)
        # the query's latest item comes first, so the first place of a user is that of the latest shared item
        users, first, of_user = np.unique(self._owners[places], return_index=True, return_inverse=True)
        similarity = sums(of_user, weights, len(users))
        if self.period and query.time is not None:
            similarity = similarity * self._closeness(places[first], query.time)
        if len(users) > self.neighbours:
            kept = np.argpartition(-similarity, self.neighbours)[: self.neighbours]
            return places[first[kept]], similarity[kept]
        return places[first], similarity

    def _closeness(self, places: NDArray[np.int64], time: int) -> NDArray[np.float64]:
        """How much a neighbour counts by when they did the same; nobody counts for nothing."""
        times = self._events.timestamps
        span = max(self.period * self._span, 1.0)
        found: NDArray[np.float64] = np.exp(-np.abs(times[places] - time) / span) + DISTANT
        return found

    def contributions(self, query: Query, item: int) -> NDArray[np.float64]:
        """[r] how much each of the query's items adds to the score of `item`."""
        single = (Query(query.recent[at : at + 1], query.time) for at in range(len(query.recent)))
        weights = recency(len(query.recent), self.decay)
        alone = np.array([self.scores(one)[item] for one in single])
        return alone * weights if len(weights) else np.zeros(0)

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """The arrays that make up the fitted member."""
        told = {"weights": self._events.weights} if self._events.weights is not None else {}
        return told | {
            "starts": self._events.starts,
            "items": self._events.items,
            "timestamps": self._events.timestamps,
            "owners": self._owners,
            "item_starts": self._item_starts,
            "places": self._places,
            "rarity": self._rarity,
            "span": np.array([self._span]),
        }

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Becomes the member that gave these arrays."""
        self._rarity = arrays["rarity"]
        self._events = Sequences(
            arrays["starts"], arrays["items"], arrays["timestamps"], len(self._rarity), arrays.get("weights")
        )
        self._owners, self._places = arrays["owners"], arrays["places"]
        self._item_starts = arrays["item_starts"]
        self._span = float(arrays["span"][0])
        return self


def _span(events: Sequences) -> float:
    """The seconds from the first event to the last one."""
    return float(events.timestamps.max() - events.timestamps.min()) if len(events) else 0.0
