"""The tables of logs: their rows as values, and the statements that `Logs` puts together."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

SCHEMA = """
CREATE TABLE IF NOT EXISTS log_groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
    created_ms INTEGER NOT NULL, retention_days INTEGER, stored_bytes INTEGER NOT NULL DEFAULT 0,
    attributes TEXT NOT NULL, tags TEXT NOT NULL,
    UNIQUE (account, region, name)
);
CREATE TABLE IF NOT EXISTS log_streams (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id INTEGER NOT NULL, name TEXT NOT NULL, created_ms INTEGER NOT NULL,
    first_ms INTEGER, last_ms INTEGER, ingested_ms INTEGER,
    stored_bytes INTEGER NOT NULL DEFAULT 0, events INTEGER NOT NULL DEFAULT 0,
    UNIQUE (group_id, name)
);
CREATE INDEX IF NOT EXISTS log_streams_last ON log_streams (group_id, coalesce(last_ms, 0), name);
CREATE TABLE IF NOT EXISTS log_events (
    stream_id INTEGER NOT NULL, time_ms INTEGER NOT NULL, sequence INTEGER NOT NULL,
    message TEXT NOT NULL, ingested_ms INTEGER NOT NULL,
    PRIMARY KEY (stream_id, time_ms, sequence)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dropped_streams (id INTEGER PRIMARY KEY);
"""

EVENT_OVERHEAD_BYTES = 26
DAY_MS = 86_400_000
BEGINNING = (-1, 0)
GROUP_COLUMNS = "id, account, region, name, created_ms, retention_days, stored_bytes, attributes, tags"
STREAM_COLUMNS = "id, group_id, name, created_ms, first_ms, last_ms, ingested_ms, stored_bytes, events"
LARGEST_INTEGER = 2**63 - 1
REMOVED_PER_COMMIT = 10_000

Position = tuple[int, int]
"""Where an event stands in its stream: (time in ms, sequence)."""


class GroupExists(Exception):
    """A log group of that name is there already."""


class NoSuchGroup(Exception):
    """There is no log group of that name."""


class StreamExists(Exception):
    """The group has a stream of that name already."""


class NoSuchStream(Exception):
    """The group has no stream of that name."""


@dataclass(frozen=True, slots=True)
class LogGroup:
    """A group; times in ms since 1970, `retention_days` None for ever, `attributes` and `tags` JSON-compatible."""

    id: int
    account: str
    region: str
    name: str
    created_ms: int
    retention_days: int | None
    stored_bytes: int
    attributes: dict[str, Any]
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class LogStream:
    """A stream; `first_ms`, `last_ms` and `ingested_ms` (ms since 1970) are None until an event arrives.

    Attributes:
        events: how many events were ever put; the sequence of the newest.
    """

    id: int
    group_id: int
    name: str
    created_ms: int
    first_ms: int | None
    last_ms: int | None
    ingested_ms: int | None
    stored_bytes: int
    events: int


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One line; `sequence` counts the events of its stream from 1, in order of arrival."""

    stream_id: int
    time_ms: int
    sequence: int
    message: str
    ingested_ms: int

    @property
    def position(self) -> Position:
        """Where it stands in its stream."""
        return self.time_ms, self.sequence


def find_group(connection: sqlite3.Connection, account: str, region: str, name: str) -> LogGroup | None:
    """The group, None where there is none of that name."""
    row = connection.execute(
        f"SELECT {GROUP_COLUMNS} FROM log_groups WHERE account=? AND region=? AND name=?",  # noqa: S608
        (account, region, name),
    ).fetchone()
    return group_of(row) if row else None


def find_stream(connection: sqlite3.Connection, group_id: int, name: str) -> LogStream | None:
    """The stream, None where the group has none of that name."""
    row = connection.execute(
        f"SELECT {STREAM_COLUMNS} FROM log_streams WHERE group_id=? AND name=?",  # noqa: S608
        (group_id, name),
    ).fetchone()
    return LogStream(*row) if row else None


def insert_group(
    connection: sqlite3.Connection,
    account: str,
    region: str,
    name: str,
    now_ms: int,
    attributes: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
) -> int:
    """Inserts a group and gives its id."""
    row = connection.execute(
        "INSERT INTO log_groups (account, region, name, created_ms, attributes, tags)"
        " VALUES (?,?,?,?,?,?) RETURNING id",
        (account, region, name, now_ms, json_text(attributes or {}), json_text(tags or {})),
    ).fetchone()
    return int(row[0])


def insert_stream(connection: sqlite3.Connection, group_id: int, name: str, now_ms: int) -> None:
    """Inserts a stream without events."""
    connection.execute("INSERT INTO log_streams (group_id, name, created_ms) VALUES (?,?,?)", (group_id, name, now_ms))


def append_events(
    connection: sqlite3.Connection, stream: LogStream, events: Sequence[tuple[int, str]], now_ms: int
) -> None:
    """Inserts events behind those of `stream` and keeps the sums of stream and group."""
    if not events:
        return
    # A lone surrogate, which a program can print and JSON can carry, has no UTF-8: it becomes a question mark.
    encoded = [(time_ms, message.encode(errors="replace")) for time_ms, message in events]
    connection.executemany(
        "INSERT INTO log_events VALUES (?,?,?,?,?)",
        [
            (stream.id, time_ms, sequence, message.decode(), now_ms)
            for sequence, (time_ms, message) in enumerate(encoded, stream.events + 1)
        ],
    )
    size = sum(len(message) + EVENT_OVERHEAD_BYTES for _, message in encoded)
    first = min(time_ms for time_ms, _ in events)
    last = max(time_ms for time_ms, _ in events)
    connection.execute(
        "UPDATE log_streams SET first_ms=min(coalesce(first_ms, ?1), ?1), last_ms=max(coalesce(last_ms, ?2), ?2),"
        " ingested_ms=?3, stored_bytes=stored_bytes+?4, events=events+?5 WHERE id=?6",
        (first, last, now_ms, size, len(events), stream.id),
    )
    connection.execute("UPDATE log_groups SET stored_bytes=stored_bytes+? WHERE id=?", (size, stream.group_id))


def remove_events(connection: sqlite3.Connection, stream_id: int, before_ms: int) -> tuple[int, int]:
    """Removes the oldest events before a time, as many as one commit may; gives their number and stored bytes."""
    rows = connection.execute(
        "SELECT time_ms, sequence, length(CAST(message AS BLOB)) FROM log_events WHERE stream_id=? AND time_ms<?"
        " ORDER BY time_ms, sequence LIMIT ?",
        (stream_id, before_ms, REMOVED_PER_COMMIT),
    ).fetchall()
    if rows:
        connection.execute(
            "DELETE FROM log_events WHERE stream_id=? AND (time_ms, sequence)<=(?, ?)", (stream_id, *rows[-1][:2])
        )
    return len(rows), sum(row[2] + EVENT_OVERHEAD_BYTES for row in rows)


def group_of(row: tuple[Any, ...]) -> LogGroup:
    """A row of `GROUP_COLUMNS` as a value."""
    key, account, region, name, created_ms, days, size, attributes, tags = row
    return LogGroup(key, account, region, name, created_ms, days, size, orjson.loads(attributes), orjson.loads(tags))


def json_text(value: Mapping[str, Any]) -> str:
    """JSON as it is stored."""
    return orjson.dumps(value).decode()


def after_prefix(prefix: str) -> str:
    """A text greater than everything that begins with `prefix` (names hold no character that high)."""
    return prefix + "\U0010ffff"
