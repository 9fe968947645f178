"""The functions of metric math, and the computation of an expression."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise

from clary.services.cloudwatch.errors import ValidationError
from clary.services.cloudwatch.expressions import (
    OPERATORS,
    Apply,
    Many,
    Name,
    NotOneSeries,
    Number,
    Scope,
    Series,
    Text,
    Tree,
    Value,
    combine,
)

_MOST_FILLED = 100_800
Reduce = Callable[[list[float]], float]


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def _deviation(values: list[float]) -> float:
    mean = _mean(values)
    return math.sqrt(_mean([(value - mean) ** 2 for value in values]))


_REDUCTIONS: Mapping[str, Reduce] = {
    "SUM": math.fsum,
    "AVG": _mean,
    "MIN": min,
    "MAX": max,
    "STDDEV": _deviation,
}


def _logarithm(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: function(value) if value > 0 else math.nan


_EACH: Mapping[str, Callable[[float], float]] = {
    "ABS": abs,
    "CEIL": lambda value: float(math.ceil(value)),
    "FLOOR": lambda value: float(math.floor(value)),
    "LOG": _logarithm(math.log),
    "LOG10": _logarithm(math.log10),
}


def compute(tree: Tree, scope: Scope) -> Value:
    """Computes an expression.

    Raises:
        ValidationError: a function does not exist here, or got the wrong number of arguments.
        NotOneSeries: a function got a value of a kind that it does not take.
    """
    if isinstance(tree, Number):
        return tree.value
    if isinstance(tree, Name):
        return scope.values[tree.name]
    if isinstance(tree, Text):
        raise NotOneSeries("a text stands where a value is expected")
    if isinstance(tree, Many):
        return [series for part in tree.parts for series in _all(compute(part, scope))]
    if tree.function in OPERATORS:
        left, right = tree.arguments
        return combine(tree.function, compute(left, scope), compute(right, scope))
    if tree.function == "METRICS":
        return _metrics(tree, scope)
    if tree.function == "FILL":
        return _fill(tree, scope)
    arguments = [compute(argument, scope) for argument in tree.arguments]
    if tree.function == "IF":
        return _choose(*_sized(tree, arguments, 2, 3))
    (argument,) = _sized(tree, arguments, 1, 1)
    return _apply(tree.function, argument, scope)


def is_function(name: str) -> bool:
    """Whether Clary has a function of metric math of that name."""
    return name in _REDUCTIONS or name in _EACH or name in _BY_SERIES or name in (*OPERATORS, "METRICS", "FILL", "IF")


def functions_of(tree: Tree) -> set[str]:
    """The functions and operators of an expression."""
    if isinstance(tree, Many):
        return set().union(*map(functions_of, tree.parts))
    if isinstance(tree, Apply):
        return {tree.function}.union(*map(functions_of, tree.arguments))
    return set()


def _sized(tree: Apply, arguments: list[Value], least: int, most: int) -> list[Value]:
    if not least <= len(arguments) <= most:
        raise ValidationError(f"The function {tree.function} got {len(arguments)} arguments")
    return arguments


def _apply(function: str, argument: Value, scope: Scope) -> Value:
    if function in _REDUCTIONS:
        return _reduce(_REDUCTIONS[function], argument)
    if isinstance(argument, list):
        return [series for each in argument if isinstance(series := _apply(function, each, scope), dict)]
    if function in _EACH:
        each = _EACH[function]
        if isinstance(argument, dict):
            return _finite((time, each(value)) for time, value in argument.items())
        return each(argument)
    if not isinstance(argument, dict):
        raise NotOneSeries(f"{function} takes a time series")
    return _BY_SERIES[function](argument, scope)


def _reduce(reduce: Reduce, argument: Value) -> Value:
    """A number from one series; from several a series, of the values that they have at each time."""
    if isinstance(argument, dict):
        return reduce(list(argument.values())) if argument else math.nan
    if not isinstance(argument, list):
        return argument
    times = sorted({time for series in argument for time in series})
    return {time: reduce([series[time] for series in argument if time in series]) for time in times}


def _rate(series: Series, scope: Scope) -> Value:
    return {later: (series[later] - series[time]) / (later - time) for time, later in pairwise(sorted(series))}


def _difference(series: Series, scope: Scope) -> Value:
    return {later: series[later] - series[time] for time, later in pairwise(sorted(series))}


def _time_between(series: Series, scope: Scope) -> Value:
    return {later: float(later - time) for time, later in pairwise(sorted(series))}


def _running_sum(series: Series, scope: Scope) -> Value:
    total = 0.0
    answer: Series = {}
    for time in sorted(series):
        total += series[time]
        answer[time] = total
    return answer


def _period(series: Series, scope: Scope) -> Value:
    return float(scope.period_seconds)


def _count(series: Series, scope: Scope) -> Value:
    return float(len(series))


_BY_SERIES: Mapping[str, Callable[[Series, Scope], Value]] = {
    "RATE": _rate,
    "DIFF": _difference,
    "DIFF_TIME": _time_between,
    "RUNNING_SUM": _running_sum,
    "PERIOD": _period,
    "DATAPOINT_COUNT": _count,
}


def _metrics(tree: Apply, scope: Scope) -> Value:
    """The series of all metric queries, or of those whose Id or metric's name has a text in it."""
    part = ""
    if tree.arguments:
        wanted = tree.arguments[0]
        if not isinstance(wanted, Text) or len(tree.arguments) > 1:
            raise ValidationError("The function METRICS takes one quoted text")
        part = wanted.value
    found = [name for name, metric in scope.metrics.items() if part in name or part in metric]
    return [series for name in found for series in _all(scope.values[name])]


def _fill(tree: Apply, scope: Scope) -> Value:
    """Values for the times without one: a number, another series' value, REPEAT or LINEAR."""
    if len(tree.arguments) != 2:
        raise ValidationError(f"The function FILL got {len(tree.arguments)} arguments")
    if len(scope.times) > _MOST_FILLED:
        raise ValidationError(f"FILL over {len(scope.times):,} periods; {_MOST_FILLED:,} are the limit")
    argument, how = compute(tree.arguments[0], scope), tree.arguments[1]
    word = how.name.upper() if isinstance(how, Name) and how.name not in scope.values else ""
    if word not in ("", "REPEAT", "LINEAR"):
        raise ValidationError(f"FILL does not know {word}")
    value = 0.0 if word else compute(how, scope)
    if isinstance(value, list) or not isinstance(argument, dict | list):
        raise NotOneSeries("FILL takes a time series and a number, a time series, REPEAT or LINEAR")
    filled = [_filled(series, word, value, scope.times) for series in _all(argument)]
    return filled if isinstance(argument, list) else filled[0]


def _filled(series: Series, word: str, value: float | Series, times: range) -> Series:
    if word == "REPEAT":
        answer: Series = {}
        last: float | None = None
        for time in times:
            last = series.get(time, last)
            if last is not None:
                answer[time] = last
        return answer
    if word == "LINEAR":
        answer = dict(series)
        for time, later in pairwise(sorted(series)):
            step = (series[later] - series[time]) / (later - time)
            answer.update({between: series[time] + step * (between - time) for between in times
                           if time < between < later})  # fmt: skip
        return dict(sorted(answer.items()))
    source = value if isinstance(value, dict) else dict.fromkeys(times, value)
    return {time: series.get(time, source.get(time, 0.0)) for time in times if time in series or time in source}


def _choose(condition: Value, then: Value, otherwise: Value | None = None) -> Value:
    """`IF(condition, then, otherwise)`: datapoint by datapoint where the condition is a series."""
    if isinstance(condition, list) or isinstance(then, list) or isinstance(otherwise, list):
        raise NotOneSeries("IF takes numbers and single time series")
    if not isinstance(condition, dict):
        chosen = then if condition else otherwise
        return {} if chosen is None else chosen
    answer: Series = {}
    for time in sorted(condition):
        chosen = then if condition[time] else otherwise
        value = chosen.get(time) if isinstance(chosen, dict) else chosen
        if value is not None:
            answer[time] = value
    return answer


def _all(value: Value) -> list[Series]:
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [value]
    raise NotOneSeries("an array holds time series only")


def _finite(points: Iterable[tuple[int, float]]) -> Series:
    return {time: value for time, value in points if math.isfinite(value)}
