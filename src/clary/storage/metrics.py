"""Metrics: numbers with a name, dimensions and a time, durable, written by many processes, summed up by period."""

from __future__ import annotations

import asyncio
import math
import sqlite3
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import orjson

from clary.core.clock import Clock, SystemClock
from clary.storage.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS metrics (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL, region TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    dimensions TEXT NOT NULL, points INTEGER NOT NULL, put REAL NOT NULL, newest_ms INTEGER NOT NULL,
    UNIQUE (account, region, namespace, name, dimensions)
);
CREATE TABLE IF NOT EXISTS metric_points (
    metric_id INTEGER NOT NULL, time_ms INTEGER NOT NULL, sequence INTEGER NOT NULL, unit TEXT NOT NULL,
    count REAL NOT NULL, total REAL NOT NULL, minimum REAL NOT NULL, maximum REAL NOT NULL,
    PRIMARY KEY (metric_id, time_ms, sequence)
) WITHOUT ROWID;
"""

KEPT_SECONDS = 455 * 86_400
LISTED_SECONDS = 14 * 86_400
_COLUMNS = "id, account, region, namespace, name, dimensions, put, newest_ms"
_REMOVED_PER_COMMIT = 10_000
# Where the period of a point begins, in seconds: ?2 is the origin, ?3 the period. `%` keeps the sign in SQLite.
_PERIOD = "(time_ms - ((time_ms - ?2 * 1000) % (?3 * 1000) + ?3 * 1000) % (?3 * 1000)) / 1000"


@dataclass(frozen=True, slots=True)
class Statistics:
    """What is known of several values that were summed up before they arrived."""

    count: float
    total: float
    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One value of a metric, or several.

    Attributes:
        time: seconds since 1970, UTC.
        value: the value; ignored where `statistics` is set.
        count: how often the value occurred.
        statistics: the sums of several values instead of one.
    """

    name: str
    dimensions: Mapping[str, str]
    time: float
    value: float = 0.0
    unit: str = "None"
    count: float = 1.0
    statistics: Statistics | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that has data; `put` (seconds since 1970) is when it last received any."""

    id: int
    account: str
    region: str
    namespace: str
    name: str
    dimensions: dict[str, str]
    put: float
    newest_ms: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """The values of one period, all of one unit; `start` in seconds since 1970."""

    start: int
    unit: str
    count: float
    total: float
    minimum: float
    maximum: float

    @property
    def average(self) -> float:
        """The mean of the values, 0 where none was counted."""
        return self.total / self.count if self.count else 0.0


@dataclass(frozen=True, slots=True)
class Weighted:
    """A value and how often it occurred in the period that begins at `start` (seconds since 1970)."""

    start: int
    unit: str
    value: float
    count: float


class Metrics:
    """The store of metrics.

    Promises:
        **Durability.** What `put` was given is on disk when it returns.
        **Processes.** Any number of processes may put into the same metric.

    Args:
        database: a database that was opened with (at least) this module's `SCHEMA`.
    """

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self.database = database
        self._clock = clock or SystemClock()

    def put(self, account: str, region: str, namespace: str, points: Sequence[MetricPoint]) -> None:
        """Stores points; a metric comes into being with its first."""
        self.submit(account, region, namespace, points).result()

    async def put_async(self, account: str, region: str, namespace: str, points: Sequence[MetricPoint]) -> None:
        """`put` without blocking the event loop."""
        await asyncio.wrap_future(self.submit(account, region, namespace, points))

    def submit(self, account: str, region: str, namespace: str, points: Sequence[MetricPoint]) -> Future[None]:
        """`put` without waiting: the future resolves once the points are on disk."""
        grouped: dict[tuple[str, str], list[MetricPoint]] = {}
        for point in points:
            grouped.setdefault((point.name, _canonical(point.dimensions)), []).append(point)

        def write(connection: sqlite3.Connection) -> None:
            for (name, dimensions), of_metric in grouped.items():
                key = (account, region, namespace, name, dimensions)
                self._append(connection, key, of_metric)

        return self.database.submit(write)

    def _append(
        self, connection: sqlite3.Connection, key: tuple[str, str, str, str, str], points: Sequence[MetricPoint]
    ) -> None:
        newest_ms = max(_ms(point.time) for point in points)
        metric_id, last = connection.execute(
            "INSERT INTO metrics (account, region, namespace, name, dimensions, points, put, newest_ms)"
            " VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (account, region, namespace, name, dimensions) DO UPDATE SET"
            " points=points+excluded.points, put=excluded.put, newest_ms=max(newest_ms, excluded.newest_ms)"
            " RETURNING id, points",
            (*key, len(points), self._clock.time(), newest_ms),
        ).fetchone()
        connection.executemany(
            "INSERT INTO metric_points VALUES (?,?,?,?,?,?,?,?)",
            [
                (metric_id, _ms(point.time), sequence, point.unit, *_sums(point))
                for sequence, point in enumerate(points, last - len(points) + 1)
            ],
        )

    def metric(
        self, account: str, region: str, namespace: str, name: str, dimensions: Mapping[str, str]
    ) -> Metric | None:
        """The metric with exactly these dimensions, None where it never had data."""
        row = (
            self.database.read()
            .execute(
                f"SELECT {_COLUMNS} FROM metrics WHERE account=? AND region=? AND namespace=? AND name=?"  # noqa: S608
                " AND dimensions=?",
                (account, region, namespace, name, _canonical(dimensions)),
            )
            .fetchone()
        )
        return _metric(row) if row else None

    def query(
        self, metric: Metric, start: float, end: float, period_seconds: int, *, origin: int = 0, unit: str | None = None
    ) -> list[Bucket]:
        """Sums a metric up by period, in order of time; periods without data are left out.

        Args:
            start, end: seconds since 1970; start inclusive, end exclusive.
            origin: the time at which some period begins, seconds since 1970.
            unit: only values of this unit.
        """
        rows = self.database.read().execute(
            f"SELECT {_PERIOD} AS start, unit,"  # noqa: S608
            " sum(count), sum(total), min(minimum), max(maximum) FROM metric_points"
            " WHERE metric_id=?1 AND time_ms>=?4 AND time_ms<?5 AND (?6 IS NULL OR unit=?6)"
            " GROUP BY start, unit ORDER BY start, unit",
            (metric.id, origin, period_seconds, _ms(start), _ms(end), unit),
        )
        return [Bucket(*row) for row in rows]

    def series(self, metric: Metric) -> tuple[float, ...]:
        """All values of a metric in the order in which they were put; of sums of several values their mean."""
        rows = self.database.read().execute(
            "SELECT total / count FROM metric_points WHERE metric_id=? AND count>0 ORDER BY time_ms, sequence",
            (metric.id,),
        )
        return tuple(row[0] for row in rows)

    def values(
        self, metric: Metric, start: float, end: float, period_seconds: int, *, origin: int = 0, unit: str | None = None
    ) -> list[Weighted]:
        """The values behind `query`, by period, unit and value; without periods that hold sums of unknown values."""
        rows = (
            self.database.read()
            .execute(
                f"SELECT {_PERIOD} AS start, unit,"  # noqa: S608
                " minimum, sum(count), max(maximum > minimum AND count > 1) FROM metric_points"
                " WHERE metric_id=?1 AND time_ms>=?4 AND time_ms<?5 AND (?6 IS NULL OR unit=?6)"
                " GROUP BY start, unit, minimum ORDER BY start, unit, minimum",
                (metric.id, origin, period_seconds, _ms(start), _ms(end), unit),
            )
            .fetchall()
        )
        unknown = {row[:2] for row in rows if row[4]}
        return [Weighted(*row[:4]) for row in rows if row[:2] not in unknown]

    def list(
        self,
        account: str,
        region: str,
        *,
        namespace: str | None = None,
        name: str | None = None,
        dimensions: Sequence[tuple[str, str | None]] = (),
        active_since: float | None = None,
        after: tuple[str, str, str] | None = None,
        limit: int = 500,
    ) -> list[Metric]:
        """Up to `limit` metrics in order of namespace, name and dimensions.

        Args:
            dimensions: each must be among the metric's, with that value where one is given.
            active_since: only metrics with data newer than this, seconds since 1970.
            after: `sort_key` of the last metric of the page before.
        """
        where = "account=? AND region=?"
        values: list[Any] = [account, region]
        for column, value in (("namespace", namespace), ("name", name)):
            if value is not None:
                where += f" AND {column}=?"
                values.append(value)
        for key, wanted in dimensions:
            where += (
                " AND EXISTS (SELECT 1 FROM json_each(metrics.dimensions) d WHERE d.key=? AND (? IS NULL OR d.value=?))"
            )
            values += [key, wanted, wanted]
        if active_since is not None:
            where += " AND newest_ms>?"
            values.append(_ms(active_since))
        if after is not None:
            where += " AND (namespace, name, dimensions)>(?,?,?)"
            values += after
        rows = self.database.read().execute(
            f"SELECT {_COLUMNS} FROM metrics WHERE {where} ORDER BY namespace, name, dimensions LIMIT ?",  # noqa: S608
            (*values, limit),
        )
        return [_metric(row) for row in rows]

    def expire(self) -> None:
        """Removes the points that CloudWatch would no longer have, and metrics without points."""
        before_ms = _ms(self._clock.time() - KEPT_SECONDS)

        def write(connection: sqlite3.Connection) -> int:
            rows = connection.execute(
                "SELECT metric_id, time_ms, sequence FROM metric_points"
                " WHERE metric_id IN (SELECT id FROM metrics) AND time_ms<? LIMIT ?",
                (before_ms, _REMOVED_PER_COMMIT),
            ).fetchall()
            connection.executemany("DELETE FROM metric_points WHERE metric_id=? AND time_ms=? AND sequence=?", rows)
            return len(rows)

        while self.database.write(write) == _REMOVED_PER_COMMIT:
            pass
        self.database.write(
            lambda connection: connection.execute(
                "DELETE FROM metrics WHERE newest_ms<?"
                " AND NOT EXISTS (SELECT 1 FROM metric_points WHERE metric_id=metrics.id)",
                (before_ms,),
            )
        )


def sort_key(metric: Metric) -> tuple[str, str, str]:
    """Where a metric stands in `Metrics.list`."""
    return metric.namespace, metric.name, _canonical(metric.dimensions)


def _sums(point: MetricPoint) -> tuple[float, float, float, float]:
    known = point.statistics
    if known is not None:
        return known.count, known.total, known.minimum, known.maximum
    return point.count, point.value * point.count, point.value, point.value


def _metric(row: tuple[Any, ...]) -> Metric:
    key, account, region, namespace, name, dimensions, put, newest_ms = row
    return Metric(key, account, region, namespace, name, orjson.loads(dimensions), put, newest_ms)


def _canonical(dimensions: Mapping[str, str]) -> str:
    return orjson.dumps(dict(dimensions), option=orjson.OPT_SORT_KEYS).decode()


def _ms(seconds: float) -> int:
    return math.floor(seconds * 1000)
