"""What can be said about an item before anything is known of the user's history: popularity, now and among whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from clary.engines.recommendation.arrays import sums
from clary.engines.recommendation.contract import Categories, Interactions, TrainingData

HALF_LIVES = (0.02, 0.1)
"""Half-lives of recent popularity, as shares of the time that the log spans."""
MOMENTS = 40
"""At how many moments of the past recent popularity is kept."""


class Priors:
    """Views of the items that do not depend on the user's items.

    They are the logarithm of the counts; the logarithm of exponentially decayed counts at the time of the question,
    past events only, for two half-lives; and for each feature of the users and each context how much more popular an
    item is under its category than overall, shrunk to nothing for rare categories.

    Args:
        shrinkage: how many events under a category make its own counts weigh as much as the overall ones.
    """

    def __init__(self, shrinkage: float = 30.0) -> None:
        self.shrinkage = shrinkage
        self.names: list[str] = []
        self._popularity = np.zeros(0, np.float32)
        self._moments = np.zeros(0, np.int64)
        self._recent = np.zeros((0, 0, 0), np.float32)
        self._lifts: dict[str, NDArray[np.float32]] = {}

    @property
    def popularity(self) -> NDArray[np.float32]:
        """[item_count] the logarithm of 1 + the events of each item."""
        return self._popularity

    def fit(self, data: TrainingData) -> Self:
        """Counts."""
        log = data.interactions
        count = data.item_count
        totals = np.bincount(log.items, log.weights, minlength=count)
        self._popularity = np.log1p(totals).astype(np.float32)
        self._fit_recent(log, count)
        self._lifts = {}
        overall = (totals + 0.5) / (totals.sum() + 0.5 * max(count, 1))
        users = data.users
        if users is not None:
            for name, column in users.categorical.items():
                self._lifts[f"user:{name}"] = self._lift(log, column, overall)
        for name, codes in log.contexts.items():
            known = np.flatnonzero(codes >= 0)
            starts = np.concatenate([[0], np.cumsum(codes >= 0)]).astype(np.int64)
            column = Categories(starts, codes[known], int(np.max(codes, initial=-1)) + 1)
            self._lifts[f"context:{name}"] = self._lift(log, column, overall, of_events=True)
        self.names = ["popularity", *(f"recent:{life}" for life in HALF_LIVES), *sorted(self._lifts)]
        return self

    def _fit_recent(self, log: Interactions, count: int) -> None:
        order = np.argsort(log.timestamps, kind="stable")
        times, items = log.timestamps[order], log.items[order]
        span = float(times[-1] - times[0]) if len(times) else 0.0
        edges = np.linspace(0, len(times), MOMENTS + 1).astype(int)[1:] if len(times) else np.zeros(0, int)
        self._moments = times[edges - 1] if len(times) else np.zeros(0, np.int64)
        self._recent = np.zeros((len(edges), len(HALF_LIVES), count), np.float32)
        for at, life in enumerate(HALF_LIVES):
            running = np.zeros(count)
            before, begin = 0.0, 0
            for row, end in enumerate(edges):
                now = float(self._moments[row])
                half_life = max(life * span, 1.0)
                running *= np.exp2((before - now) / half_life) if row else 0.0
                part = slice(begin, int(end))
                running += sums(items[part], np.exp2((times[part] - now) / half_life), count)
                self._recent[row, at] = np.log(running + 0.02 * running.mean() + 1e-9)
                before, begin = now, int(end)
            if len(edges):
                self._recent[:, at] -= self._recent[:, at].mean(axis=1, keepdims=True)

    def _lift(
        self, log: Interactions, column: Categories, overall: NDArray[np.float64], of_events: bool = False
    ) -> NDArray[np.float32]:
        """[categories, item_count] log of an item's share under a category over its share overall."""
        items, rows = np.asarray(log.items), np.arange(len(log)) if of_events else np.asarray(log.users)
        known = rows < len(column.starts) - 1
        items, rows = items[known], rows[known]
        lengths = (column.starts[rows + 1] - column.starts[rows]).astype(np.int64)
        at = np.repeat(column.starts[rows] - (np.cumsum(lengths) - lengths), lengths) + np.arange(int(lengths.sum()))
        most = 200  # categories; a column with more (an identifier) says nothing about groups of users
        if column.count > most:
            return np.zeros((0, len(overall)), np.float32)
        flat = column.codes[at].astype(np.int64) * len(overall) + np.repeat(items, lengths)
        counts = np.bincount(flat, minlength=column.count * len(overall)).reshape(column.count, len(overall))
        weight = self.shrinkage * len(overall) ** 0.5
        shares = (counts + weight * overall) / (counts.sum(axis=1, keepdims=True) + weight)
        lift: NDArray[np.float32] = np.log(shares / overall).astype(np.float32)
        return lift

    def views(
        self, time: int, categories: Mapping[str, Sequence[int]], context: Mapping[str, int]
    ) -> list[NDArray[np.float32]]:
        """One array [item_count] per name in `names`.

        Args:
            time: seconds; recent popularity is that of the last moment kept before it.
            categories: the user's categories by column.
            context: the category of the situation by context.
        """
        row = max(int(np.searchsorted(self._moments, time, side="right")) - 1, 0)
        found = [self._popularity]
        empty = np.zeros(len(self._popularity), np.float32)
        found += [self._recent[row, at] if len(self._recent) else empty for at in range(len(HALF_LIVES))]
        for name in sorted(self._lifts):
            kind, _, column = name.partition(":")
            codes = categories.get(column, ()) if kind == "user" else (context.get(column, -1),)
            rows = [self._lifts[name][code] for code in codes if 0 <= code < len(self._lifts[name])]
            found.append(np.mean(rows, axis=0) if len(rows) > 1 else rows[0] if rows else empty)
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays that make up the fitted priors."""
        found: dict[str, NDArray[Any]] = {
            "popularity": self._popularity,
            "moments": self._moments,
            "recent": self._recent,
        }
        return found | {f"lift.{name}": lift for name, lift in self._lifts.items()}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Becomes the priors that gave these arrays."""
        self._popularity, self._moments, self._recent = arrays["popularity"], arrays["moments"], arrays["recent"]
        self._lifts = {name[5:]: array for name, array in arrays.items() if name.startswith("lift.")}
        self.names = ["popularity", *(f"recent:{life}" for life in HALF_LIVES), *sorted(self._lifts)]
        return self
