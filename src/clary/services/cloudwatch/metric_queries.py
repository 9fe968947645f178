"""GetMetricData: many metrics at once, and arithmetic over them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from clary.core.call import Call
from clary.core.clock import Clock
from clary.core.operations import operation
from clary.core.pages import InvalidToken, decode_token, encode_token
from clary.services.cloudwatch.errors import InvalidNextToken, ValidationError
from clary.services.cloudwatch.expressions import NotOneSeries, Parser, Scope, Series, Tree, Value, names
from clary.services.cloudwatch.functions import compute, functions_of, is_function
from clary.services.cloudwatch.statistics import SIMPLE, extended, is_period, rounded_start, series
from clary.storage.metrics import Metrics

_MOST_QUERIES = 500
_MOST_DATAPOINTS = 100_800
_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")
_WORDS = frozenset({"REPEAT", "LINEAR"})


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the answer; `values` by time in seconds since 1970."""

    id: str
    label: str
    values: Series


class MetricQueries:
    """Queries over the metrics of an account and region."""

    api = "cloudwatch"

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock

    @operation("GetMetricData")
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Answers queries; those that expressions use come first, whatever their order."""
        queries = request["MetricDataQueries"]
        _check(queries)
        start, end = request["StartTime"].timestamp(), request["EndTime"].timestamp()
        if start >= end:
            raise ValidationError("The parameter StartTime must be less than the parameter EndTime.")
        values = self._values(call, queries, start, end)
        results = [
            Result(query["Id"], query.get("Label", _default_label(query)), single)
            for query in queries
            if query.get("ReturnData", True)
            for single in _series_of(values[query["Id"]], values)
        ]
        descending = request.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        return _page(results, descending, request.get("MaxDatapoints", _MOST_DATAPOINTS), request.get("NextToken"))

    def _values(self, call: Call, queries: list[dict[str, Any]], start: float, end: float) -> dict[str, Value]:
        values: dict[str, Value] = {}
        waiting: dict[str, Tree] = {}
        metrics: dict[str, str] = {}
        periods: list[int] = []
        for query in queries:
            if "MetricStat" in query:
                values[query["Id"]] = self._metric(call, query, start, end)
                metrics[query["Id"]] = query["MetricStat"]["Metric"].get("MetricName", "")
                periods.append(query["MetricStat"]["Period"])
            else:
                waiting[query["Id"]] = _tree(query)
        period = max(periods, default=60)
        first = rounded_start(start, period, self._clock.time())
        scope = Scope(values, metrics, period, range(first, math.ceil(end), period))
        while waiting:
            ready = [name for name, tree in waiting.items() if not names(tree) & waiting.keys()]
            if not ready:
                raise ValidationError(f"The expressions {', '.join(sorted(waiting))} refer to each other in a circle")
            for name in ready:
                values[name] = _computed(name, waiting.pop(name), scope)
        return values

    def _metric(self, call: Call, query: dict[str, Any], start: float, end: float) -> Series:
        stat = query["MetricStat"]
        period, statistic = stat["Period"], stat["Stat"]
        if not is_period(period):
            raise ValidationError(
                f"The value {period} for parameter MetricStat.Period of {query['Id']} must be 1, 5, 10, 20, 30 "
                "or a multiple of 60."
            )
        if statistic not in SIMPLE and extended(statistic) is None:
            raise ValidationError(f"The value {statistic} for parameter MetricStat.Stat is not a valid statistic.")
        wanted = stat["Metric"]
        metric = self._metrics.metric(
            call.account,
            call.region,
            wanted.get("Namespace", ""),
            wanted.get("MetricName", ""),
            {dimension["Name"]: dimension["Value"] for dimension in wanted.get("Dimensions", ())},
        )
        if metric is None or query.get("AccountId", call.account) != call.account:
            return {}
        first = rounded_start(start, period, self._clock.time())
        return series(self._metrics, metric, statistic, first, end, period, stat.get("Unit"))


def _check(queries: list[dict[str, Any]]) -> None:
    if not 0 < len(queries) <= _MOST_QUERIES:
        raise ValidationError(f"The collection MetricDataQueries must have a size between 1 and {_MOST_QUERIES}.")
    seen: set[str] = set()
    for i, query in enumerate(queries, 1):
        name = query["Id"]
        if not _ID.fullmatch(name):
            raise ValidationError(
                f"The value {name} for parameter MetricDataQueries.member.{i}.Id is not matching the expected pattern "
                f"^{_ID.pattern}$."
            )
        if name in seen:
            raise ValidationError(f"The values for parameter id in MetricDataQueries are not unique: {name}")
        seen.add(name)
        if ("MetricStat" in query) == ("Expression" in query):
            raise ValidationError(
                f"The parameter MetricDataQueries.member.{i} must have either MetricStat or Expression, but not both."
            )
    if not any(query.get("ReturnData", True) for query in queries):
        raise ValidationError("At least one of the elements in MetricDataQueries must have ReturnData set to true.")
    for query in queries:
        if "Expression" in query:
            tree = _tree(query)
            if missing := sorted(names(tree) - seen - _WORDS):
                raise ValidationError(f"Error in expression '{query['Id']}': undefined identifier {missing[0]}")


def _tree(query: dict[str, Any]) -> Tree:
    if query["Expression"].lstrip().upper().startswith("SELECT "):
        raise ValidationError("Clary does not implement Metrics Insights queries (SELECT ...) yet")
    tree = Parser(query["Expression"]).tree()
    for name in sorted(functions_of(tree)):
        if not is_function(name):
            raise ValidationError(f"Clary does not implement the function {name} of metric math yet")
    return tree


def _computed(name: str, tree: Tree, scope: Scope) -> Value:
    try:
        return compute(tree, scope)
    except NotOneSeries as error:
        raise ValidationError(f"Error in expression '{name}': {error}") from error


def _series_of(value: Value, values: dict[str, Value]) -> list[Series]:
    """The lines that a value makes; a number is drawn at every time at which some series has a value."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [value]
    if not math.isfinite(value):
        return [{}]
    times = sorted({time for known in values.values() if isinstance(known, dict) for time in known})
    return [dict.fromkeys(times, value)]


def _default_label(query: dict[str, Any]) -> str:
    return str(query["MetricStat"]["Metric"].get("MetricName", "")) if "MetricStat" in query else str(query["Id"])


def _page(results: list[Result], descending: bool, limit: int, token: str | None) -> dict[str, Any]:
    """A page of at most `limit` datapoints, counted through all results one after the other."""
    if limit < 1:
        raise ValidationError("The parameter MaxDatapoints must be greater than 0.")
    skipped = 0
    if token is not None:
        try:
            skipped = int(decode_token(token, 1)[0])
        except (InvalidToken, TypeError, ValueError) as error:
            raise InvalidNextToken from error
    before = 0
    lines = []
    for result in results:
        times = sorted(result.values, reverse=descending)
        shown = times[max(0, skipped - before) : max(0, skipped + limit - before)]
        complete = before + len(times) <= skipped + limit
        if shown or not times:
            lines.append(
                {
                    "Id": result.id,
                    "Label": result.label,
                    "Timestamps": [float(time) for time in shown],
                    "Values": [result.values[time] for time in shown],
                    "StatusCode": "Complete" if complete else "PartialData",
                }
            )
        before += len(times)
    answer: dict[str, Any] = {"MetricDataResults": lines, "Messages": []}
    if before > skipped + limit:
        answer["NextToken"] = encode_token(skipped + limit)
    return answer
