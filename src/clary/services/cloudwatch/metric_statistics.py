"""GetMetricStatistics: the statistics of one metric by period."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from clary.core.call import Call
from clary.core.clock import Clock
from clary.core.operations import operation
from clary.services.cloudwatch.errors import InvalidParameterCombinationException, InvalidParameterValueException
from clary.services.cloudwatch.statistics import Cut, extended, is_period, pairs, rounded_start, simple
from clary.storage.metrics import Metrics

_MOST_DATAPOINTS = 1440


class MetricStatistics:
    """The statistics of single metrics."""

    api = "cloudwatch"

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock

    @operation("GetMetricStatistics")
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Sums a metric up by period; a period with values of several units gives one datapoint for each."""
        period = request["Period"]
        start = rounded_start(request["StartTime"].timestamp(), max(period, 1), self._clock.time())
        end = request["EndTime"].timestamp()
        wanted = _wanted(request)
        _check_times(request, period, end - start)
        answer: dict[str, Any] = {"Label": request["MetricName"], "Datapoints": []}
        metric = self._metrics.metric(
            call.account,
            call.region,
            request["Namespace"],
            request["MetricName"],
            {dimension["Name"]: dimension["Value"] for dimension in request.get("Dimensions", ())},
        )
        if metric is None:
            return answer
        unit = request.get("Unit")
        datapoints: dict[tuple[int, str], dict[str, Any]] = {}
        for bucket in self._metrics.query(metric, start, end, period, origin=start, unit=unit):
            point: dict[str, Any] = {"Timestamp": float(bucket.start), "Unit": bucket.unit}
            point.update({name: simple(name, bucket) for name in request.get("Statistics", ())})
            datapoints[bucket.start, bucket.unit] = point
        if wanted:
            values = self._metrics.values(metric, start, end, period, origin=start, unit=unit)
            for key, of_period in groupby(values, lambda value: (value.start, value.unit)):
                known = pairs(of_period)
                results = {name: cut.of(known) for name, cut in wanted.items()}
                datapoints[key]["ExtendedStatistics"] = {
                    name: result for name, result in results.items() if result is not None
                }
        answer["Datapoints"] = list(datapoints.values())
        return answer


def _wanted(request: dict[str, Any]) -> dict[str, Cut]:
    if ("Statistics" in request) == ("ExtendedStatistics" in request):
        raise InvalidParameterCombinationException(
            "You must specify either the parameter Statistics or the parameter ExtendedStatistics, but not both."
        )
    wanted: dict[str, Cut] = {}
    for name in request.get("ExtendedStatistics", ()):
        cut = extended(name)
        if cut is None:
            raise InvalidParameterValueException(f"The value {name} for parameter ExtendedStatistics is not supported.")
        wanted[name] = cut
    return wanted


def _check_times(request: dict[str, Any], period: int, seconds: float) -> None:
    if not is_period(period):
        raise InvalidParameterValueException(
            "The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60 and greater than 0."
        )
    if request["StartTime"] >= request["EndTime"]:
        raise InvalidParameterValueException("The parameter StartTime must be less than the parameter EndTime.")
    datapoints = int(seconds // period)
    if datapoints > _MOST_DATAPOINTS:
        raise InvalidParameterCombinationException(
            f"You have requested up to {datapoints:,} datapoints, which exceeds the limit of {_MOST_DATAPOINTS:,}. "
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        )
