"""Metric math: `100 * errors / SUM([ok, errors])` read into a tree and computed over time series.

A value is a number, a time series ({seconds since 1970: value}) or a list of time series.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from clary.services.cloudwatch.errors import ValidationError

Series = dict[int, float]
Value = float | Series | list[Series]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|(?P<name>[A-Za-z]\w*)|(?P<text>\"[^\"]*\"|'[^']*')"
    r"|(?P<sign><=|>=|==|!=|&&|\|\||[-+*/^()\[\],<>]))"
)
_DEEPEST = 50
_MOST_TOKENS = 800


class NotOneSeries(Exception):
    """A function got a value of a kind that it does not take."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression may refer to.

    Attributes:
        values: the results of the other queries by Id.
        metrics: the Ids of queries of metrics with the metrics' names, for `METRICS()`.
        period_seconds: the distance of neighbouring datapoints.
        times: every time a datapoint could have, for `FILL`.
    """

    values: Mapping[str, Value]
    metrics: Mapping[str, str]
    period_seconds: int
    times: range


class Number(NamedTuple):
    """A number as written."""

    value: float


class Name(NamedTuple):
    """The Id of another query, or a word a function understands (REPEAT)."""

    name: str


class Text(NamedTuple):
    """A quoted text."""

    value: str


class Many(NamedTuple):
    """`[a, b]`."""

    parts: tuple[Tree, ...]


class Apply(NamedTuple):
    """A function, or an operator, applied to its arguments."""

    function: str
    arguments: tuple[Tree, ...]


Tree = Number | Name | Text | Many | Apply

_LEVELS: tuple[tuple[str, ...], ...] = (
    ("||", "OR"),
    ("&&", "AND"),
    ("<", "<=", ">", ">=", "==", "!="),
    ("+", "-"),
    ("*", "/"),
)


def _truth(test: Callable[[float, float], bool]) -> Callable[[float, float], float]:
    return lambda left, right: float(test(left, right))


OPERATORS: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda left, right: left / right if right else math.nan,
    "^": lambda left, right: _power(left, right),
    "<": _truth(operator.lt),
    "<=": _truth(operator.le),
    ">": _truth(operator.gt),
    ">=": _truth(operator.ge),
    "==": _truth(operator.eq),
    "!=": _truth(operator.ne),
    "&&": lambda left, right: float(bool(left) and bool(right)),
    "||": lambda left, right: float(bool(left) or bool(right)),
}


class Parser:
    """Reads an expression.

    Args:
        text: the expression.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str]] = []
        end = 0
        while end < len(text.rstrip()):
            match = _TOKEN.match(text, end)
            if match is None or match.lastgroup is None:
                raise self._broken()
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            end = match.end()
        if len(self._tokens) > _MOST_TOKENS:  # each operator is a level of the tree
            raise ValidationError(f"The expression '{text}' is too long")
        self._next = 0
        self._depth = 0

    def tree(self) -> Tree:
        """The whole expression.

        Raises:
            ValidationError: it breaks the grammar.
        """
        tree = self._level(0)
        if self._next < len(self._tokens):
            raise self._broken()
        return tree

    def _level(self, level: int) -> Tree:
        if level == len(_LEVELS):
            return self._signed()
        left = self._level(level + 1)
        while (sign := self._peek()) in _LEVELS[level]:
            self._next += 1
            left = Apply({"OR": "||", "AND": "&&"}.get(sign, sign), (left, self._level(level + 1)))
        return left

    def _signed(self) -> Tree:
        if self._peek() == "-":
            self._next += 1
            return Apply("-", (Number(0.0), self._nested_signed()))
        base = self._atom()
        if self._peek() == "^":
            self._next += 1
            return Apply("^", (base, self._nested_signed()))
        return base

    def _nested_signed(self) -> Tree:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._broken()
        tree = self._signed()
        self._depth -= 1
        return tree

    def _atom(self) -> Tree:
        if self._next == len(self._tokens) or self._depth > _DEEPEST:
            raise self._broken()
        kind, word = self._tokens[self._next]
        self._next += 1
        if kind == "number":
            return Number(float(word))
        if kind == "text":
            return Text(word[1:-1])
        if kind == "name":
            return Apply(word.upper(), self._list("(", ")")) if self._peek() == "(" else Name(word)
        self._next -= 1
        if word == "[":
            return Many(self._list("[", "]"))
        if word == "(":
            inside = self._list("(", ")")
            if len(inside) == 1:
                return inside[0]
        raise self._broken()

    def _list(self, opening: str, closing: str) -> tuple[Tree, ...]:
        self._take(opening)
        self._depth += 1
        parts: list[Tree] = []
        while self._peek() != closing:
            if parts:
                self._take(",")
            parts.append(self._level(0))
        self._take(closing)
        self._depth -= 1
        return tuple(parts)

    def _peek(self) -> str:
        return self._tokens[self._next][1] if self._next < len(self._tokens) else ""

    def _take(self, sign: str) -> None:
        if self._peek() != sign:
            raise self._broken()
        self._next += 1

    def _broken(self) -> ValidationError:
        return ValidationError(f"Error in expression '{self._text}': the syntax is invalid")


def names(tree: Tree) -> set[str]:
    """The names in an expression that are not functions."""
    if isinstance(tree, Name):
        return {tree.name}
    if isinstance(tree, Many):
        return set().union(*map(names, tree.parts))
    if isinstance(tree, Apply):
        return set().union(*map(names, tree.arguments))
    return set()


def combine(sign: str, left: Value, right: Value) -> Value:
    """Applies an operator: numbers to every datapoint, series where both have one, lists one by one."""
    if isinstance(left, list) or isinstance(right, list):
        return _combine_lists(sign, left, right)
    function = OPERATORS[sign]
    if isinstance(left, dict) and isinstance(right, dict):
        return _finite({time: function(left[time], right[time]) for time in left.keys() & right.keys()})
    if isinstance(left, dict):
        assert not isinstance(right, dict)
        return _finite({time: function(value, right) for time, value in left.items()})
    if isinstance(right, dict):
        return _finite({time: function(left, value) for time, value in right.items()})
    return function(left, right)


def _combine_lists(sign: str, left: Value, right: Value) -> list[Series]:
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            raise NotOneSeries("the arrays on both sides of an operator must be of the same size")
        pairs = list(zip(left, right, strict=True))
        return [series for one, other in pairs if isinstance(series := combine(sign, one, other), dict)]
    if isinstance(left, list):
        return [series for one in left if isinstance(series := combine(sign, one, right), dict)]
    assert isinstance(right, list)
    return [series for one in right if isinstance(series := combine(sign, left, one), dict)]


def _finite(series: Series) -> Series:
    return {time: series[time] for time in sorted(series) if math.isfinite(series[time])}


def _power(base: float, exponent: float) -> float:
    try:
        result = base**exponent
    except (OverflowError, ZeroDivisionError):
        return math.nan
    return result if isinstance(result, float) else math.nan
