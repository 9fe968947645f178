"""What is searched: named dimensions, each a finite set or an interval, and their image in the unit cube.

Strategies see the unit cube only: a dimension's scale (linear, logarithmic, reverse logarithmic) is undone there, so
that equal steps mean equally much. Nothing here imports a numeric library: whoever only checks a space stays light.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Value = float | int | str
Values = dict[str, Value]
_DECADES = 100.0  # from this ratio of its ends on, an interval is searched on a logarithmic scale


class Scale(StrEnum):
    """How steps along a numeric dimension are measured."""

    AUTO = "auto"
    LINEAR = "linear"
    LOG = "log"
    REVERSE_LOG = "reverse log"


class SpaceError(ValueError):
    """A dimension makes no sense; the message completes "dimension NAME ..."."""


def chosen_scale(scale: Scale, low: float, high: float) -> Scale:
    """The scale that `AUTO` stands for: logarithmic where the ends (or their distances from 1) differ by decades."""
    if scale is not Scale.AUTO:
        return scale
    if low > 0 and high / low >= _DECADES:
        return Scale.LOG
    if 0 <= low < high < 1 and (1 - low) / (1 - high) >= _DECADES:
        return Scale.REVERSE_LOG
    return Scale.LINEAR


def _check(low: float, high: float, scale: Scale) -> None:
    if not (math.isfinite(low) and math.isfinite(high)):
        raise SpaceError(f"has an end that is not finite: [{low}, {high}]")
    if low > high:
        raise SpaceError(f"begins at {low}, behind its end {high}")
    if scale is Scale.LOG and low <= 0:
        raise SpaceError(f"begins at {low}: a logarithmic scale needs values above 0")
    if scale is Scale.REVERSE_LOG and not 0 <= low <= high < 1:
        raise SpaceError(f"is [{low}, {high}]: a reverse logarithmic scale needs 0 <= value < 1")


@dataclass(frozen=True, slots=True)
class Continuous:
    """Real numbers from `low` to `high`.

    Raises:
        SpaceError: the ends do not go with each other or with the scale.
    """

    name: str
    low: float
    high: float
    scale: Scale = Scale.AUTO

    def __post_init__(self) -> None:
        _check(self.low, self.high, self.scale)

    @property
    def size(self) -> float:
        """How many values there are."""
        return math.inf if self.high > self.low else 1.0

    def at(self, unit: float) -> float:
        """The value at a place in [0, 1]."""
        unit = min(max(unit, 0.0), 1.0)
        match chosen_scale(self.scale, self.low, self.high):
            case Scale.LOG:
                value = math.exp(_between(math.log(self.low), math.log(self.high), unit))
            case Scale.REVERSE_LOG:
                value = 1 - math.exp(_between(math.log(1 - self.low), math.log(1 - self.high), unit))
            case _:
                value = _between(self.low, self.high, unit)
        return min(max(value, self.low), self.high)

    def place(self, value: Value) -> float:
        """The place of a value in [0, 1]; beyond the ends: the nearer end."""
        number = min(max(float(value), self.low), self.high)
        match chosen_scale(self.scale, self.low, self.high):
            case Scale.LOG:
                return _share(math.log(self.low), math.log(self.high), math.log(number))
            case Scale.REVERSE_LOG:
                return _share(math.log(1 - self.low), math.log(1 - self.high), math.log(1 - number))
            case _:
                return _share(self.low, self.high, number)

    def accepts(self, value: Value) -> bool:
        """Whether the value lies between the ends."""
        return isinstance(value, int | float) and self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Integer:
    """Whole numbers from `low` to `high`; each takes an equal share of [0, 1], or on a logarithmic scale its own.

    Raises:
        SpaceError: the ends do not go with each other or with the scale.
    """

    name: str
    low: int
    high: int
    scale: Scale = Scale.AUTO

    def __post_init__(self) -> None:
        _check(self.low, self.high, self.scale)
        if self.scale is Scale.REVERSE_LOG:
            raise SpaceError("is of whole numbers: a reverse logarithmic scale is for numbers below 1")

    @property
    def size(self) -> float:
        """How many values there are."""
        return float(self.high - self.low + 1)

    @property
    def is_logarithmic(self) -> bool:
        """Whether steps are measured by ratio."""
        return chosen_scale(self.scale, self.low, self.high) is Scale.LOG

    def at(self, unit: float) -> int:
        """The value at a place in [0, 1]."""
        unit = min(max(unit, 0.0), 1.0)
        if self.is_logarithmic:
            value = round(math.exp(_between(math.log(self.low - 0.5), math.log(self.high + 0.5), unit)))
        else:
            value = self.low + math.floor(unit * (self.high - self.low + 1))
        return min(max(value, self.low), self.high)

    def place(self, value: Value) -> float:
        """The middle of a value's share of [0, 1]; beyond the ends: of the nearer end's."""
        number = min(max(float(value), self.low), self.high)
        if self.is_logarithmic:
            return _share(math.log(self.low - 0.5), math.log(self.high + 0.5), math.log(number))
        return (number - self.low + 0.5) / (self.high - self.low + 1)

    def accepts(self, value: Value) -> bool:
        """Whether the value is a whole number between the ends."""
        return isinstance(value, int) and self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Categorical:
    """One of a few words without an order.

    Raises:
        SpaceError: there is none, or one stands twice.
    """

    name: str
    choices: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.choices:
            raise SpaceError("has no values")
        if len(set(self.choices)) != len(self.choices):
            raise SpaceError("has a value that stands twice")

    @property
    def size(self) -> float:
        """How many values there are."""
        return float(len(self.choices))

    def at(self, unit: float) -> str:
        """The value at a place in [0, 1]."""
        return self.choices[min(int(min(max(unit, 0.0), 1.0) * len(self.choices)), len(self.choices) - 1)]

    def place(self, value: Value) -> float:
        """The middle of a value's share of [0, 1]; 0.5 for one that is none of them."""
        if value not in self.choices:
            return 0.5
        return (self.choices.index(str(value)) + 0.5) / len(self.choices)

    def accepts(self, value: Value) -> bool:
        """Whether the value is one of them."""
        return value in self.choices


Dimension = Continuous | Integer | Categorical


@dataclass(frozen=True, slots=True)
class Space:
    """The product of its dimensions, whose names differ."""

    dimensions: tuple[Dimension, ...]

    def __post_init__(self) -> None:
        names = self.names
        if len(set(names)) != len(names):
            raise SpaceError("has a name that stands twice")

    @property
    def names(self) -> tuple[str, ...]:
        """The dimensions' names."""
        return tuple(dimension.name for dimension in self.dimensions)

    @property
    def size(self) -> float:
        """How many points there are; infinite where a dimension is continuous."""
        return math.prod(dimension.size for dimension in self.dimensions)

    def at(self, places: Sequence[float]) -> Values:
        """The point at places in [0, 1], one for each dimension."""
        return {dimension.name: dimension.at(place) for dimension, place in zip(self.dimensions, places, strict=True)}

    def places(self, values: Mapping[str, Value]) -> list[float]:
        """Where a point lies in the unit cube."""
        return [dimension.place(values[dimension.name]) for dimension in self.dimensions]

    def contains(self, values: Mapping[str, Value]) -> bool:
        """Whether each dimension has its value in `values`; further names do not matter."""
        return all(
            dimension.name in values and dimension.accepts(values[dimension.name]) for dimension in self.dimensions
        )

    def to_json(self) -> list[dict[str, Any]]:
        """As JSON-compatible values."""
        return [_to_json(dimension) for dimension in self.dimensions]

    @classmethod
    def from_json(cls, rows: Sequence[Mapping[str, Any]]) -> Space:
        """Reads what `to_json` wrote."""
        return cls(tuple(_from_json(row) for row in rows))


def _to_json(dimension: Dimension) -> dict[str, Any]:
    match dimension:
        case Continuous():
            kind = "continuous"
        case Integer():
            kind = "integer"
        case Categorical():
            return {"kind": "categorical", "name": dimension.name, "choices": list(dimension.choices)}
    return {
        "kind": kind,
        "name": dimension.name,
        "low": dimension.low,
        "high": dimension.high,
        "scale": dimension.scale.value,
    }


def _from_json(row: Mapping[str, Any]) -> Dimension:
    if row["kind"] == "categorical":
        return Categorical(row["name"], tuple(row["choices"]))
    kind = Continuous if row["kind"] == "continuous" else Integer
    return kind(row["name"], row["low"], row["high"], Scale(row["scale"]))


def _between(low: float, high: float, share: float) -> float:
    return low + (high - low) * share


def _share(low: float, high: float, value: float) -> float:
    return (value - low) / (high - low) if high != low else 0.5
