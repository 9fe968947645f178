"""The next best action: which of some actions a user is likely to take, and what it is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse

from clary.engines.recommendation import arrays
from clary.engines.recommendation import features as feature_tables
from clary.engines.recommendation.contract import Codes, Features, Mask, Ranking, Reals, Times, TrainingError

BUCKETS = 2**15
"""Crossed features are hashed into this many weights."""
MOST_PAST = 3
"""How often a user took or passed an action is told apart up to this."""


@dataclass(frozen=True, slots=True)
class ActionLog:
    """What users made of the actions they were offered.

    Attributes:
        users: [n] codes.
        actions: [n] codes below `action_count`.
        timestamps: [n] seconds.
        taken: [n] whether the user took the action; seen and passed over is False.
        action_count: known actions.
    """

    users: Codes
    actions: Codes
    timestamps: Times
    taken: Mask
    action_count: int


@dataclass(frozen=True, slots=True)
class Past:
    """How often one user took and passed each action.

    Attributes:
        taken: counts by action.
        passed: counts by action.
    """

    taken: Mapping[int, int]
    passed: Mapping[int, int]


class NextAction:
    """Logistic regression of "takes it" on the action, the action crossed with each category of the user, the action's
    own categories crossed with these, and the user's past with the action. Crossed features are hashed (Weinberger et
    al., "Feature Hashing for Large Scale Multitask Learning", 2009).

    Args:
        ridge: regularisation, in events.
    """

    name: ClassVar[str] = "next_action"

    def __init__(self, ridge: float = 1.0) -> None:
        self.ridge = ridge
        self.action_count = 0
        self._weights = np.zeros(BUCKETS)
        self._users: Features | None = None
        self._actions: Features | None = None
        self._past: dict[int, Past] = {}
        self._log: ActionLog | None = None

    def fit(self, log: ActionLog, users: Features | None = None, actions: Features | None = None) -> Self:
        """Learns.

        Raises:
            TrainingError: the log is empty.
        """
        if not len(log.users):
            raise TrainingError("the log of actions has 0 events; at least 1 is needed")
        self.action_count = max(log.action_count, actions.count if actions else 0)
        self._users, self._actions, self._log = users, actions, log
        order = np.argsort(log.timestamps, kind="stable")
        rows: list[list[int]] = []
        past: dict[int, Past] = {}
        for user, action, taken in zip(
            log.users[order].tolist(), log.actions[order].tolist(), log.taken[order].tolist(), strict=True
        ):
            # the past as it was before this event
            before = past.setdefault(user, Past({}, {}))
            rows.append(self._row(feature_tables.of_row(users, user), action, before))
            counts: dict[int, int] = dict(before.taken if taken else before.passed)
            counts[action] = counts.get(action, 0) + 1
            past[user] = Past(counts, before.passed) if taken else Past(before.taken, counts)
        self._past = past
        self._weights = _logistic(_rows_matrix(rows), log.taken[order].astype(np.float64), self.ridge)
        return self

    def add_actions(self, actions: Features) -> None:
        """Takes new actions into the catalogue: what is known of them is what their categories say.

        Args:
            actions: all of them; those known keep their codes.
        """
        self._actions = actions
        self.action_count = max(self.action_count, actions.count)

    def _row(self, categories: Mapping[str, Sequence[int]], action: int, past: Past) -> list[int]:
        user = [(name, code) for name, codes in sorted(categories.items()) for code in codes]
        own = [(name, code) for name, codes in feature_tables.of_row(self._actions, action).items() for code in codes]
        taken, passed = min(past.taken.get(action, 0), MOST_PAST), min(past.passed.get(action, 0), MOST_PAST)
        total = min(sum(past.taken.values()), MOST_PAST)
        keys: list[tuple[Any, ...]] = [("bias",), ("action", action), ("past", taken, passed), ("total", total)]
        keys += [("own", *one) for one in own]
        keys += [("user", *one) for one in user]
        keys += [("user", "action", action, *one) for one in user]
        keys += [("user", "own", *one, *other) for one in user for other in own]
        return [_bucket(key) for key in keys]

    def recommend(
        self,
        user: int,
        k: int,
        allowed: Mask | None = None,
        categories: Mapping[str, Sequence[int]] | None = None,
        value: str = "",
        later: Sequence[tuple[int, bool]] = (),
    ) -> Ranking:
        """The k best actions.

        Args:
            user: code; an unknown one has no past.
            allowed: [action_count] which actions may be answered.
            categories: the user's category codes by column; None takes what training said.
            value: the numeric column of the actions that says what one is worth; "" ranks by propensity alone,
                otherwise by propensity times value (the expected reward).
            later: (action, taken) of events after training.

        Returns:
            Action codes in `items`; in `scores` the propensity, 0 to 1, whatever they are ranked by.
        """
        known = feature_tables.of_row(self._users, user) if categories is None else categories
        past = self._past.get(user, Past({}, {}))
        for action, taken in later:
            counts: dict[int, int] = dict(past.taken if taken else past.passed)
            counts[action] = counts.get(action, 0) + 1
            past = Past(counts, past.passed) if taken else Past(past.taken, counts)
        matrix = _rows_matrix([self._row(known, action, past) for action in range(self.action_count)])
        propensity = _sigmoid(np.asarray(matrix @ self._weights))
        worth = self._worth(value)
        items = arrays.best(arrays.forbid(propensity * worth, allowed), k)
        return Ranking(items, propensity[items].astype(np.float32), np.zeros(len(items), bool))

    def _worth(self, column: str) -> NDArray[np.float64]:
        values: Reals | None = self._actions.numeric.get(column) if self._actions is not None else None
        if values is None:
            return np.ones(self.action_count)
        worth = np.ones(self.action_count)
        known = np.isfinite(values)
        typical = float(np.mean(values[known])) if known.any() else 1.0
        worth[: len(values)] = np.where(known, values, typical)
        return np.asarray(np.maximum(worth, 0.0), np.float64)

    def save(self, folder: Path) -> None:
        """Writes the model into an empty folder."""
        found: dict[str, NDArray[Any]] = {"weights": self._weights}
        if self._log is not None:
            found |= {"log.users": self._log.users, "log.actions": self._log.actions, "log.taken": self._log.taken}
        found |= feature_tables.save(self._users, "users") | feature_tables.save(self._actions, "actions")
        arrays.save(folder, found, {"name": self.name, "ridge": self.ridge, "action_count": self.action_count})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote."""
        found, settings = arrays.load(folder)
        model = cls(settings["ridge"])
        model.action_count, model._weights = settings["action_count"], found["weights"]
        model._users, model._actions = feature_tables.load(found, "users"), feature_tables.load(found, "actions")
        counts: dict[int, tuple[dict[int, int], dict[int, int]]] = {}
        columns = (found["log.users"].tolist(), found["log.actions"].tolist(), found["log.taken"].tolist())
        for user, action, taken in zip(*columns, strict=True):
            own = counts.setdefault(user, ({}, {}))[0 if taken else 1]
            own[action] = own.get(action, 0) + 1
        model._past = {user: Past(taken, passed) for user, (taken, passed) in counts.items()}
        return model


def _bucket(key: tuple[Any, ...]) -> int:
    """A hash that is the same in every process (FNV-1a, 64 bit)."""
    value = 0xCBF29CE484222325
    for byte in repr(key).encode():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value % BUCKETS


def _rows_matrix(rows: list[list[int]]) -> sparse.csr_matrix:
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    codes = np.fromiter((code for row in rows for code in row), np.int32, int(starts[-1]))
    return sparse.csr_matrix((np.ones(len(codes)), codes, starts), shape=(len(rows), BUCKETS))


def _sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -30, 30))), np.float64)


def _logistic(matrix: sparse.csr_matrix, taken: NDArray[np.float64], ridge: float) -> NDArray[np.float64]:
    transposed = matrix.T.tocsr()

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = np.asarray(matrix @ weights)
        likelihood = float(np.sum(taken * logits - np.logaddexp(0.0, logits)))
        gradient = np.asarray(transposed @ (_sigmoid(logits) - taken)) + ridge * weights
        return -likelihood + 0.5 * ridge * float(weights @ weights), gradient

    found = optimize.minimize(loss, np.zeros(BUCKETS), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    weights: NDArray[np.float64] = found.x
    return weights
