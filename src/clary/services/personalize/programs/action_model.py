"""The model of next actions behind the same face as the recommenders of items."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from clary.engines.recommendation.contract import (
    NOBODY,
    Codes,
    Exploration,
    Features,
    History,
    Mask,
    Ranking,
    Session,
    TrainingData,
)
from clary.engines.recommendation.evaluation import of_list
from clary.engines.recommendation.interactions import where
from clary.engines.recommendation.next_action import ActionLog, NextAction

TAKEN = "taken"
VALUE = "VALUE"
_SETTINGS = "actions.json"
_LATEST_SHARE = 0.2


class ActionModel:
    """Says which actions a user takes.

    Args:
        taken: the code of the event type "taken".
        value: the numeric column of the actions that says what one is worth; "" for none.
    """

    def __init__(self, taken: int, value: str = "") -> None:
        self.taken = taken
        self.value = value
        self.item_count = 0
        self._model = NextAction()

    def fit(self, data: TrainingData) -> Self:
        """Learns from all action interactions: taken ones, and those that were seen and passed over.

        Raises:
            TrainingError: there are none.
        """
        log = data.interactions
        assert log.event_types is not None
        taken = np.asarray(log.event_types) == self.taken
        actions = ActionLog(log.users, log.items, log.timestamps, taken, data.item_count)
        self._model = NextAction().fit(actions, data.users, data.items)
        self.item_count = data.item_count
        if not self.value and data.items is not None and VALUE in data.items.numeric:
            self.value = VALUE
        return self

    def update(self, data: TrainingData) -> Self:
        """Learns anew from the whole log, which takes no longer."""
        return self.fit(data)

    def session(
        self, history: History, user: int = NOBODY, features: Mapping[str, Sequence[int]] | None = None
    ) -> Session:
        """A user; what they did after training is in `state["later"]`."""
        return Session(user, history, features or {})

    def recommend(
        self,
        session: Session,
        k: int,
        allowed: Mask | None = None,
        context: Mapping[str, int] | None = None,
        exploration: Exploration | None = None,
    ) -> Ranking:
        """The k best actions."""
        later = session.state.get("later", ())
        features = session.features or None
        return self._model.recommend(session.user, k, allowed, features, self.value, later)

    def add_items(self, items: Features) -> None:
        """Takes new actions into the catalogue."""
        self._model.add_actions(items)
        self.item_count = self._model.action_count

    def save(self, folder: Path) -> None:
        """Writes the model."""
        (folder / "model").mkdir()
        self._model.save(folder / "model")
        settings = {"taken": self.taken, "value": self.value, "item_count": self.item_count}
        (folder / _SETTINGS).write_text(json.dumps(settings), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote."""
        settings = json.loads((folder / _SETTINGS).read_text(encoding="utf-8"))
        found = cls(settings["taken"], settings["value"])
        found.item_count = settings["item_count"]
        found._model = NextAction.load(folder / "model")
        return found

    @staticmethod
    def is_in(folder: Path) -> bool:
        """Whether a folder holds such a model."""
        return (folder / _SETTINGS).exists()


def measured(data: TrainingData, taken: int) -> dict[str, Any]:
    """How well the actions that users took last are told from all others.

    The newest fifth of the log is the truth: for each user who took one in it, the actions taken. The most often taken
    actions are the baseline.
    """
    log = data.interactions
    order = np.argsort(log.timestamps, kind="stable")
    late = np.zeros(len(log), bool)
    late[order[int(len(log) * (1 - _LATEST_SHARE)) :]] = True
    training = TrainingData(where(log, ~late), data.items, data.users)
    model = ActionModel(taken).fit(training)
    types = np.asarray(log.event_types)
    counts = np.bincount(log.items[~late & (types == taken)], minlength=data.item_count)
    popular: Codes = np.argsort(-counts, kind="stable")[:25].astype(np.int32)
    truth: dict[int, set[int]] = {}
    wins = late & (types == taken)
    for user, action in zip(log.users[wins].tolist(), log.items[wins].tolist(), strict=True):
        truth.setdefault(user, set()).add(action)
    rows, plain = [], []
    lists: set[int] = set()
    for user, actions in sorted(truth.items())[:2000]:
        wanted = np.array(sorted(actions), np.int32)
        ranked = model.recommend(Session(user, History(np.empty(0, np.int32), np.empty(0, np.int64))), 25).items
        rows.append(of_list(ranked, wanted))
        plain.append(of_list(popular, wanted))
        lists.update(ranked.tolist())
    return {"rows": rows, "plain": plain, "coverage": len(lists) / max(1, data.item_count)}
