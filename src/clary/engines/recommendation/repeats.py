"""The repeat head: how likely an item comes back that the user already had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from clary.engines.recommendation.contract import Codes, History, Reals
from clary.engines.recommendation.sequences import Sequences

RECENCY_EDGES = np.array([1, 2, 3, 5, 8, 13, 21, 51])
"""The different items of a user by the time of their last event: the latest one is in bucket 0, the next in 1, ..."""
MOST_COUNT = 4
"""Counts of events with an item are told apart up to this."""
TIED = MOST_COUNT + 1
"""Added to the bucket of the count when the item's last event has the time of the user's last event: things that happen
at one moment belong together, and the rest of them is likely to follow."""
PLACES = 200
"""For how many places of a list the share of hits is kept."""
CUTS = (0.6, 0.7, 0.8, 0.9)
"""At which shares of a user's events the future is compared with the past."""


def moments(length: int) -> list[tuple[int, int]]:
    """Where to cut a user's events: (end of the past, end of the future), the future a tenth of all events."""
    horizon = max(1, round(0.1 * length))
    ends = sorted({int(np.floor(share * length)) for share in CUTS})
    return [(end, min(end + horizon, length)) for end in ends if 1 <= end < length]


class Repeats:
    """Chances, counted: of an item to come back, by how recent and how frequent it is in the user's history; and of a
    new item to be taken, by its place in the list of new items.

    Both speak of the same future (the next tenth of a user's events), so that repeats find their place among the
    new items by their chance.
    """

    def __init__(self) -> None:
        self._chance = np.zeros((len(RECENCY_EDGES) + 1, 2 * TIED), np.float64)
        self._place_chance = np.zeros(PLACES)

    def fit(self, events: Sequences) -> Self:
        """Counts what came back.

        Args:
            events: everything that happened, repeats included.
        """
        shape = self._chance.shape
        offered, returned = np.zeros(shape), np.zeros(shape)
        for user in np.flatnonzero(np.diff(events.starts) >= 2):
            whole = events.of(int(user))
            history = whole.items
            for end, until in moments(len(history)):
                items, recency, counts = buckets(History(history[:end], whole.timestamps[:end]))
                np.add.at(offered, (recency, counts), 1.0)
                back = np.isin(items, history[end:until])
                np.add.at(returned, (recency[back], counts[back]), 1.0)
        overall = (returned.sum() + 1e-3) / (offered.sum() + 1.0)
        by_recency = (returned.sum(axis=1) + 5 * overall) / (offered.sum(axis=1) + 5)
        self._chance = (returned + 5 * by_recency[:, None]) / (offered + 5)
        return self

    def fit_places(self, found: NDArray[np.float64], lists: int) -> None:
        """Takes in how often each place of a list of new items was a hit.

        Args:
            found: [PLACES] hits.
            lists: how many lists these are.
        """
        if not lists:
            self._place_chance = 0.05 / (1 + np.arange(PLACES))
            return
        # the chance falls with the place: a smooth power law through windows that grow with the place
        places = np.arange(PLACES)
        width = np.maximum(1, places // 2)
        running = np.concatenate([[0.0], np.cumsum(found)])
        low, high = np.maximum(places - width, 0), np.minimum(places + width + 1, PLACES)
        smooth = (running[high] - running[low] + 0.01) / ((high - low) * lists + 1.0)
        self._place_chance = np.minimum.accumulate(smooth) * (1 - 1e-6 * places)

    def place(self, history: History, utilities: Reals) -> Reals:
        """Moves the seen items to where their chance belongs among the new items.

        Args:
            history: what the user did, repeats included.
            utilities: [item_count] of all items; those of seen items are replaced.

        Returns:
            [item_count] a new array.
        """
        if not len(history):
            return utilities
        items, recency, counts = buckets(history)
        result = utilities.copy()
        result[items] = -np.inf
        places = min(PLACES, len(result) - len(items))
        if places <= 0:
            result[items] = np.log(self._chance[recency, counts] + 1e-9)
            return result
        new = np.sort(np.partition(result, len(result) - places)[len(result) - places :])[::-1].astype(np.float64)
        chance = np.log(self._chance[recency, counts])
        curve = np.log(self._place_chance[:places])
        # between two places the utility is interpolated; beyond the ends it goes on by the difference of the logs
        inside = np.interp(-chance, -curve, new)
        above, below = np.maximum(chance - curve[0], 0.0), np.maximum(curve[-1] - chance, 0.0)
        tie = 1e-6 * np.arange(len(items))  # of equal chances the later item comes first
        result[items] = (inside + above - below - tie).astype(np.float32)
        return result

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays that make up the fitted head."""
        return {"chance": self._chance, "place_chance": self._place_chance}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Becomes the head that gave these arrays."""
        self._chance, self._place_chance = arrays["chance"], arrays["place_chance"]
        return self


def buckets(history: History) -> tuple[Codes, NDArray[np.intp], NDArray[np.intp]]:
    """The different items of a history, the latest first, with their buckets of recency and of count."""
    backwards, times = history.items[::-1], history.timestamps[::-1]
    items, first, counts = np.unique(backwards, return_index=True, return_counts=True)
    order = np.argsort(first)
    recency = np.searchsorted(RECENCY_EDGES, np.arange(len(items)), side="right")
    tied = times[first[order]] == times[:1]
    return items[order].astype(np.int32), recency, np.minimum(counts[order], MOST_COUNT) + TIED * tied
