"""Popularity, and what is trending: recommenders that give everybody the same list."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from clary.engines.recommendation import arrays
from clary.engines.recommendation.arrays import sums
from clary.engines.recommendation.contract import (
    NOBODY,
    Codes,
    Exploration,
    Features,
    History,
    Interactions,
    Mask,
    Ranking,
    Reals,
    Reason,
    Session,
    TrainingData,
    TrainingError,
)
from clary.engines.recommendation.exploration import explore
from clary.engines.recommendation.interactions import resized
from clary.engines.recommendation.sequences import Sequences, known, sequences


class _OneList(ABC):
    """A recommender with one utility per item, the same for everybody. Implements `contract.Recommender`."""

    name: ClassVar[str]

    def __init__(self) -> None:
        self.item_count = 0
        self.last_timestamp = -1
        self._scores = np.zeros(0, np.float32)
        self._counts = np.zeros(0, np.float32)
        self._born = np.zeros(0, np.int64)
        self._events = Sequences(np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int64), 0)

    @abstractmethod
    def _score(self, log: Interactions) -> NDArray[np.float64]:
        """[item_count] non-negative scores."""

    def _settings(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {}

    def fit(self, data: TrainingData) -> Self:
        """Counts.

        Raises:
            TrainingError: the log is empty.
        """
        if not len(data.interactions):
            raise TrainingError("the log has 0 interactions; at least 1 is needed")
        log = resized(data.interactions, data.user_count, data.item_count)
        self._events = sequences(log)
        self.item_count = data.item_count
        self.last_timestamp = int(np.max(log.timestamps))
        self._scores = self._score(log).astype(np.float32)
        self._counts = np.bincount(log.items, minlength=self.item_count).astype(np.float32)
        first = np.full(self.item_count, np.iinfo(np.int64).max)
        np.minimum.at(first, log.items, log.timestamps)
        self._born = np.where(self._counts > 0, first, -1)
        if data.items is not None:
            self.add_items(data.items)
        return self

    def add_items(self, items: Features) -> None:
        """Takes new items into the catalogue; they score nothing, but can be explored."""
        more = max(items.count - self.item_count, 0)
        self.item_count += more
        self._scores, self._counts = np.pad(self._scores, (0, more)), np.pad(self._counts, (0, more))
        self._born = np.pad(self._born, (0, more), constant_values=-1)
        if items.created is not None:
            created = np.full(self.item_count, -1, np.int64)
            created[: items.count] = items.created
            self._born = np.where(created >= 0, created, self._born)

    def history(self, user: int) -> History:
        """What the user did in the training log."""
        return self._events.of(user)

    def session(
        self, history: History, user: int = NOBODY, features: Mapping[str, Sequence[int]] | None = None
    ) -> Session:
        """A session that has seen `history`; codes in it that are no items are left out."""
        return Session(user, known(history, self.item_count), features or {})

    def recommend(
        self,
        session: Session,
        k: int,
        allowed: Mask | None = None,
        context: Mapping[str, int] | None = None,
        exploration: Exploration | None = None,
    ) -> Ranking:
        """The k best items, see `contract.Recommender.recommend`."""
        items = arrays.best(arrays.forbid(self._scores, allowed), k)
        explored = np.zeros(len(items), bool)
        if exploration is not None:
            now = self.last_timestamp if exploration.now is None else exploration.now
            logarithms = np.log(self._scores + 1e-6)
            items, explored = explore(items, logarithms, allowed, self._counts, self._born, session, exploration, now)
        return Ranking(items, self._shares(items, float(self._scores.sum())), explored)

    def rank(self, session: Session, items: Codes, context: Mapping[str, int] | None = None) -> Ranking:
        """The given items, best first."""
        order = np.argsort(-self._scores[items], kind="stable")
        total = float(self._scores[items].sum())
        return Ranking(items[order], self._shares(items[order], total), np.zeros(len(items), bool))

    def _shares(self, items: Codes, total: float) -> Reals:
        shares: Reals = np.maximum(self._scores[items] / max(total, 1e-30), 1e-30).astype(np.float32)
        return shares

    def reasons(self, session: Session, item: int, k: int = 5) -> list[Reason]:
        """Popularity is the one reason."""
        return [Reason("popularity", 1.0)][:k]

    def save(self, folder: Path) -> None:
        """Writes the model into an empty folder."""
        found: dict[str, NDArray[Any]] = {
            "scores": self._scores,
            "counts": self._counts,
            "born": self._born,
            "events.starts": self._events.starts,
            "events.items": self._events.items,
            "events.timestamps": self._events.timestamps,
        }
        settings = {
            "name": self.name,
            "item_count": self.item_count,
            "last_timestamp": self.last_timestamp,
            "arguments": self._settings(),
        }
        arrays.save(folder, found, settings)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote, memory-mapped."""
        found, settings = arrays.load(folder)
        model = cls(**settings["arguments"])
        model.item_count, model.last_timestamp = settings["item_count"], settings["last_timestamp"]
        model._scores, model._counts, model._born = found["scores"], found["counts"], found["born"]
        model._events = Sequences(
            found["events.starts"], found["events.items"], found["events.timestamps"], model.item_count
        )
        return model


class Popularity(_OneList):
    """The number of interactions of each item.

    Args:
        half_life_seconds: an event this old counts half; 0 counts all alike.
    """

    name: ClassVar[str] = "popularity"

    def __init__(self, half_life_seconds: int = 0) -> None:
        super().__init__()
        self.half_life_seconds = half_life_seconds

    def _score(self, log: Interactions) -> NDArray[np.float64]:
        ages = (int(np.max(log.timestamps)) - np.asarray(log.timestamps)).astype(np.float64)
        weights = np.exp2(-ages / self.half_life_seconds) if self.half_life_seconds else np.ones(len(log))
        if log.weights is not None:
            weights = weights * log.weights
        return sums(log.items, weights, log.item_count)

    def _settings(self) -> dict[str, Any]:
        return {"half_life_seconds": self.half_life_seconds}


class Trending(_OneList):
    """Items whose interactions grow fastest: decayed counts of the last window against what the window before leads
    one to expect, in standard deviations of that expectation (counts are taken as Poisson).

    Args:
        window_seconds: how often trends are looked for; the decay's half-life is as long.
    """

    name: ClassVar[str] = "trending"

    def __init__(self, window_seconds: int = 2 * 3600) -> None:
        super().__init__()
        self.window_seconds = window_seconds

    def _score(self, log: Interactions) -> NDArray[np.float64]:
        times = np.asarray(log.timestamps).astype(np.float64)
        ages = times.max() - times
        items = np.asarray(log.items)
        window = float(self.window_seconds)
        # a log so sparse that the window is almost empty is looked at through a longer one
        while np.count_nonzero(ages < window) < min(len(log), 50) and window < ages.max() + 1:
            window *= 2
        now = sums(items, np.exp2(-ages / window), log.item_count)
        earlier = ages >= window
        before = sums(items[earlier], np.exp2(-(ages[earlier] - window) / window), log.item_count)
        # what all items together grew by is no trend of a single one
        overall = now.sum() / max(float(before.sum()), 1.0)
        expected = before * min(overall, 1.0) + 0.5
        growth = np.maximum((now - expected) / np.sqrt(expected), 0.0)
        scores: NDArray[np.float64] = growth + 1e-6 * now  # what does not grow follows in the order of recent counts
        return scores

    def _settings(self) -> dict[str, Any]:
        return {"window_seconds": self.window_seconds}
