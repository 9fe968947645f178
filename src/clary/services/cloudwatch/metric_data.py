"""PutMetricData: checks what CloudWatch checks, then stores the points."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from clary.core.call import Call
from clary.core.clock import Clock
from clary.core.operations import operation
from clary.services.cloudwatch.errors import (
    InvalidParameterCombinationException,
    InvalidParameterValueException,
    MissingRequiredParameterException,
)
from clary.storage.metrics import MetricPoint, Metrics, Statistics

_MOST_DATA = 1000
_MOST_VALUES = 150
_LARGEST_VALUE = 2.0**360
_PAST_SECONDS = 14 * 86_400
_FUTURE_SECONDS = 2 * 3600


class MetricData:
    """The points that clients publish."""

    api = "cloudwatch"

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock

    @operation("PutMetricData")
    def put(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stores values, values with counts, and statistic sets; all of a request or nothing."""
        namespace = request["Namespace"]
        if namespace.startswith("AWS/"):
            raise InvalidParameterValueException(f"The value {namespace} for parameter Namespace is invalid.")
        data = list(_data(request))
        if not data:
            raise MissingRequiredParameterException(name="MetricData")
        if len(data) > _MOST_DATA:
            raise InvalidParameterValueException(
                f"The collection MetricData must not have a size greater than {_MOST_DATA}."
            )
        points = [point for name, datum in data for point in self._points(name, datum)]
        self._metrics.put(call.account, call.region, namespace, points)
        return {}

    def _points(self, name: str, datum: dict[str, Any]) -> Iterator[MetricPoint]:
        time = self._time(name, datum)
        dimensions = _dimensions(name, datum)
        if datum.get("StorageResolution", 60) not in (1, 60):
            raise InvalidParameterValueException(f"The parameter {name}.StorageResolution must be a value of 1 or 60.")
        _check_alternatives(name, datum)
        unit = datum.get("Unit", "None")
        if "StatisticValues" in datum:
            known = _statistics(f"{name}.StatisticValues", datum["StatisticValues"])
            yield MetricPoint(datum["MetricName"], dimensions, time, unit=unit, statistics=known)
            return
        for value, count in _values(name, datum):
            yield MetricPoint(datum["MetricName"], dimensions, time, value, unit, count)

    def _time(self, name: str, datum: dict[str, Any]) -> float:
        now = self._clock.time()
        if "Timestamp" not in datum:
            return now
        time = float(datum["Timestamp"].timestamp())
        if time < now - _PAST_SECONDS:
            raise InvalidParameterValueException(
                f"The parameter {name}.Timestamp must specify a time no more than two weeks in the past."
            )
        if time > now + _FUTURE_SECONDS:
            raise InvalidParameterValueException(
                f"The parameter {name}.Timestamp must specify a time no more than two hours in the future."
            )
        return time


def _data(request: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The data of a request with the names by which errors call them."""
    for i, datum in enumerate(request.get("MetricData", ()), 1):
        yield f"MetricData.member.{i}", datum
    for i, entity in enumerate(request.get("EntityMetricData", ()), 1):
        for j, datum in enumerate(entity.get("MetricData", ()), 1):
            yield f"EntityMetricData.member.{i}.MetricData.member.{j}", datum


def _dimensions(name: str, datum: dict[str, Any]) -> dict[str, str]:
    listed = datum.get("Dimensions", ())
    dimensions = {dimension["Name"]: dimension["Value"] for dimension in listed}
    if len(dimensions) < len(listed):
        raise InvalidParameterValueException(f"The parameter {name}.Dimensions has a dimension name more than once.")
    return dimensions


def _check_alternatives(name: str, datum: dict[str, Any]) -> None:
    given = [key for key in ("Value", "Values", "StatisticValues") if key in datum]
    if not given:
        raise MissingRequiredParameterException(name=f"{name}.Value")
    if len(given) > 1:
        raise InvalidParameterCombinationException(
            f"The parameters {name}.{given[0]} and {name}.{given[1]} are mutually exclusive and you have specified "
            "both."
        )
    if "Counts" in datum and "Values" not in datum:
        raise MissingRequiredParameterException(name=f"{name}.Values")


def _values(name: str, datum: dict[str, Any]) -> Iterator[tuple[float, float]]:
    if "Value" in datum:
        yield _checked(f"{name}.Value", datum["Value"]), 1.0
        return
    values = datum["Values"]
    counts = datum.get("Counts", [1.0] * len(values))
    if len(counts) != len(values):
        raise InvalidParameterValueException(
            f"The parameters {name}.Values and {name}.Counts must be of the same size."
        )
    if not 0 < len(values) <= _MOST_VALUES:
        raise InvalidParameterValueException(
            f"The collection {name}.Values must have a size between 1 and {_MOST_VALUES}."
        )
    for i, (value, count) in enumerate(zip(values, counts, strict=True), 1):
        if _checked(f"{name}.Counts.member.{i}", count) < 0:
            raise InvalidParameterValueException(f"The parameter {name}.Counts.member.{i} must not be negative.")
        yield _checked(f"{name}.Values.member.{i}", value), count


def _statistics(name: str, given: dict[str, Any]) -> Statistics:
    known = Statistics(*(_checked(f"{name}.{key}", given[key]) for key in ("SampleCount", "Sum", "Minimum", "Maximum")))
    if known.count <= 0:
        raise InvalidParameterValueException(f"The parameter {name}.SampleCount must be greater than 0.")
    if known.minimum > known.maximum:
        raise InvalidParameterValueException(f"The parameter {name}.Maximum must not be less than {name}.Minimum.")
    return known


def _checked(name: str, value: float) -> float:
    if not math.isfinite(value) or abs(value) > _LARGEST_VALUE:
        raise InvalidParameterValueException(f"The value {value} for parameter {name} is invalid.")
    return float(value)
