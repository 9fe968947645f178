"""What to try next: random points, every point of a grid, or what a model of the objective promises most of.

A strategy is a function of its settings, its seed and the trials so far, whatever process asks: a search that was
interrupted goes on as if it had not been.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from clary.engines.tuning.bayesian import suggest as suggest_by_model
from clary.engines.tuning.spaces import Categorical, Continuous, Integer, Space, Values
from clary.engines.tuning.trials import Trial

_MOST_TRIES = 64
_MOST_ENUMERATED = 100_000


class Strategy(Protocol):
    """Says what to try next."""

    def suggest(self, trials: Sequence[Trial], transferred: Sequence[Trial] = ()) -> Values | None:
        """The next point, None when there is none left.

        Args:
            trials: all of this search, in the order they were started.
            transferred: finished trials of earlier searches that the model may learn from.
        """
        ...


@dataclass(frozen=True, slots=True)
class RandomSearch:
    """Independent uniform points of the unit cube; a point of a finite space is not tried twice."""

    space: Space
    seed: int

    def suggest(self, trials: Sequence[Trial], transferred: Sequence[Trial] = ()) -> Values | None:
        """See `Strategy`."""
        generator = np.random.default_rng([self.seed, len(trials)])
        if self.space.size == float("inf"):
            return self.space.at(generator.random(len(self.space.dimensions)).tolist())
        return _untried(self.space, trials, generator)


@dataclass(frozen=True, slots=True)
class GridSearch:
    """Every point of a finite space once, in an order that the seed shuffles."""

    space: Space
    seed: int

    def suggest(self, trials: Sequence[Trial], transferred: Sequence[Trial] = ()) -> Values | None:
        """See `Strategy`."""
        size = int(self.space.size)
        if len(trials) >= size:
            return None
        order = np.random.default_rng(self.seed).permutation(size) if size <= _MOST_ENUMERATED else range(size)
        return _point(self.space, int(order[len(trials)]))


@dataclass(frozen=True, slots=True)
class BayesianSearch:
    """Points that a model of the objective, fitted to the trials so far, promises most of; see `bayesian`."""

    space: Space
    seed: int
    maximize: bool

    def suggest(self, trials: Sequence[Trial], transferred: Sequence[Trial] = ()) -> Values | None:
        """See `Strategy`."""
        generator = np.random.default_rng([self.seed, len(trials)])
        found = suggest_by_model(self.space, trials, transferred, self.seed, generator, maximize=self.maximize)
        tried = {_key(trial.values) for trial in trials} if self.space.size <= _MOST_ENUMERATED else set()
        return _untried(self.space, trials, generator) if _key(found) in tried else found


def grid(space: Space) -> Iterator[Values]:
    """Every point of a finite space."""
    for values in itertools.product(*(_values(dimension) for dimension in space.dimensions)):
        yield dict(zip(space.names, values, strict=True))


def _values(dimension: Continuous | Integer | Categorical) -> Sequence[float | int | str]:
    match dimension:
        case Categorical():
            return dimension.choices
        case Integer():
            return range(dimension.low, dimension.high + 1)
        case Continuous():
            return (dimension.low,)


def _point(space: Space, number: int) -> Values:
    """The point that `grid` gives as its `number`th, from 0."""
    values: Values = {}
    for dimension in reversed(space.dimensions):
        choices = _values(dimension)
        number, place = divmod(number, len(choices))
        values[dimension.name] = choices[place]
    return {name: values[name] for name in space.names}


def _untried(space: Space, trials: Sequence[Trial], generator: np.random.Generator) -> Values | None:
    """A uniform point that was not tried yet; None when all were."""
    tried = {_key(trial.values) for trial in trials}
    point: Values | None = None
    for _ in range(_MOST_TRIES):
        point = space.at(generator.random(len(space.dimensions)).tolist())
        if _key(point) not in tried:
            return point
    if space.size > _MOST_ENUMERATED:
        return point
    left = [values for values in grid(space) if _key(values) not in tried]
    return left[int(generator.integers(len(left)))] if left else None


def _key(values: Values) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, repr(value)) for name, value in values.items()))
