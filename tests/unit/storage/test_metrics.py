from __future__ import annotations

from pathlib import Path

import pytest

from clary.core.clock import FixedClock
from clary.storage.database import Database
from clary.storage.metrics import SCHEMA, Bucket, MetricPoint, Metrics, Statistics, Weighted, sort_key

HERE = ("123456789012", "us-east-1")


@pytest.fixture
def clock():
    return FixedClock()


@pytest.fixture
def metrics(tmp_path: Path, clock):
    database = Database(tmp_path / "metrics.db", SCHEMA)
    yield Metrics(database, clock)
    database.close()


def put(metrics: Metrics, *values: tuple[float, float], unit: str = "None", name: str = "m", **dimensions) -> None:
    metrics.put(*HERE, "n", [MetricPoint(name, dimensions, time, value, unit) for time, value in values])


def test_values_are_summed_up_by_period(metrics):
    put(metrics, (60, 1.0), (119.9, 3.0), (120, 5.0), (200, 9.0))
    metric = metrics.metric(*HERE, "n", "m", {})
    assert metrics.query(metric, 0, 200, 60) == [
        Bucket(60, "None", 2, 4.0, 1.0, 3.0),
        Bucket(120, "None", 1, 5.0, 5.0, 5.0),
    ]
    assert metrics.query(metric, 0, 200, 60)[0].average == 2.0


def test_periods_begin_at_the_given_origin(metrics):
    put(metrics, (60, 1.0), (99, 2.0), (100, 4.0))
    metric = metrics.metric(*HERE, "n", "m", {})
    assert [(b.start, b.total) for b in metrics.query(metric, 0, 1000, 60, origin=40)] == [(40, 3.0), (100, 4.0)]
    assert [(b.start, b.total) for b in metrics.query(metric, 0, 1000, 60, origin=160)] == [(40, 3.0), (100, 4.0)]


def test_units_are_kept_apart(metrics):
    put(metrics, (1, 1.0), unit="Seconds")
    put(metrics, (2, 2.0), unit="Count")
    metric = metrics.metric(*HERE, "n", "m", {})
    assert [(b.unit, b.total) for b in metrics.query(metric, 0, 60, 60)] == [("Count", 2.0), ("Seconds", 1.0)]
    assert [b.total for b in metrics.query(metric, 0, 60, 60, unit="Seconds")] == [1.0]


def test_dimensions_make_a_metric_in_whatever_order_they_come(metrics):
    metrics.put(
        *HERE, "n", [MetricPoint("m", {"a": "1", "b": "2"}, 1, 1.0), MetricPoint("m", {"b": "2", "a": "1"}, 2, 2.0)]
    )
    metric = metrics.metric(*HERE, "n", "m", {"b": "2", "a": "1"})
    assert metrics.query(metric, 0, 60, 60)[0].total == 3.0
    assert metrics.metric(*HERE, "n", "m", {"a": "1"}) is None


def test_counted_values_and_sums_are_weighed(metrics):
    metrics.put(
        *HERE,
        "n",
        [MetricPoint("m", {}, 1, 10.0, count=3), MetricPoint("m", {}, 2, statistics=Statistics(2, 7.0, 1.0, 6.0))],
    )
    metric = metrics.metric(*HERE, "n", "m", {})
    assert metrics.query(metric, 0, 60, 60) == [Bucket(0, "None", 5, 37.0, 1.0, 10.0)]


def test_single_values_are_known_and_sums_are_not(metrics):
    put(metrics, (1, 4.0), (2, 4.0), (3, 1.0), (61, 2.0))
    metric = metrics.metric(*HERE, "n", "m", {})
    assert metrics.values(metric, 0, 120, 60) == [
        Weighted(0, "None", 1.0, 1),
        Weighted(0, "None", 4.0, 2),
        Weighted(60, "None", 2.0, 1),
    ]
    metrics.put(*HERE, "n", [MetricPoint("m", {}, 62, statistics=Statistics(2, 3.0, 1.0, 2.0))])
    assert [value.start for value in metrics.values(metric, 0, 120, 60)] == [0, 0]


def test_metrics_are_listed_by_what_they_have(metrics):
    put(metrics, (100, 1.0), name="a", host="x", zone="1")
    put(metrics, (200, 1.0), name="a", host="y")
    put(metrics, (300, 1.0), name="b")
    listed = lambda **wanted: [(m.name, m.dimensions) for m in metrics.list(*HERE, **wanted)]  # noqa: E731
    assert listed() == [("a", {"host": "x", "zone": "1"}), ("a", {"host": "y"}), ("b", {})]
    assert listed(name="b") == [("b", {})]
    assert listed(dimensions=[("host", None)], namespace="n") == listed(name="a")
    assert listed(dimensions=[("host", "y")]) == [("a", {"host": "y"})]
    assert listed(active_since=250) == [("b", {})]
    assert listed(namespace="other") == []
    first = metrics.list(*HERE, limit=1)[0]
    assert listed(after=sort_key(first), limit=1) == [("a", {"host": "y"})]


def test_old_points_are_removed_with_metrics_that_have_no_others(metrics, clock):
    now = clock.time()
    put(metrics, (now - 500 * 86_400, 1.0), name="old")
    put(metrics, (now - 500 * 86_400, 1.0), (now, 2.0), name="both")
    metrics.expire()
    assert [m.name for m in metrics.list(*HERE)] == ["both"]
    both = metrics.metric(*HERE, "n", "both", {})
    assert [b.total for b in metrics.query(both, 0, now + 1, 60)] == [2.0]


async def test_a_point_put_from_the_event_loop_is_there_afterwards(metrics):
    await metrics.put_async(*HERE, "n", [MetricPoint("m", {}, 1, 1.0)])
    assert metrics.query(metrics.metric(*HERE, "n", "m", {}), 0, 60, 60)[0].count == 1
