"""The blend: every item's utility for one user, from what the members and the priors say."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from clary.engines.recommendation import features, stacking
from clary.engines.recommendation.contract import Codes, Reals, TrainingData, TrainingError
from clary.engines.recommendation.members.content import Content
from clary.engines.recommendation.members.contract import RECENT, Member, Query
from clary.engines.recommendation.members.item_neighbours import ItemNeighbours
from clary.engines.recommendation.members.linear_autoencoder import LinearAutoencoder
from clary.engines.recommendation.members.sequence_linear import SequenceLinear
from clary.engines.recommendation.members.sequential_rules import SequentialRules
from clary.engines.recommendation.members.user_neighbours import UserNeighbours
from clary.engines.recommendation.priors import Priors
from clary.engines.recommendation.sequences import Sequences, first_times, latest_distinct

RARER = 0.2
POINTED = 0.1
"""What the candidates of weights differ by, see `Blend.candidate_weights`."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How the members of a blend are made; what a search over hyperparameters may change.

    Attributes:
        memory: how far back the members look, against the steps that they were developed with.
        freedom: how closely the regressions may follow the log; their ridge is divided by it.
        recency: whether what is popular at the moment counts: neighbours of the same time, and for users without a
            history recent popularity.
    """

    memory: float = 1.0
    freedom: float = 1.0
    recency: bool = True


@dataclass(frozen=True, slots=True)
class Situation:
    """For whom and when items are scored.

    Attributes:
        history: [h] the user's items, oldest first.
        time: seconds.
        categories: the user's categories by column.
        context: the category of the situation by context.
    """

    history: Codes
    time: int
    categories: Mapping[str, Sequence[int]] = field(default_factory=dict)
    context: Mapping[str, int] = field(default_factory=dict)


_USUAL = Shape()


class Blend:
    """A weighted sum of views of the items; a softmax over it is the chance of each new item to come next.

    Each member gives two views: its scores over their spread, and the logarithm of its scores over their mean, which
    tells apart the many items with small scores. The weights are learned on users that the members have not seen
    (`stacking.learn`). Users without a history have weights of their own, over the priors alone.

    Args:
        data: what it will be fitted on; None for a blend that will be restored.
        shape: of its members.
    """

    def __init__(self, data: TrainingData | None = None, shape: Shape = _USUAL) -> None:
        self.shape = shape
        self.members = _members(data, shape)
        self.priors = Priors()
        self.weights = np.zeros(0)
        self.cold_weights = np.zeros(0)

    def fit(self, data: TrainingData, events: Sequences) -> Self:
        """Fits the members and priors; the weights stay.

        Args:
            events: the log of `data` as sequences.
        """
        self._each(first_times(events), lambda member, once: member.fit(once))
        self.priors.fit(data)
        return self

    def update(self, data: TrainingData, events: Sequences) -> Self:
        """Takes in a longer log and a larger catalogue at little cost; the weights and the regressions stay.

        Raises:
            TrainingError: the users or the log have other columns than before.
        """
        known = list(self.priors.names)
        self.priors.fit(data)
        if self.priors.names != known:
            raise TrainingError(f"the columns that count were {known} and are {self.priors.names} now: train anew")
        if "content" in self.members:
            rows = features.matrix(data.items) if data.items is not None else sparse.csr_matrix((0, 1))
            self.members["content"] = Content(_padded(rows, data.item_count), 10.0 * self.shape.memory)
        self._each(first_times(events), lambda member, once: member.update(once))
        return self

    def _each(self, once: Sequences, learn: Callable[[Member, Sequences], Member]) -> None:
        """Lets every member learn, once for those that share what they learn."""
        shared: dict[str, Member] = {}
        for name, member in self.members.items():
            twin = shared.get(_stem(name))
            if twin is not None:
                member.restore(twin.arrays())
            else:
                shared[_stem(name)] = learn(member, once)

    @property
    def stacked_priors(self) -> list[int]:
        """Which priors are weighed beside the members. Recent popularity is not: it did not help on any set."""
        return [at for at, name in enumerate(self.priors.names) if not name.startswith("recent:")]

    @property
    def orders(self) -> list[int]:
        """The rows of `views` without the second one of each member, which has the order of the first."""
        count = 2 * len(self.members)
        return [*range(0, count, 2), *range(count, count + len(self.stacked_priors))]

    def views(self, situation: Situation) -> NDArray[np.float32]:
        """[views, item_count] for a user with a history: two per member, then the priors."""
        query = Query(latest_distinct(situation.history, RECENT), situation.time)
        priors = self.priors.views(situation.time, situation.categories, situation.context)
        found = []
        for member in self.members.values():
            scores, mean, spread = _shape(member.scores(query))
            found += [scores / spread, np.log(scores / mean + np.float32(1))]
        return np.array(found + [priors[at] for at in self.stacked_priors], np.float32)

    def cold_views(self, situation: Situation) -> NDArray[np.float32]:
        """[views, item_count] for a user without a history: the priors."""
        return np.array(self.priors.views(situation.time, situation.categories, situation.context), np.float32)

    def candidate_weights(self, choices: list[stacking.Choice]) -> list[NDArray[np.float64]]:
        """Weights learned from moments whose views came from `views`, with more and with less of popularity.

        The last two take a little of popularity away, the last one also lets high scores of single members count more.

        Popularity makes everything that happens more likely, which is what is learned, but it can push better items
        from the top of the lists. Which candidate is best there has to be tried (`weighing.weigh`).
        """
        place = 2 * len(self.members) + self.stacked_priors.index(0)
        count = 2 * len(self.members) + len(self.stacked_priors)
        whole = stacking.learn(choices, count)
        found = [whole]
        for share in (0.5, 0.25, 0.0):
            less = whole.copy()
            less[place] *= share
            found.append(less)
        without = stacking.learn(choices, count, unused=(place,))
        rarer = without.copy()
        rarer[place] = -RARER
        pointed = rarer.copy()
        pointed[: 2 * len(self.members) : 2] += POINTED
        return [*found, without, rarer, pointed]

    def candidate_cold_weights(self, choices: list[stacking.Choice]) -> list[NDArray[np.float64]]:
        """Weights for users without a history: popularity alone, and learned ones without and with recent popularity.

        Args:
            choices: moments whose views came from `cold_views`.
        """
        names = self.priors.names
        recent = tuple(at for at, name in enumerate(names) if name.startswith("recent:"))
        alone = np.zeros(len(names))
        alone[0] = 1.0
        offered = (recent, ()) if self.shape.recency else (recent,)
        learned = [stacking.learn(choices, len(names), unused=unused) for unused in offered]
        return [alone, *learned]

    def utilities(self, situation: Situation) -> Reals:
        """[item_count] higher is better; a new item's chance grows with the exponential of it."""
        priors = self.priors.views(situation.time, situation.categories, situation.context)
        total = np.zeros(len(self.priors.popularity), np.float32)
        if not len(situation.history):
            for weight, view in zip(self.cold_weights, priors, strict=True):
                if weight:
                    total += np.float32(weight) * view
            return total
        query = Query(latest_distinct(situation.history, RECENT), situation.time)
        # the same sum as weights @ views, without the views whose weight is nothing
        for at, member in enumerate(self.members.values()):
            plain, logarithmic = self.weights[2 * at : 2 * at + 2]
            if plain or logarithmic:
                scores, mean, spread = _shape(member.scores(query))
                if plain:
                    total += np.float32(plain / spread) * scores
                if logarithmic:
                    total += np.float32(logarithmic) * np.log(scores / mean + np.float32(1))
        for weight, at in zip(self.weights[2 * len(self.members) :], self.stacked_priors, strict=True):
            if weight:
                total += np.float32(weight) * priors[at]
        return total

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays that make up the fitted blend."""
        found: dict[str, NDArray[Any]] = {"weights": self.weights, "cold_weights": self.cold_weights}
        for name, member in self.members.items():
            if name == _stem(name):
                found |= {f"member.{name}.{key}": array for key, array in member.arrays().items()}
        return found | {f"prior.{key}": array for key, array in self.priors.arrays().items()}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Becomes the blend that gave these arrays."""
        self.weights, self.cold_weights = arrays["weights"], arrays["cold_weights"]
        for name in list(self.members):
            own = part(arrays, f"member.{_stem(name)}.")
            if own:
                self.members[name].restore(own)
            else:
                del self.members[name]
        self.priors.restore(part(arrays, "prior."))
        return self


def part(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """The arrays whose names begin with a prefix, without it."""
    return {name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)}


def _stem(name: str) -> str:
    """A member that looks further back ("rules+40") shares what a plain one ("rules") has learned."""
    return name.partition("+")[0]


def _members(data: TrainingData | None, shape: Shape) -> dict[str, Member]:
    far, freedom = shape.memory, shape.freedom
    like = functools.partial(UserNeighbours, decay=5.0 * far, fade=10.0 * far, window=max(1, round(30 * far)))
    found: dict[str, Member] = {
        "sequence_linear": SequenceLinear(8.0 * far, 3.0 * far, ridge=300.0 / freedom),
        "sequence_linear_long": SequenceLinear(20.0 * far, 5.0 * far, ridge=300.0 / freedom),
        "linear_autoencoder": LinearAutoencoder(5.0 * far, ridge=100.0 / freedom),
        "linear_autoencoder+20": LinearAutoencoder(20.0 * far, ridge=100.0 / freedom),
        "sequential_rules": SequentialRules(max(1, round(20 * far)), 5.0 * far),
        "user_neighbours": like(),
        "user_neighbours+period": like(period=0.1),
        "item_neighbours": ItemNeighbours(5.0 * far),
    }
    if not shape.recency:
        del found["user_neighbours+period"]
    rows = features.matrix(data.items) if data is not None and data.items is not None else None
    if data is None or (rows is not None and rows.nnz):
        padded = _padded(rows, data.item_count) if rows is not None and data is not None else rows
        found["content"] = Content(padded, 10.0 * far)
    return found


def _padded(rows: Any, count: int) -> Any:
    if rows.shape[0] < count:
        rows.resize((count, rows.shape[1]))
    return rows


def _shape(scores: NDArray[np.float64]) -> tuple[NDArray[np.float32], np.float32, np.float32]:
    """The scores as non-negative float32, their mean and their standard deviation."""
    small = np.maximum(scores, 0.0).astype(np.float32)
    mean = float(small.sum()) / max(len(small), 1)
    spread = (max(float(small @ small) / max(len(small), 1) - mean * mean, 0.0)) ** 0.5
    return small, np.float32(max(mean, 1e-12)), np.float32(max(spread, 1e-12))
