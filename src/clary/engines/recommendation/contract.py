"""What goes into a recommender, what comes out of it, and what every recommender promises.

Users, items and actions are dense integer codes, given out by `vocabulary.Vocabulary`; no identifier of the outside
world is known in here. All arrays are one-dimensional and of equal length unless a shape is given. `models.MODELS`
names every model; `models.create` and `models.load` make one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int32]
"""Codes of users, items, event types or categories; -1 stands for none."""
Times = NDArray[np.int64]
"""Timestamps in seconds since 1970 (or any count that grows with time); -1 stands for none."""
Reals = NDArray[np.float32]
"""Numbers; nan stands for none where that is said."""
Mask = NDArray[np.bool_]

NOBODY = -1
"""The code of a user whom the model does not know."""


@dataclass(frozen=True, slots=True)
class Interactions:
    """A log of interactions, column by column; the columns may be memory maps.

    Attributes:
        users: [n] codes below `user_count`.
        items: [n] codes below `item_count`.
        timestamps: [n] seconds. The log need not be sorted; ties keep the order of the log.
        user_count: known users, at least the largest code + 1.
        item_count: known items, at least the largest code + 1.
        event_types: [n] codes of kinds of events ("click", "watch"); None when there is one kind.
        values: [n] the numeric value of each event, nan for none; None when no event has one.
        contexts: [n] category codes by the name of a context (device, cabin), -1 for none.
        weights: [n] how much each event counts, above 0; None when all count alike.
    """

    users: Codes
    items: Codes
    timestamps: Times
    user_count: int
    item_count: int
    event_types: Codes | None = None
    values: Reals | None = None
    contexts: Mapping[str, Codes] = field(default_factory=dict)
    weights: Reals | None = None

    def __len__(self) -> int:
        return len(self.users)


@dataclass(frozen=True, slots=True)
class Categories:
    """A column in which each row has any number of categories (genres), as a compressed sparse row matrix of ones.

    Attributes:
        starts: [rows + 1] int64; the categories of row r are `codes[starts[r]:starts[r + 1]]`.
        codes: category codes below `count`.
        count: known categories.
    """

    starts: Times
    codes: Codes
    count: int


@dataclass(frozen=True, slots=True)
class Features:
    """What is known about items, users or actions, row by row in the order of their codes.

    Attributes:
        count: rows.
        categorical: columns of categories by name. Text becomes one by `features.words`.
        numeric: [count] numbers by name, nan for none.
        created: [count] when each came into being, -1 for unknown; None when unknown for all.
    """

    count: int
    categorical: Mapping[str, Categories] = field(default_factory=dict)
    numeric: Mapping[str, Reals] = field(default_factory=dict)
    created: Times | None = None


@dataclass(frozen=True, slots=True)
class TrainingData:
    """All that a model learns from.

    Attributes:
        interactions: the log.
        items: features of the items; may have more rows than the log has items (cold items).
        users: features of the users; may have more rows than the log has users.
    """

    interactions: Interactions
    items: Features | None = None
    users: Features | None = None

    @property
    def item_count(self) -> int:
        """Items that can be recommended: those of the log and those with features."""
        return max(self.interactions.item_count, self.items.count if self.items else 0)

    @property
    def user_count(self) -> int:
        """Users of the log and users with features."""
        return max(self.interactions.user_count, self.users.count if self.users else 0)


@dataclass(frozen=True, slots=True)
class History:
    """What one user did, oldest first.

    Attributes:
        items: [h] item codes.
        timestamps: [h] seconds.
    """

    items: Codes
    timestamps: Times

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True, slots=True)
class Session:
    """A user as a model sees them now. Immutable: an event makes a new session, so threads may share one.

    Attributes:
        user: code, or NOBODY.
        history: everything the user did, oldest first.
        features: category codes of the user by column; what a recommender needs for a user with no history.
        state: the model's own arrays by name (decayed sums); belongs to the model that made the session.
    """

    user: int
    history: History
    features: Mapping[str, Sequence[int]] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ranking:
    """Items, best first.

    Attributes:
        items: [k] item codes, all different; fewer than were asked for when no more are allowed.
        scores: [k] finite, in (0, 1], descending except at explored places. Scores of one answer are shares: over
            all items that can be recommended (`recommend`) or over the given list (`rank`) they sum to one.
            `similar` and `segment` give similarities and affinities instead, scaled so that the best is one.
        explored: [k] which places were given to exploration.
    """

    items: Codes
    scores: Reals
    explored: Mask

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True, slots=True)
class Exploration:
    """How much an answer tries items of which little is known.

    Attributes:
        weight: 0 to 1; the expected share of places given to young items.
        item_age_seconds: items created (else: first seen) at most this long before `now` are young. Items of
            unknown age that were never interacted with are young.
        now: seconds; None takes the last timestamp of the training log.
        seed: equal seeds give equal places, for the same session.
    """

    weight: float = 0.0
    item_age_seconds: int = 30 * 86_400
    now: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an item stands where it stands.

    Attributes:
        source: "item" (one of the user's items), "popularity", "user_feature", "context", "repeat" or "content".
        item: the user's item for source "item", "repeat" and "content", else -1.
        feature: the name of the column for "user_feature" and "context", else "".
        share: 0 to 1; the shares of one answer sum to one at most (what pulls an item down is not told).
    """

    source: str
    share: float
    item: int = -1
    feature: str = ""


class Recommender(Protocol):
    """A model that says what users do next.

    Promises:
        **Repeatability.** The same data, hyperparameters and seed give the same model; the same session and arguments
        give the same answer.
        **Threads.** Everything but `fit` and `add_items` may be called from several threads.
        **Folders.** `save` writes plain npy and json files into an empty folder; `load` memory-maps them, runs no
        code from them, and gives equal answers.
        **Speed.** `recommend` of 25 among 10,000 items takes less than a millisecond.
        **Emptiness.** An empty history, an unknown user, an item with no interaction, no item allowed at all: there
        is an answer with finite scores (an empty one in the last case).
    """

    name: ClassVar[str]
    item_count: int
    last_timestamp: int
    """The end of the training log; what users did later is told with their histories."""

    def fit(self, data: TrainingData) -> Self:
        """Learns.

        Raises:
            TrainingError: the data cannot be learned from; the message says why.
        """
        ...

    def history(self, user: int) -> History:
        """What the user did in the training log; empty for a user whom the log does not know."""
        ...

    def session(
        self, history: History, user: int = NOBODY, features: Mapping[str, Sequence[int]] | None = None
    ) -> Session:
        """A session that has seen `history`; codes in it that are no items are left out.

        Args:
            features: the user's category codes by column; None takes what the training data said of `user`.
        """
        ...

    def recommend(
        self,
        session: Session,
        k: int,
        allowed: Mask | None = None,
        context: Mapping[str, int] | None = None,
        exploration: Exploration | None = None,
    ) -> Ranking:
        """The k best items.

        Args:
            allowed: [item_count] which items may be answered (filters, deleted items); None allows all. Seen items
                are recommended when the model learned that they come back; forbid them here where they must not be.
            context: category codes of the situation by context name.
            exploration: None explores nothing.
        """
        ...

    def rank(self, session: Session, items: Codes, context: Mapping[str, int] | None = None) -> Ranking:
        """The given items, best first.

        Args:
            items: [m] different codes below `item_count`; each is in the answer.
        """
        ...

    def reasons(self, session: Session, item: int, k: int = 5) -> list[Reason]:
        """The strongest reasons for an item, strongest first."""
        ...

    def add_items(self, items: Features) -> None:
        """Takes new items into the catalogue; they are scored by what is known about items like them.

        Args:
            items: features of the whole catalogue, old codes first; columns coded as in training (new categories
                may follow the old ones).
        """
        ...

    def save(self, folder: Path) -> None:
        """Writes the model into an empty folder."""
        ...

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote, memory-mapped."""
        ...


class SimilarItems(Protocol):
    """A model that says which items go together. Repeatability, threads and folders as for `Recommender`."""

    name: ClassVar[str]
    item_count: int

    def fit(self, data: TrainingData) -> Self:
        """Learns."""
        ...

    def similar(self, item: int, k: int, allowed: Mask | None = None) -> Ranking:
        """The k items most like `item`, never itself; a code the model does not know gives popular ones."""
        ...

    def add_items(self, items: Features) -> None:
        """As `Recommender.add_items`."""
        ...

    def save(self, folder: Path) -> None:
        """Writes the model into an empty folder."""
        ...

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote, memory-mapped."""
        ...


class Segments(Protocol):
    """A model that finds the users for an item or for an attribute of items. Promises as for `Recommender`."""

    name: ClassVar[str]
    item_count: int
    user_count: int

    def fit(self, data: TrainingData) -> Self:
        """Learns."""
        ...

    def users_for_item(self, item: int, k: int, allowed: Mask | None = None) -> Ranking:
        """The k users most drawn to an item.

        Args:
            allowed: [user_count] which users may be answered.

        Returns:
            User codes in `items`.
        """
        ...

    def users_for_category(self, column: str, category: int, k: int, allowed: Mask | None = None) -> Ranking:
        """The k users most drawn to items with this category in this column of the items' features.

        Raises:
            KeyError: there is no such column.
        """
        ...

    def save(self, folder: Path) -> None:
        """Writes the model into an empty folder."""
        ...

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote, memory-mapped."""
        ...


class TrainingError(Exception):
    """A model cannot be learned from this data; the message names the figure and the rule."""
