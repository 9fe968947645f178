"""What the work would have cost at AWS: a ledger, written as jobs end and while endpoints serve.

A row is one job, or one endpoint on one day. It stays when the job or endpoint is deleted: money does not come back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from clary.compute.contract import JobSpec
from clary.compute.jobs.life import Life
from clary.compute.jobs.words import words_of
from clary.storage.database import Database
from clary.storage.records import Record

SCHEMA = """
CREATE TABLE IF NOT EXISTS costs (
    day TEXT NOT NULL, arn TEXT NOT NULL, what TEXT NOT NULL, kind TEXT NOT NULL, account TEXT NOT NULL,
    name TEXT NOT NULL, instance_type TEXT NOT NULL, instances INTEGER NOT NULL, seconds REAL NOT NULL,
    spot INTEGER NOT NULL, usd REAL, on_demand_usd REAL, PRIMARY KEY (day, arn, what)
);
"""
TAG = "clary:estimated-aws-cost-usd"
_NAMES = ("day", "kind", "account", "name", "instance_type", "instances", "seconds", "spot", "usd", "on_demand_usd")
_COLUMNS = ", ".join(_NAMES)


@dataclass(frozen=True, slots=True)
class Cost:
    """A line of the ledger.

    Attributes:
        day: "2026-11-22", in UTC.
        kind: "training", "processing", "transform", "hosting".
        seconds: for which the instances, each of them, worked.
        usd: the estimated price; None where the instance type has no known price.
        on_demand_usd: what it would have been without spot instances.
    """

    day: str
    kind: str
    account: str
    name: str
    instance_type: str
    instances: int
    seconds: float
    spot: bool
    usd: float | None
    on_demand_usd: float | None


class Ledger:
    """The costs so far.

    Args:
        database: one that was opened with (at least) this module's `SCHEMA`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def lines(self, since_day: str = "") -> list[Cost]:
        """Every line from a day on, oldest first."""
        query = f"SELECT {_COLUMNS} FROM costs WHERE day>=? ORDER BY day, kind, name"  # noqa: S608
        rows = self._database.read().execute(query, (since_day,)).fetchall()
        return [Cost(**{**dict(zip(_NAMES, row, strict=True)), "spot": bool(row[7])}) for row in rows]

    def by_name(self, kind: str) -> dict[str, float]:
        """What each job or endpoint of a kind would have cost so far; those without a known price are left out."""
        query = "SELECT name, SUM(usd) FROM costs WHERE kind=? AND usd IS NOT NULL GROUP BY name"
        return {name: float(usd) for name, usd in self._database.read().execute(query, (kind,)).fetchall()}

    def add_serving(self, record: Record, hourly: Iterable[tuple[str, int, float | None]], seconds: float) -> None:
        """Adds a time for which an endpoint served to the present day.

        Args:
            hourly: of each variant: instance type, instances, and the price of one for an hour.
        """
        day = _day(datetime.now(UTC).timestamp())
        rows = []
        for number, (kind, count, usd) in enumerate(hourly):
            price = None if usd is None else usd * count * seconds / 3600
            rows.append(
                (day, record.arn, f"{number}", "hosting", record.account, record.name, kind, count, seconds, price)
            )

        def write(connection: sqlite3.Connection) -> None:
            for row in rows:
                connection.execute(
                    "INSERT INTO costs VALUES (?,?,?,?,?,?,?,?,?,0,?,?) ON CONFLICT (day, arn, what) DO UPDATE SET"
                    " seconds=seconds+excluded.seconds, instances=excluded.instances, usd=usd+excluded.usd,"
                    " on_demand_usd=on_demand_usd+excluded.on_demand_usd",
                    (*row, row[-1]),
                )

        self._database.write(write)

    def of_endpoint(self, arn: str) -> float | None:
        """What an endpoint would have cost so far."""
        row = self._database.read().execute("SELECT SUM(usd) FROM costs WHERE arn=?", (arn,)).fetchone()
        return None if row is None or row[0] is None else float(row[0])


def note_job_in(connection: sqlite3.Connection, record: Record, spec: JobSpec, life: Life) -> str | None:
    """Writes a finished job into the ledger, in the transaction that finishes it.

    Returns:
        The value of its tag "clary:estimated-aws-cost-usd"; None for a job that never started or has no price.
    """
    use = words_of(record.kind).priced_as
    if not use or life.training_seconds is None or life.billable_seconds is None or life.ended is None:
        return None
    hourly = spec.hourly_usd
    on_demand = None if hourly is None else hourly * spec.hosts * life.training_seconds / 3600
    usd = None if on_demand is None else on_demand * life.billed_share  # billable_seconds are rounded to whole ones
    row = (
        _day(life.ended), record.arn, spec.id, use, record.account, record.name, spec.instance_type, spec.hosts,
        life.training_seconds, int(spec.spot is not None), usd, on_demand,
    )  # fmt: skip
    connection.execute("INSERT OR REPLACE INTO costs VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", row)
    return None if usd is None else in_usd(usd)


def in_usd(amount: float) -> str:
    """An amount as it stands in a tag: a second of a small instance is some millionths of a dollar."""
    return f"{amount:.6f}"


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
