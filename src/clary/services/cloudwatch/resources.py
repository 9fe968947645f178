"""Puts the resources of CloudWatch together."""

from __future__ import annotations

from clary.core.clock import Clock, SystemClock
from clary.services.cloudwatch.metric_data import MetricData
from clary.services.cloudwatch.metric_list import MetricList
from clary.services.cloudwatch.metric_queries import MetricQueries
from clary.services.cloudwatch.metric_statistics import MetricStatistics
from clary.storage.metrics import Metrics


def resources(*, metrics: Metrics, clock: Clock | None = None) -> list[object]:
    """The resource classes of CloudWatch."""
    time = clock or SystemClock()
    return [
        MetricData(metrics, time),
        MetricQueries(metrics, time),
        MetricStatistics(metrics, time),
        MetricList(metrics, time),
    ]
