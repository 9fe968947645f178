"""Resources as rows: everything AWS would call a resource, whatever its service.

One table serves all: kind, account, region, name, ARN, status, parent, times, body as JSON, version.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from clary.core.clock import Clock, SystemClock
from clary.core.pages import InvalidToken, decode_token, encode_token
from clary.storage.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS resources (
    kind TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
    arn TEXT NOT NULL, status TEXT NOT NULL, parent TEXT NOT NULL,
    created REAL NOT NULL, modified REAL NOT NULL, body TEXT NOT NULL, version INTEGER NOT NULL,
    PRIMARY KEY (kind, account, region, name)
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS resources_arn ON resources (arn);
CREATE INDEX IF NOT EXISTS resources_created ON resources (kind, account, region, created, name);
CREATE INDEX IF NOT EXISTS resources_modified ON resources (kind, account, region, modified, name);
CREATE INDEX IF NOT EXISTS resources_status ON resources (kind, account, region, status, created, name);
CREATE INDEX IF NOT EXISTS resources_parent ON resources (kind, account, region, parent, created, name);
CREATE TABLE IF NOT EXISTS tags (
    arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key)
) WITHOUT ROWID;
"""

_COLUMNS = "kind, account, region, name, arn, status, parent, created, modified, body, version"
SORT_COLUMNS = ("name", "created", "modified", "status")
_BATCH = 1000  # rows that `Records.every` reads at once


class RecordExists(Exception):
    """A record of that kind and name, or that ARN, is there already."""


class RecordChanged(Exception):
    """The record was changed or deleted since it was read."""


@dataclass(frozen=True, slots=True)
class Record:
    """One resource.

    Attributes:
        kind: "sagemaker:training-job", "personalize:dataset-group", ...: family, colon, the ARN's resource type.
        parent: the name or ARN of what it belongs to, "" for none.
        created, modified: seconds since 1970, UTC.
        body: JSON-compatible values.
        version: counts the changes, from 1; 0 before the record is inserted.
    """

    kind: str
    account: str
    region: str
    name: str
    arn: str
    status: str = ""
    parent: str = ""
    created: float = 0.0
    modified: float = 0.0
    body: dict[str, Any] = field(default_factory=dict)
    version: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """A page of records and the token of the next one, None at the end."""

    records: list[Record]
    next_token: str | None


@dataclass(frozen=True, slots=True)
class Filters:
    """What `Records.page` selects; every field that is set must hold. Times are seconds since 1970, exclusive."""

    status: str | None = None
    parent: str | None = None
    name_contains: str | None = None
    created_after: float | None = None
    created_before: float | None = None
    modified_after: float | None = None
    modified_before: float | None = None

    def clauses(self) -> list[tuple[str, Any]]:
        """The SQL conditions with their arguments."""
        rules: Sequence[tuple[str, Any]] = (
            ("status = ?", self.status),
            ("parent = ?", self.parent),
            ("instr(lower(name), ?) > 0", self.name_contains.lower() if self.name_contains else None),
            ("created > ?", self.created_after),
            ("created < ?", self.created_before),
            ("modified > ?", self.modified_after),
            ("modified < ?", self.modified_before),
        )
        return [(sql, value) for sql, value in rules if value is not None]


class Records:
    """The table of resources.

    Promises:
        **Durability.** What `insert`, `update` or `delete` returned is on disk.
        **Optimism.** `update` and `delete` take the record as it was read and raise `RecordChanged` when somebody was
        faster; nothing is locked in between.
        **Cost.** A look-up and a page cost the same with a thousand and with a million records.
        **Threads and processes.** Any number of both may use the same database.

    Args:
        database: a database that was opened with (at least) this module's `SCHEMA`.
    """

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self.database = database
        self._clock = clock or SystemClock()

    def insert(self, record: Record, *, tags: Mapping[str, str] | None = None) -> Record:
        """Stores a new record with its tags; `created` and `modified` become now where they are 0.

        Raises:
            RecordExists: kind and name, or the ARN, are taken.
        """

        def write(connection: sqlite3.Connection) -> Record:
            stored = self.insert_in(connection, record)
            if tags:
                self.set_tags_in(connection, stored.arn, tags)
            return stored

        return self.database.write(write)

    def insert_in(self, connection: sqlite3.Connection, record: Record) -> Record:
        """`insert` inside a transaction that somebody else commits."""
        now = self._clock.time()
        stored = replace(
            record, created=record.created or now, modified=record.modified or record.created or now, version=1
        )
        try:
            connection.execute(f"INSERT INTO resources ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?)", _row(stored))  # noqa: S608
        except sqlite3.IntegrityError as error:
            raise RecordExists(record.arn) from error
        return stored

    def get(self, kind: str, account: str, region: str, name: str) -> Record | None:
        """The record, or None."""
        row = (
            self.database.read()
            .execute(
                f"SELECT {_COLUMNS} FROM resources WHERE kind=? AND account=? AND region=? AND name=?",  # noqa: S608
                (kind, account, region, name),
            )
            .fetchone()
        )
        return _record(row) if row else None

    def by_arn(self, arn: str) -> Record | None:
        """The record with that ARN, or None."""
        row = self.database.read().execute(f"SELECT {_COLUMNS} FROM resources WHERE arn=?", (arn,)).fetchone()  # noqa: S608
        return _record(row) if row else None

    def update(
        self,
        record: Record,
        *,
        status: str | None = None,
        body: Mapping[str, Any] | None = None,
        parent: str | None = None,
    ) -> Record:
        """Stores the record with another status, body or parent; returns it as stored.

        Raises:
            RecordChanged: it is no longer the version in `record`.
        """
        return self.database.write(
            lambda connection: self.update_in(connection, record, status=status, body=body, parent=parent)
        )

    def update_in(
        self,
        connection: sqlite3.Connection,
        record: Record,
        *,
        status: str | None = None,
        body: Mapping[str, Any] | None = None,
        parent: str | None = None,
    ) -> Record:
        """`update` inside a transaction that somebody else commits."""
        stored = replace(
            record,
            status=record.status if status is None else status,
            parent=record.parent if parent is None else parent,
            body=record.body if body is None else dict(body),
            modified=self._clock.time(),
            version=record.version + 1,
        )
        changed = connection.execute(
            "UPDATE resources SET status=?, parent=?, body=?, modified=?, version=?"
            " WHERE kind=? AND account=? AND region=? AND name=? AND version=?",
            (
                stored.status,
                stored.parent,
                orjson.dumps(stored.body).decode(),
                stored.modified,
                stored.version,
                *_key(record),
                record.version,
            ),
        ).rowcount
        if not changed:
            raise RecordChanged(record.arn)
        return stored

    def delete(self, record: Record) -> None:
        """Removes the record and its tags.

        Raises:
            RecordChanged: it is no longer the version in `record`.
        """
        self.database.write(lambda connection: self.delete_in(connection, record))

    def delete_in(self, connection: sqlite3.Connection, record: Record) -> None:
        """`delete` inside a transaction that somebody else commits."""
        changed = connection.execute(
            "DELETE FROM resources WHERE kind=? AND account=? AND region=? AND name=? AND version=?",
            (*_key(record), record.version),
        ).rowcount
        if not changed:
            raise RecordChanged(record.arn)
        connection.execute("DELETE FROM tags WHERE arn=?", (record.arn,))

    def page(
        self,
        kind: str,
        account: str,
        region: str,
        *,
        filters: Filters | None = None,
        sort: str = "created",
        descending: bool = False,
        limit: int = 100,
        token: str | None = None,
    ) -> Page:
        """A page of records in a stable order.

        Args:
            sort: one of `SORT_COLUMNS`; ties go by name.
            token: `next_token` of the page before, of the same listing.

        Raises:
            InvalidToken: the token is not one of this listing.
        """
        if sort not in SORT_COLUMNS:
            raise ValueError(f"cannot sort by {sort!r}")
        conditions: list[tuple[str, Any]] = [("kind = ?", kind), ("account = ?", account), ("region = ?", region)]
        conditions += (filters or Filters()).clauses()
        where = " AND ".join(sql for sql, _ in conditions)
        values = [value for _, value in conditions]
        if token is not None:
            last, name = decode_token(token, 2)
            if not isinstance(last, str | int | float) or not isinstance(name, str):
                raise InvalidToken(token)
            where += f" AND ({sort}, name) {'<' if descending else '>'} (?, ?)"
            values += [last, name]
        way = "DESC" if descending else "ASC"
        rows = (
            self.database.read()
            .execute(
                f"SELECT {_COLUMNS} FROM resources WHERE {where} ORDER BY {sort} {way}, name {way} LIMIT ?",  # noqa: S608
                (*values, limit + 1),
            )
            .fetchall()
        )
        records = [_record(row) for row in rows[:limit]]
        more = len(rows) > limit and records
        return Page(records, encode_token(getattr(records[-1], sort), records[-1].name) if more else None)

    def every(self, kind: str, account: str, region: str, filters: Filters | None = None) -> list[Record]:
        """All records of a listing, oldest first: for those of which one resource has few."""
        found: list[Record] = []
        token: str | None = None
        while True:
            page = self.page(kind, account, region, filters=filters, limit=_BATCH, token=token)
            found += page.records
            token = page.next_token
            if token is None:
                return found

    def children(self, kind: str, parent: Record) -> list[Record]:
        """All records of a kind that belong to another one, oldest first."""
        return self.every(kind, parent.account, parent.region, Filters(parent=parent.arn))

    def of_kind(self, kind: str) -> list[Record]:
        """Every record of a kind, whatever its account and region: for what a start of Clary takes up again."""
        rows = self.database.read().execute(f"SELECT {_COLUMNS} FROM resources WHERE kind=? ORDER BY arn", (kind,))  # noqa: S608
        return [_record(row) for row in rows]

    def with_status(self, kind: str, status: str) -> list[Record]:
        """Every record of a kind with that status, whatever its account and region, oldest first."""
        rows = self.database.read().execute(
            f"SELECT {_COLUMNS} FROM resources WHERE kind=? AND status=? ORDER BY created, arn",  # noqa: S608
            (kind, status),
        )
        return [_record(row) for row in rows]

    def count(self, kind: str, account: str, region: str) -> int:
        """How many records of that kind there are."""
        row = self.database.read().execute(
            "SELECT count(*) FROM resources WHERE kind=? AND account=? AND region=?", (kind, account, region)
        )
        return int(row.fetchone()[0])

    def count_by_status(self, kind: str) -> dict[str, int]:
        """How many records of that kind have each status, in all accounts and regions; reads an index of them all."""
        rows = self.database.read().execute(
            "SELECT status, count(*) FROM resources WHERE kind=? GROUP BY status", (kind,)
        )
        return {str(status): int(count) for status, count in rows}

    def set_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        """Adds tags to a resource; a key it has already gets the new value."""
        self.database.write(lambda connection: self.set_tags_in(connection, arn, tags))

    def set_tags_in(self, connection: sqlite3.Connection, arn: str, tags: Mapping[str, str]) -> None:
        """`set_tags` inside a transaction that somebody else commits."""
        connection.executemany(
            "INSERT OR REPLACE INTO tags (arn, key, value) VALUES (?,?,?)",
            [(arn, key, value) for key, value in tags.items()],
        )

    def remove_tags(self, arn: str, keys: Sequence[str]) -> None:
        """Removes tags; unknown keys are ignored."""
        self.database.write(
            lambda connection: connection.executemany(
                "DELETE FROM tags WHERE arn=? AND key=?", [(arn, key) for key in keys]
            )
        )

    def tags(self, arn: str) -> dict[str, str]:
        """The tags of a resource, sorted by key."""
        return dict(
            self.database.read().execute("SELECT key, value FROM tags WHERE arn=? ORDER BY key", (arn,)).fetchall()
        )


def _key(record: Record) -> tuple[str, str, str, str]:
    return record.kind, record.account, record.region, record.name


def _row(record: Record) -> tuple[Any, ...]:
    return (
        *_key(record),
        record.arn,
        record.status,
        record.parent,
        record.created,
        record.modified,
        orjson.dumps(record.body).decode(),
        record.version,
    )


def _record(row: tuple[Any, ...]) -> Record:
    kind, account, region, name, arn, status, parent, created, modified, body, version = row
    return Record(kind, account, region, name, arn, status, parent, created, modified, orjson.loads(body), version)
