"""The durable queue: which jobs wait, which run, and where; and the one way a job's life is changed.

A row exists as long as its job is not finished. It is inserted in the transaction that inserts the job's record and
deleted in the transaction that finishes it, so a record that is not terminal always has its row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import orjson

from clary.compute import costs
from clary.compute.contract import JobSpec
from clary.compute.jobs import states, warm_pools
from clary.compute.jobs.events import Event
from clary.compute.jobs.life import TERMINAL, Life, Outcome, State
from clary.compute.jobs.states import Instruction
from clary.compute.jobs.warm_pools import WarmPool
from clary.core.clock import Clock, SystemClock
from clary.storage.database import Database
from clary.storage.records import Record, RecordChanged, Records

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE, arn TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    spec TEXT NOT NULL, running INTEGER NOT NULL, submitted REAL NOT NULL,
    cpus TEXT NOT NULL, memory_bytes INTEGER NOT NULL, losses INTEGER NOT NULL
);
"""
SCHEMA += warm_pools.SCHEMA + costs.SCHEMA
_MOST_TRIES = 100
_MOST_TAGS = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the queue.

    Attributes:
        position: the order of arrival.
        running: whether it was admitted.
        submitted: seconds since 1970.
        cpus, memory_bytes: what it was given; empty while it waits.
        losses: how often its supervisor was lost while Clary watched.
    """

    position: int
    spec: JobSpec
    running: bool
    submitted: float
    cpus: tuple[int, ...]
    memory_bytes: int
    losses: int


class JobFinished(Exception):
    """The job is finished, or was never submitted."""


class JobQueue:
    """The table of unfinished jobs.

    Promises:
        **Atomicity.** A record and its row change together or not at all.
        **Processes.** Clary and every supervisor may use it at the same time.

    Args:
        records: records in a database that was opened with (at least) this module's `SCHEMA` too.
    """

    def __init__(self, records: Records, clock: Clock | None = None) -> None:
        self._records = records
        self._database: Database = records.database
        self._clock = clock or SystemClock()
        self._specs: dict[str, JobSpec] = {}  # of the jobs that `entries` found last: they never change

    def submit(self, record: Record, spec: JobSpec, *, tags: Mapping[str, str] | None = None) -> Record:
        """Inserts the record, in progress, with its tags, and the row.

        Raises:
            RecordExists: kind and name, or the ARN, are taken.
        """
        now = self._clock.time()
        life = states.submitted(
            now, record.kind, retries=spec.retries, billed_share=spec.billed_share, note=spec.price_note
        )
        new = replace(record, status=life.status, body={**record.body, "job": life.to_json()})
        text = orjson.dumps(asdict(spec)).decode()

        def write(connection: sqlite3.Connection) -> Record:
            stored = self._records.insert_in(connection, new)
            if tags:
                self._records.set_tags_in(connection, stored.arn, tags)
            connection.execute(
                "INSERT INTO jobs (id, arn, name, spec, running, submitted, cpus, memory_bytes, losses)"
                " VALUES (?,?,?,?,0,?,'[]',0,0)",
                (spec.id, spec.arn, spec.name, text, now),
            )
            return stored

        return self._database.write(write)

    def entries(self) -> list[Entry]:
        """All unfinished jobs in order of arrival; what was read before is not read again, so that many may wait.

        Only one thread may call this.
        """
        known, self._specs = self._specs, {}
        found = []
        for row in self._database.read().execute(f"SELECT {_COLUMNS} FROM jobs ORDER BY position").fetchall():  # noqa: S608
            spec = known.get(row[1]) or self._spec(row[1])
            if spec is not None:
                self._specs[spec.id] = spec
                found.append(_entry(row, spec))
        return found

    def entry(self, job_id: str) -> Entry | None:
        """The job's row; None when it is finished."""
        row = self._database.read().execute(f"SELECT {_COLUMNS} FROM jobs WHERE id=?", (job_id,)).fetchone()  # noqa: S608
        spec = self._spec(job_id)
        return None if row is None or spec is None else _entry(row, spec)

    def _spec(self, job_id: str) -> JobSpec | None:
        row = self._database.read().execute("SELECT spec FROM jobs WHERE id=?", (job_id,)).fetchone()
        return JobSpec.from_json(orjson.loads(row[0])) if row else None

    def id_of(self, arn: str) -> str | None:
        """The id of an unfinished job."""
        row = self._database.read().execute("SELECT id FROM jobs WHERE arn=?", (arn,)).fetchone()
        return str(row[0]) if row else None

    def apply(self, arn: str, event: Event) -> tuple[Life, list[Instruction]]:
        """Applies an event to a job, on disk when this returns; a finished job stays as it is.

        Raises:
            JobFinished: there is no such record.
            ImpossibleEvent: the event cannot happen in the job's state.
        """
        return self._change(arn, event, lambda connection: None)

    def life(self, arn: str) -> Life | None:
        """The life of a job as its record has it; None where there is no such job."""
        record = self._records.by_arn(arn)
        return None if record is None or "job" not in record.body else Life.from_json(record.body["job"])

    def admit(
        self, entry: Entry, event: Event, cpus: Sequence[int], memory_bytes: int, pool: WarmPool | None = None
    ) -> Life:
        """Applies `Admitted` and notes what the job was given, and by which warm pool."""

        def write(connection: sqlite3.Connection) -> None:
            if pool is not None:
                warm_pools.reuse_in(connection, pool, entry.spec, event.time)
            connection.execute(
                "UPDATE jobs SET running=1, cpus=?, memory_bytes=? WHERE id=?",
                (orjson.dumps(list(cpus)).decode(), memory_bytes, entry.spec.id),
            )

        return self._change(entry.spec.arn, event, write)[0]

    def lose(self, entry: Entry, event: Event, *, count: bool) -> Life:
        """Applies `SupervisorLost` and counts it; a job that is to wait again begins to count anew."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE jobs SET losses=losses+? WHERE id=?", (int(count), entry.spec.id))

        return self._change(entry.spec.arn, event, write)[0]

    def _change(
        self, arn: str, event: Event, also: Callable[[sqlite3.Connection], None]
    ) -> tuple[Life, list[Instruction]]:
        for _ in range(_MOST_TRIES):
            record = self._records.by_arn(arn)
            if record is None or "job" not in record.body:
                raise JobFinished(arn)
            before = Life.from_json(record.body["job"])
            life, instructions = states.apply(before, event)
            if life is before and before.state in TERMINAL:
                return life, []
            try:
                self._database.write(self._writer(record, before, life, also))
            except RecordChanged:
                continue
            return life, instructions
        raise RecordChanged(arn)

    def _writer(
        self, record: Record, before: Life, life: Life, also: Callable[[sqlite3.Connection], None]
    ) -> Callable[[sqlite3.Connection], None]:
        body: dict[str, Any] = {**record.body, "job": life.to_json()}

        def write(connection: sqlite3.Connection) -> None:
            self._records.update_in(connection, record, status=life.status, body=body)
            also(connection)
            if life.state in TERMINAL:
                self._finish_in(connection, record, life)
            elif life.state is State.WAITING and before.state is not State.WAITING:
                connection.execute(
                    "UPDATE jobs SET running=0, cpus='[]', memory_bytes=0, losses=0 WHERE arn=?", (record.arn,)
                )

        return write

    def _finish_in(self, connection: sqlite3.Connection, record: Record, life: Life) -> None:
        """Takes a finished job out of the queue: its place may become a warm pool, its price is noted."""
        row = connection.execute("SELECT spec, cpus, memory_bytes FROM jobs WHERE arn=?", (record.arn,)).fetchone()
        if row is None:
            return
        spec = JobSpec.from_json(orjson.loads(row[0]))
        connection.execute("DELETE FROM jobs WHERE arn=?", (record.arn,))
        cpus = orjson.loads(row[1])
        if cpus and life.ended is not None and _leaves_its_place_sound(life):
            warm_pools.retain_in(connection, spec, cpus, row[2], life.ended)
        price = costs.note_job_in(connection, record, spec, life)
        if price is not None and len(self._records.tags(record.arn)) < _MOST_TAGS:
            self._records.set_tags_in(connection, record.arn, {costs.TAG: price})


def _leaves_its_place_sound(life: Life) -> bool:
    """Whether a warm pool may be left: not where Clary itself went wrong, nor by a job that never started."""
    clean = life.outcome is not Outcome.FAILED or life.failure_reason.startswith(("AlgorithmError", "ClientError"))
    return clean and life.started is not None


_COLUMNS = "position, id, running, submitted, cpus, memory_bytes, losses"


def _entry(row: tuple[Any, ...], spec: JobSpec) -> Entry:
    position, _, running, submitted, cpus, memory_bytes, losses = row
    return Entry(position, spec, bool(running), submitted, tuple(orjson.loads(cpus)), memory_bytes, losses)
