"""Warm pools: what a finished job held of the machine, kept for a while for the next job like it.

What is kept is the place (CPUs and memory, which no other job gets as long as there is room for it elsewhere) and the
folder `sagemaker/warmpoolcache` of each host, which programs see as `/opt/ml/sagemaker/warmpoolcache`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from clary.compute.contract import JobSpec
from clary.compute.folder import CACHE, host_names, remove_tree
from clary.storage.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS warm_pools (
    job_id TEXT PRIMARY KEY, arn TEXT NOT NULL, matches TEXT NOT NULL, cpus TEXT NOT NULL,
    memory_bytes INTEGER NOT NULL, since REAL NOT NULL, until REAL NOT NULL, made REAL NOT NULL,
    status TEXT NOT NULL, ended REAL, used_by_id TEXT, used_by TEXT
);
CREATE INDEX IF NOT EXISTS warm_pools_by_arn ON warm_pools (arn);
CREATE INDEX IF NOT EXISTS warm_pools_by_user ON warm_pools (used_by_id);
CREATE INDEX IF NOT EXISTS warm_pools_by_status ON warm_pools (status);
"""
LONGEST_SECONDS = 28 * 86_400
"""How long a pool may be handed from job to job."""

_COLUMNS = "job_id, arn, matches, cpus, memory_bytes, since, until, made, status, ended, used_by"


@dataclass(frozen=True, slots=True)
class WarmPool:
    """A pool, idle or over.

    Attributes:
        job_id, arn: the job that left it.
        matches: which jobs may use it (`KeepAlive.matches`).
        cpus, memory_bytes: what it holds.
        since, until: from when to when it is idle, in seconds since 1970.
        made: when the first job of its chain left it.
        status: "Available", "Reused" or "Terminated".
        ended: when it was reused or terminated.
        used_by: the name of the job that reused it.
    """

    job_id: str
    arn: str
    matches: str
    cpus: tuple[int, ...]
    memory_bytes: int
    since: float
    until: float
    made: float
    status: str = "Available"
    ended: float | None = None
    used_by: str | None = None

    def retained_seconds(self, now: float) -> int:
        """For how long it was, or has been, kept idle."""
        return max(0, round((now if self.ended is None else self.ended) - self.since))


class WarmPools:
    """The pools that jobs left.

    Args:
        database: one that was opened with (at least) this module's `SCHEMA` too.
        folder: for the caches of idle pools.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder

    def idle(self) -> list[WarmPool]:
        """All pools that wait for a job."""
        return self._found("status='Available'")

    def of(self, arn: str) -> WarmPool | None:
        """The pool that a job left, whatever became of it."""
        return next(iter(self._found("arn=? ORDER BY since DESC LIMIT 1", arn)), None)

    def with_status(self, status: str) -> set[str]:
        """The ARNs of the jobs whose pools have a status."""
        return {pool.arn for pool in self._found("status=?", status)}

    def used_by(self, job_id: str) -> WarmPool | None:
        """The pool that a job reuses."""
        return next(iter(self._found("used_by_id=?", job_id)), None)

    def _found(self, condition: str, *values: str) -> list[WarmPool]:
        query = f"SELECT {_COLUMNS} FROM warm_pools WHERE {condition}"  # noqa: S608 - the conditions stand above
        rows = self._database.read().execute(query, values).fetchall()
        return [_pool(row) for row in rows]

    def end(self, pool: WarmPool, now: float) -> None:
        """Ends a pool that is too old, in the way or no longer wanted."""
        ended = min(now, pool.until)
        self._database.write(
            lambda connection: connection.execute(
                "UPDATE warm_pools SET status='Terminated', ended=? WHERE job_id=? AND status='Available'",
                (ended, pool.job_id),
            )
        )
        remove_tree(self._folder / pool.job_id)

    def keep_for(self, pool: WarmPool, seconds: int, now: float) -> None:
        """Changes how long a pool is kept, counted from when it became idle; ends it when that is over."""
        until = min(pool.since + seconds, pool.made + LONGEST_SECONDS)
        if until <= now:
            self.end(pool, now)
            return
        self._database.write(
            lambda connection: connection.execute(
                "UPDATE warm_pools SET until=? WHERE job_id=? AND status='Available'", (until, pool.job_id)
            )
        )

    def forget(self, arn: str) -> None:
        """Removes what is known of a job's pools; the job is deleted."""
        self._database.write(
            lambda connection: connection.execute("DELETE FROM warm_pools WHERE arn=? AND status!='Available'", (arn,))
        )

    def save_cache(self, spec: JobSpec, folder: Path) -> None:
        """Moves the caches of a job that has ended to its pool."""
        for name in host_names(spec.hosts):
            cache = folder / name / CACHE
            if cache.resolve() == (folder / name).resolve() / CACHE and cache.is_dir():
                target = self._folder / spec.id / name
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                remove_tree(target)
                cache.rename(target)

    def load_cache(self, spec: JobSpec, roots: list[Path]) -> None:
        """Moves the caches of the pool that a job reuses to its hosts."""
        pool = self.used_by(spec.id)
        if pool is None:
            return
        for name, root in zip(host_names(spec.hosts), roots, strict=True):
            source, target = self._folder / pool.job_id / name, root / CACHE
            if source.is_dir() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                source.rename(target)
        remove_tree(self._folder / pool.job_id)

    def sweep(self) -> None:
        """Removes the caches that no pool holds any more."""
        known = {pool.job_id for pool in self.idle()}
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            if path.name not in known and self._is_over(path.name):
                remove_tree(path)

    def _is_over(self, job_id: str) -> bool:
        """Whether a pool is terminated, or unknown; a job that reuses one may still be about to fetch its cache."""
        found = self._found("job_id=?", job_id)
        return not found or found[0].status == "Terminated"


def reuse_in(connection: sqlite3.Connection, pool: WarmPool, spec: JobSpec, now: float) -> None:
    """Hands a pool over to a job, in the transaction that admits it."""
    connection.execute(
        "UPDATE warm_pools SET status='Reused', ended=?, used_by_id=?, used_by=? WHERE job_id=?",
        (now, spec.id, spec.name, pool.job_id),
    )


def retain_in(
    connection: sqlite3.Connection, spec: JobSpec, cpus: Sequence[int], memory_bytes: int, now: float
) -> None:
    """Leaves a pool, in the transaction that finishes the job."""
    if spec.keep_alive is None or not spec.keep_alive.seconds:
        return
    row = connection.execute("SELECT made FROM warm_pools WHERE used_by_id=?", (spec.id,)).fetchone()
    made = float(row[0]) if row else now
    until = min(now + spec.keep_alive.seconds, made + LONGEST_SECONDS)
    place = orjson.dumps(list(cpus)).decode()
    connection.execute(
        "INSERT OR REPLACE INTO warm_pools (job_id, arn, matches, cpus, memory_bytes, since, until, made, status)"
        " VALUES (?,?,?,?,?,?,?,?,'Available')",
        (spec.id, spec.arn, spec.keep_alive.matches, place, memory_bytes, now, until, made),
    )


def _pool(row: tuple[Any, ...]) -> WarmPool:
    job_id, arn, matches, cpus, *others = row
    return WarmPool(job_id, arn, matches, tuple(orjson.loads(cpus)), *others)
