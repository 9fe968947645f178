"""The recommender for users: a blend of sequence models, with repeats, cold users, cold items and exploration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from clary.engines.recommendation import arrays
from clary.engines.recommendation import features as feature_tables
from clary.engines.recommendation.blend import Blend, Shape, Situation, part
from clary.engines.recommendation.cold_items import ColdItems
from clary.engines.recommendation.contract import (
    NOBODY,
    Codes,
    Exploration,
    Features,
    History,
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
from clary.engines.recommendation.objective import Influence, Objective
from clary.engines.recommendation.reasons import explain
from clary.engines.recommendation.repeats import Repeats
from clary.engines.recommendation.sequences import Sequences, known, sequences
from clary.engines.recommendation.weighing import weigh


class Personal:
    """What a user does next, from what they and others did. Implements `contract.Recommender`.

    Args:
        seed: of the inner hold-out and its sample; equal seeds give equal models.
        objective: the name of a numeric column of the items ("revenue") to be raised along with relevance, or "".
        objective_weight: 0 to 1; 0 is relevance alone.
        memory, freedom, recency: of the blend's members, see `blend.Shape`.
    """

    name: ClassVar[str] = "personal"

    def __init__(
        self,
        seed: int = 0,
        objective: str = "",
        objective_weight: float = 0.0,
        memory: float = 1.0,
        freedom: float = 1.0,
        recency: bool = True,
    ) -> None:
        self.seed = seed
        self.shape = Shape(memory, freedom, recency)
        self.objective = Objective(objective, objective_weight)
        self._influence = Influence()
        self._lifts = np.zeros(0, np.float32)
        self.item_count = 0
        self.last_timestamp = -1
        self.blend = Blend(shape=self.shape)
        self.repeats = Repeats()
        self.cold_items = ColdItems()
        self._events = Sequences(np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int64), 0)
        self._users: Features | None = None
        self._born = np.zeros(0, np.int64)
        self._counts = np.zeros(0, np.float32)

    def fit(self, data: TrainingData) -> Self:
        """Learns.

        Raises:
            TrainingError: the log is empty.
        """
        if not len(data.interactions):
            raise TrainingError("the log has 0 interactions; at least 1 is needed")
        data, events = _whole(data)
        self.blend = Blend(data, self.shape)
        weigh(self.blend, self.repeats, data, events, self.seed)
        self.blend.fit(data, events)
        return self._take(data, events)

    def update(self, data: TrainingData) -> Self:
        """Takes in what happened since the model was fitted, and new items, at a part of the cost of `fit`.

        What is counted is counted on the whole log: popularity, rules, neighbours, repeats. What was learned by
        regression, and how much each view counts, stays.

        Args:
            data: the log with its new events; users and items keep their codes, new ones follow.

        Raises:
            TrainingError: the log is empty, or has other columns than before.
        """
        if not len(data.interactions):
            raise TrainingError("the log has 0 interactions; at least 1 is needed")
        data, events = _whole(data)
        self.blend.update(data, events)
        return self._take(data, events)

    def _take(self, data: TrainingData, events: Sequences) -> Self:
        self.repeats.fit(events)
        self._events, self._users = events, data.users
        self.item_count = data.item_count
        self.last_timestamp = int(events.timestamps.max())
        counts = np.bincount(events.items, minlength=self.item_count).astype(np.float32)
        first = np.full(self.item_count, np.iinfo(np.int64).max)
        np.minimum.at(first, events.items, events.timestamps)
        self._born = np.where(counts > 0, first, -1)
        self._counts = counts
        self._take_items(data.items)
        return self

    def _take_items(self, items: Features | None) -> None:
        self.cold_items = ColdItems().fit(items, np.expm1(self.blend.priors.popularity).round(3))
        self.item_count = self.cold_items.item_count
        more = self.item_count - len(self._counts)
        self._counts = np.pad(self._counts, (0, more))
        self._born = np.pad(self._born, (0, more), constant_values=-1)
        if items is not None and items.created is not None:
            created = np.full(self.item_count, -1, np.int64)
            created[: items.count] = items.created
            self._born = np.where(created >= 0, created, self._born)
        self.objective = self.objective.fitted(items, self.item_count)
        self._lifts = self._influence.lifts(self._counts, self._born)

    def influenced(self, influence: Influence) -> Self:
        """Lets popularity and freshness move items up from now on; it is not saved."""
        self._influence = influence
        self._lifts = influence.lifts(self._counts, self._born)
        return self

    def add_items(self, items: Features) -> None:
        """Takes new items into the catalogue, see `contract.Recommender.add_items`."""
        self._take_items(items)

    def history(self, user: int) -> History:
        """What the user did in the training log; empty for a user whom the log does not know."""
        return self._events.of(user)

    def session(
        self, history: History, user: int = NOBODY, features: Mapping[str, Sequence[int]] | None = None
    ) -> Session:
        """A session that has seen `history`; codes in it that are no items are left out."""
        told = feature_tables.of_row(self._users, user) if features is None else features
        return Session(user, known(history, self.item_count), told)

    def utilities(self, session: Session, context: Mapping[str, int] | None = None) -> Reals:
        """[item_count] how likely each item is next: a softmax over them gives the scores of an answer."""
        utilities = self.objective.applied(self._relevance(session, context))
        return utilities + self._lifts if len(self._lifts) else utilities

    def _relevance(self, session: Session, context: Mapping[str, int] | None) -> Reals:
        history = session.history.items
        trained = history[history < len(self.blend.priors.popularity)]
        times = session.history.timestamps
        time = int(times[-1]) if len(times) else self.last_timestamp
        situation = Situation(trained, time, session.features, context or {})
        utilities = self.cold_items.extend(self.blend.utilities(situation))
        return self.repeats.place(session.history, utilities)

    def recommend(
        self,
        session: Session,
        k: int,
        allowed: Mask | None = None,
        context: Mapping[str, int] | None = None,
        exploration: Exploration | None = None,
    ) -> Ranking:
        """The k best items, see `contract.Recommender.recommend`."""
        utilities = self.utilities(session, context)
        items = arrays.best(arrays.forbid(utilities, allowed), k)
        explored = np.zeros(len(items), bool)
        if exploration is not None:
            now = self.last_timestamp if exploration.now is None else exploration.now
            items, explored = explore(items, utilities, allowed, self._counts, self._born, session, exploration, now)
        return Ranking(items, shares(utilities, items), explored)

    def rank(self, session: Session, items: Codes, context: Mapping[str, int] | None = None) -> Ranking:
        """The given items, best first, see `contract.Recommender.rank`."""
        utilities = self.utilities(session, context)[items]
        order = np.argsort(-utilities, kind="stable")
        return Ranking(items[order], shares(utilities, order), np.zeros(len(items), bool))

    def reasons(self, session: Session, item: int, k: int = 5) -> list[Reason]:
        """The strongest reasons for an item, strongest first."""
        return explain(self.blend, self.cold_items, session, item)[:k]

    def save(self, folder: Path) -> None:
        """Writes the model into an empty folder."""
        found: dict[str, NDArray[Any]] = {
            "events.starts": self._events.starts,
            "events.items": self._events.items,
            "events.timestamps": self._events.timestamps,
            "born": self._born,
            "counts": self._counts,
            "objective": self.objective.boost,
        }
        found |= {f"blend.{name}": array for name, array in self.blend.arrays().items()}
        found |= {f"repeats.{name}": array for name, array in self.repeats.arrays().items()}
        found |= {f"cold.{name}": array for name, array in self.cold_items.arrays().items()}
        found |= feature_tables.save(self._users, "users")
        settings = {
            "name": self.name,
            "seed": self.seed,
            "objective": self.objective.column,
            "objective_weight": self.objective.weight,
            "item_count": self.item_count,
            "events_item_count": self._events.item_count,
            "last_timestamp": self.last_timestamp,
            "shape": asdict(self.shape),
        }
        arrays.save(folder, found, settings)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote, memory-mapped."""
        found, settings = arrays.load(folder)
        model = cls(settings["seed"], settings["objective"], settings["objective_weight"], **settings.get("shape", {}))
        model.objective = Objective(settings["objective"], settings["objective_weight"], found["objective"])
        model.item_count, model.last_timestamp = settings["item_count"], settings["last_timestamp"]
        model._events = Sequences(
            found["events.starts"], found["events.items"], found["events.timestamps"], settings["events_item_count"]
        )
        model._born, model._counts = found["born"], found["counts"]
        model.blend.restore(part(found, "blend."))
        model.repeats.restore(part(found, "repeats."))
        model.cold_items.restore(part(found, "cold."))
        model._users = feature_tables.load(found, "users")
        return model


def shares(utilities: Reals, chosen: NDArray[np.integer[Any]]) -> Reals:
    """The softmax of some utilities over all of them; never zero."""
    if not len(chosen):
        return np.zeros(0, np.float32)
    top = utilities.max()
    exponentials = np.exp(utilities - top)
    result: Reals = np.maximum(exponentials[chosen] / exponentials.sum(), np.float32(1e-30)).astype(np.float32)
    return result


def _whole(data: TrainingData) -> tuple[TrainingData, Sequences]:
    """The data with a log for all of its users and items, and the log as sequences."""
    log = resized(data.interactions, data.user_count, data.item_count)
    return TrainingData(log, data.items, data.users), sequences(log)
