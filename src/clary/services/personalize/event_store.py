"""What was put record by record: events, items, users, actions. Durable before it is answered, read by the next answer.

One SQLite file: the gateway writes it with group commit, serving and training processes read it. Rows belong to a data
set's id, which is new each time a data set is made: what belonged to a deleted one never comes back.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from clary.storage.database import Database

EVENTS_FILE = "events/events.db"
"""The file in Personalize's folder. Its own folder holds nothing else: programs that read it must write beside it."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, dataset TEXT NOT NULL, user TEXT NOT NULL, session TEXT NOT NULL,
    item TEXT NOT NULL, time INTEGER NOT NULL, type TEXT NOT NULL, value REAL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_user ON events (dataset, user, seq);
CREATE INDEX IF NOT EXISTS events_session ON events (dataset, session, seq);
CREATE TABLE IF NOT EXISTS sessions (
    dataset TEXT NOT NULL, session TEXT NOT NULL, user TEXT NOT NULL, PRIMARY KEY (dataset, session)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rows (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, dataset TEXT NOT NULL, id TEXT NOT NULL, time REAL NOT NULL,
    body TEXT NOT NULL, UNIQUE (dataset, id)
);
CREATE INDEX IF NOT EXISTS rows_seq ON rows (dataset, seq);
"""
MOST_OF_USER = 5000
"""So many of a user's latest events since the training count in an answer: one busy robot must not slow down all."""
_ROWS_PER_STEP = 5000
_EVENT_COLUMNS = "seq, user, session, item, time, type, value, body"


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it was put.

    Attributes:
        seq: its place among all events; 0 before it is stored.
        user: "" while the session is anonymous.
        item: the item, or of an action interaction the action; "" where only impressions were put.
        time: seconds since 1970.
        body: further columns by their name in the schema.
    """

    user: str
    session: str
    item: str
    time: int
    type: str
    value: float | None = None
    body: dict[str, Any] = field(default_factory=dict)
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One item, user or action as it was put last.

    Attributes:
        time: when, seconds since 1970.
        body: its columns by their name in the schema, the id among them.
    """

    id: str
    body: dict[str, Any]
    time: float
    seq: int = 0


class EventStore:
    """The writing side, in the gateway.

    Promises:
        **Durability.** What a write returned is on disk.
        **Sessions.** As soon as an event names a user, all events of its session are that user's, earlier ones too.

    Args:
        database: one that was opened with this module's `SCHEMA`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put_events(self, dataset: str, events: Sequence[Event]) -> None:
        """Stores events of a data set."""
        await self._database.write_async(lambda connection: _insert_events(connection, dataset, events))

    async def put_rows(self, dataset: str, rows: Sequence[Row]) -> None:
        """Stores items, users or actions; one that is there already is replaced."""

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "INSERT OR REPLACE INTO rows (dataset, id, time, body) VALUES (?,?,?,?)",
                [(dataset, row.id, row.time, orjson.dumps(row.body).decode()) for row in rows],
            )

        await self._database.write_async(write)

    def last_event(self, dataset: str) -> int:
        """The place of the last event of a data set, 0 where there is none."""
        return _last_event(self._database.read(), dataset)

    def last_row(self, dataset: str) -> int:
        """The place of the last item, user or action that was put, 0 where there is none."""
        return _last_row(self._database.read(), dataset)

    def forget(self, dataset: str) -> None:
        """Removes everything that was put into a data set, in steps: other writes wait for one step at most."""
        for table, key in (("events", "seq"), ("sessions", "session"), ("rows", "seq")):
            text = (
                f"DELETE FROM {table} WHERE dataset=?1 AND {key} IN "  # noqa: S608 - literal names
                f"(SELECT {key} FROM {table} WHERE dataset=?1 LIMIT {_ROWS_PER_STEP})"
            )
            while self._database.write(functools.partial(_removed, text, dataset)):
                pass

    def forget_users(self, dataset: str, users: Sequence[str], *, rows: bool) -> int:
        """Removes the events (or, with `rows`, the rows) of users; returns how many there were."""

        def write(connection: sqlite3.Connection) -> int:
            before = connection.total_changes
            keys = [(dataset, user) for user in users]
            if rows:
                connection.executemany("DELETE FROM rows WHERE dataset=? AND id=?", keys)
            else:
                connection.executemany("DELETE FROM events WHERE dataset=? AND user=?", keys)
                connection.executemany("DELETE FROM sessions WHERE dataset=? AND user=?", keys)
            return connection.total_changes - before

        return self._database.write(write)


def _removed(text: str, dataset: str, connection: sqlite3.Connection) -> int:
    return connection.execute(text, (dataset,)).rowcount


def _last_event(connection: sqlite3.Connection, dataset: str) -> int:
    row = connection.execute("SELECT max(seq) FROM events WHERE dataset=?", (dataset,)).fetchone()
    return int(row[0] or 0)


def _last_row(connection: sqlite3.Connection, dataset: str) -> int:
    row = connection.execute("SELECT max(seq) FROM rows WHERE dataset=?", (dataset,)).fetchone()
    return int(row[0] or 0)


def _insert_events(connection: sqlite3.Connection, dataset: str, events: Sequence[Event]) -> None:
    for event in events:
        user = event.user
        found = connection.execute(
            "SELECT user FROM sessions WHERE dataset=? AND session=?", (dataset, event.session)
        ).fetchone()
        if not user:
            user = found[0] if found else ""
        elif found is None or found[0] != user:  # else no event of the session is anonymous
            connection.execute("INSERT OR REPLACE INTO sessions VALUES (?,?,?)", (dataset, event.session, user))
            connection.execute(
                "UPDATE events SET user=? WHERE dataset=? AND session=? AND user=''", (user, dataset, event.session)
            )
        connection.execute(
            "INSERT INTO events (dataset, user, session, item, time, type, value, body) VALUES (?,?,?,?,?,?,?,?)",
            (
                dataset,
                user,
                event.session,
                event.item,
                event.time,
                event.type,
                event.value,
                orjson.dumps(event.body).decode(),
            ),
        )


class EventReader:
    """The reading side, in any process.

    Args:
        path: the database; it need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(
            f"file:{path}?mode=ro", uri=True, timeout=30, isolation_level=None, check_same_thread=False
        )

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def of_user(self, dataset: str, user: str, after: int = 0) -> list[Event]:
        """What a user did, oldest first.

        Args:
            user: a user's id, or that of an anonymous session.
            after: only events that were stored after this one.

        Returns:
            The last `MOST_OF_USER` of them.
        """
        found = self._latest("dataset=? AND user=? AND seq>?", (dataset, user, after))
        if not found:
            known = self._connection.execute(
                "SELECT user FROM sessions WHERE dataset=? AND session=?", (dataset, user)
            ).fetchone()
            if known:
                found = self._latest("dataset=? AND user=? AND seq>?", (dataset, known[0], after))
        found += self._latest("dataset=? AND session=? AND user='' AND seq>?", (dataset, user, after))
        return sorted(found, key=lambda event: (event.time, event.seq))

    def _latest(self, where: str, values: tuple[Any, ...]) -> list[Event]:
        return self._events(where, values, MOST_OF_USER, "DESC")

    def events(self, dataset: str, after: int = 0, limit: int = 100_000) -> list[Event]:
        """The events of a data set in the order in which they were stored."""
        return self._events("dataset=? AND seq>?", (dataset, after), limit)

    def last_event(self, dataset: str) -> int:
        """The place of the last event, 0 where there is none."""
        return _last_event(self._connection, dataset)

    def count(self, dataset: str) -> int:
        """How many events there are."""
        return int(self._connection.execute("SELECT count(*) FROM events WHERE dataset=?", (dataset,)).fetchone()[0])

    def rows(self, dataset: str, after: int = 0) -> list[Row]:
        """Items, users or actions that were put after the place `after`, in order."""
        found = self._connection.execute(
            "SELECT seq, id, time, body FROM rows WHERE dataset=? AND seq>? ORDER BY seq", (dataset, after)
        )
        return [Row(identifier, orjson.loads(body), time, seq) for seq, identifier, time, body in found]

    def last_row(self, dataset: str) -> int:
        """The place of the last row, 0 where there is none."""
        return _last_row(self._connection, dataset)

    def _events(self, where: str, values: tuple[Any, ...], limit: int, order: str = "ASC") -> list[Event]:
        found = self._connection.execute(
            f"SELECT {_EVENT_COLUMNS} FROM events WHERE {where} ORDER BY seq {order} LIMIT ?",  # noqa: S608 - literal texts
            (*values, limit),
        )
        return [
            Event(user, session, item, time, kind, value, orjson.loads(body), seq)
            for seq, user, session, item, time, kind, value, body in found
        ]
