"""What was put record by record: events, items, users, actions. Durable before it is answered, read by the next answer.

One SQLite file for each data set, in a folder of its own: the gateway writes it with group commit, and a program may
read the folders of the data sets that it was told of. They are named by its id, which is new each time one is made:
what belonged to a deleted one never comes back.
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from clary.storage.database import Database

EVENTS = "events"
"""The folder in Personalize's folder."""
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
FILE = "events.db"


def folder_of(root: Path, dataset: str) -> Path:
    """The folder that holds nothing but what was put into a data set.

    Args:
        root: Personalize's folder.
    """
    return root / EVENTS / dataset


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
        root: Personalize's folder. The files that lie there are opened at once: a program that may only read can do so
            while somebody has them open.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._databases: dict[str, Database] = {}
        _split(root)
        for path in sorted((root / EVENTS).glob(f"*/{FILE}")):
            self._database(path.parent.name)

    @property
    def commits(self) -> int:
        """Transactions that this process has committed."""
        return sum(database.commits for database in list(self._databases.values()))

    @property
    def writes(self) -> int:
        """The writes in them."""
        return sum(database.writes for database in list(self._databases.values()))

    def close(self) -> None:
        """Finishes what is being written and closes every file."""
        with self._lock:
            databases, self._databases = list(self._databases.values()), {}
        for database in databases:
            database.close()

    def _database(self, dataset: str) -> Database:
        """The file of a data set, which is made where there is none."""
        found = self._databases.get(dataset)
        if found is not None:
            return found
        with self._lock:
            if dataset not in self._databases:
                folder = folder_of(self._root, dataset)
                folder.mkdir(parents=True, exist_ok=True)
                self._databases[dataset] = Database(folder / FILE, SCHEMA)
            return self._databases[dataset]

    async def put_events(self, dataset: str, events: Sequence[Event]) -> None:
        """Stores events of a data set."""
        await self._database(dataset).write_async(lambda connection: _insert_events(connection, dataset, events))

    async def put_rows(self, dataset: str, rows: Sequence[Row]) -> None:
        """Stores items, users or actions; one that is there already is replaced."""

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "INSERT OR REPLACE INTO rows (dataset, id, time, body) VALUES (?,?,?,?)",
                [(dataset, row.id, row.time, orjson.dumps(row.body).decode()) for row in rows],
            )

        await self._database(dataset).write_async(write)

    def last_event(self, dataset: str) -> int:
        """The place of the last event of a data set, 0 where there is none."""
        database = self._databases.get(dataset)
        return last_event_in(database.read(), dataset) if database else 0

    def last_row(self, dataset: str) -> int:
        """The place of the last item, user or action that was put, 0 where there is none."""
        database = self._databases.get(dataset)
        return last_row_in(database.read(), dataset) if database else 0

    def forget(self, dataset: str) -> None:
        """Removes everything that was put into a data set, which nobody can put into any more."""
        with self._lock:
            database = self._databases.pop(dataset, None)
        if database is not None:
            database.close()
        shutil.rmtree(folder_of(self._root, dataset), ignore_errors=True)


def without_users(root: Path, dataset: str, users: Sequence[str], *, rows: bool) -> int:
    """Removes the events (or, with `rows`, the rows) of users from a data set, in any process that may write to it.

    Args:
        root: Personalize's folder.

    Returns:
        How many there were.
    """

    def write(connection: sqlite3.Connection) -> int:
        before = connection.total_changes
        keys = [(dataset, user) for user in users]
        if rows:
            connection.executemany("DELETE FROM rows WHERE dataset=? AND id=?", keys)
        else:
            connection.executemany("DELETE FROM events WHERE dataset=? AND user=?", keys)
            connection.executemany("DELETE FROM sessions WHERE dataset=? AND user=?", keys)
        return connection.total_changes - before

    path = folder_of(root, dataset) / FILE
    if not path.exists():
        return 0
    database = Database(path, SCHEMA)
    try:
        return database.write(write)
    finally:
        database.close()


def last_event_in(connection: sqlite3.Connection, dataset: str) -> int:
    """The place of the last event of a data set, 0 where there is none."""
    row = connection.execute("SELECT max(seq) FROM events WHERE dataset=?", (dataset,)).fetchone()
    return int(row[0] or 0)


def last_row_in(connection: sqlite3.Connection, dataset: str) -> int:
    """The place of the last item, user or action that was put, 0 where there is none."""
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


def _split(root: Path) -> None:
    """Gives each data set of a folder of earlier days, where one file held what was put into all, a file of its own."""
    shared = root / EVENTS / FILE
    if not shared.exists():
        return
    connection = sqlite3.connect(shared)
    tables = ("events", "sessions", "rows")
    query = " UNION ".join(f"SELECT dataset FROM {table}" for table in tables)  # noqa: S608
    for (dataset,) in connection.execute(query).fetchall():
        folder = folder_of(root, dataset)
        shutil.rmtree(folder, ignore_errors=True)  # of an attempt that was interrupted
        folder.mkdir()
        Database(folder / FILE, SCHEMA).close()
        connection.execute("ATTACH ? AS own", (str(folder / FILE),))
        for table in tables:
            connection.execute(f"INSERT INTO own.{table} SELECT * FROM {table} WHERE dataset=?", (dataset,))  # noqa: S608
        connection.commit()
        connection.execute("DETACH own")
    connection.close()
    for suffix in ("", "-wal", "-shm"):
        shared.with_name(shared.name + suffix).unlink(missing_ok=True)
