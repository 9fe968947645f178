"""The ranges of a tuning request as the space that is searched; ranges that make no sense are refused here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from clary.algorithms.contract import Algorithm
from clary.core.errors import ValidationException
from clary.engines.tuning.spaces import Categorical, Continuous, Dimension, Integer, Scale, Space, SpaceError, Value

MOST_RANGES = 30
SCALES: Mapping[str, Scale] = {
    "Auto": Scale.AUTO,
    "Linear": Scale.LINEAR,
    "Logarithmic": Scale.LOG,
    "ReverseLogarithmic": Scale.REVERSE_LOG,
}


def space_of(ranges: Mapping[str, Any], algorithm: Algorithm | None, where: str) -> Space:
    """The space that a ParameterRanges structure describes.

    Args:
        algorithm: the built-in algorithm, whose table says what can be tuned; None for a program of the user's.
        where: the request's member, for the messages.

    Raises:
        ValidationException: a range that makes no sense, a name that stands twice, or a hyperparameter that the
            algorithm does not tune.
    """
    dimensions: list[Dimension] = []
    for row in ranges.get("IntegerParameterRanges", []):
        dimensions.append(_made(row, Integer, _integer(row, "MinValue"), _integer(row, "MaxValue")))
    for row in ranges.get("ContinuousParameterRanges", []):
        dimensions.append(_made(row, Continuous, _number(row, "MinValue"), _number(row, "MaxValue")))
    for row in ranges.get("CategoricalParameterRanges", []):
        try:
            dimensions.append(Categorical(row["Name"], tuple(row["Values"])))
        except SpaceError as error:
            raise ValidationException(f"Invalid parameter range [{row['Name']}]: it {error}.") from error
    _check_names(dimensions, where)
    if algorithm is not None:
        for dimension in dimensions:
            _check_tunable(dimension, algorithm)
    return Space(tuple(dimensions))


def text_of(value: Value) -> str:
    """A value as hyperparameters carry it."""
    return repr(value) if isinstance(value, float) else str(value)


def _made(row: Mapping[str, Any], kind: Any, low: float, high: float) -> Dimension:
    name = row["Name"]
    if low > high:
        raise ValidationException(
            f"Invalid parameter range [{name}]: MinValue [{row['MinValue']}] must be less than or equal to MaxValue "
            f"[{row['MaxValue']}]."
        )
    scale = row.get("ScalingType", "Auto")
    try:
        dimension: Dimension = kind(name, low, high, SCALES[scale])
    except SpaceError as error:
        raise ValidationException(
            f"Invalid parameter range [{name}] with the scaling type [{scale}]: it {error}."
        ) from error
    return dimension


def _number(row: Mapping[str, Any], end: str) -> float:
    try:
        value = float(row[end])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValidationException(f"Invalid parameter range [{row['Name']}]: {end} [{row[end]}] is not a number.")
    return value


def _integer(row: Mapping[str, Any], end: str) -> int:
    value = _number(row, end)
    if value != int(value) or abs(value) > 2**53:
        raise ValidationException(f"Invalid parameter range [{row['Name']}]: {end} [{row[end]}] is not an integer.")
    return int(value)


def _check_names(dimensions: list[Dimension], where: str) -> None:
    names = [dimension.name for dimension in dimensions]
    if len(names) > MOST_RANGES:
        raise ValidationException(
            f"The number of hyperparameters in {where}, [{len(names)}], is greater than the limit, [{MOST_RANGES}]."
        )
    for name in names:
        if not name:
            raise ValidationException(f"A hyperparameter in {where} has an empty name.")
        if names.count(name) > 1:
            raise ValidationException(
                f"Hyperparameter names must be unique: [{name}] appears more than once in {where}."
            )


def _check_tunable(dimension: Dimension, algorithm: Algorithm) -> None:
    """A number must have a range in the algorithm's table; words may be tuned wherever the table lists them."""
    table = algorithm.hyperparameters
    name = dimension.name
    tunable = sorted(row.name for row in table.tunable)
    if name not in table or not (table[name].tunable or table[name].domain.type_name == "Categorical"):
        raise ValidationException(
            f"The hyperparameter [{name}] isn't tunable for the [{algorithm.name}] algorithm. Choose from "
            f"[{', '.join(tunable)}]."
        )
    row = table[name]
    if isinstance(dimension, Categorical):
        ends: tuple[Value, ...] = dimension.choices
    elif row.domain.type_name == ("Integer" if isinstance(dimension, Integer) else "Continuous"):
        ends = (dimension.low, dimension.high)
    else:
        kind = "Integer" if isinstance(dimension, Integer) else "Continuous"
        raise ValidationException(
            f"The range of the hyperparameter [{name}] is of type [{kind}], but the [{algorithm.name}] algorithm "
            f"expects [{row.domain.type_name}]."
        )
    for end in ends:
        try:
            row.domain.parse(text_of(end))
        except ValueError as error:
            raise ValidationException(
                f"Invalid parameter range [{name}] for the [{algorithm.name}] algorithm: value '{text_of(end)}' {error}"
            ) from error
