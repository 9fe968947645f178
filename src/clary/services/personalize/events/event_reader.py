"""What was put record by record, read by programs: as it is at every moment, and without being able to change it."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

import orjson

from clary.services.personalize.events.event_store import FILE, Event, Row, folder_of, last_event_in, last_row_in

MOST_OF_USER = 5000
"""So many of a user's latest events since the training count in an answer: one busy robot must not slow down all."""
_EVENT_COLUMNS = "seq, user, session, item, time, type, value, body"
_RETRY_SECONDS = 0.1
_REOPEN_SECONDS = 600.0
"""A program that only reads cannot open a file that nobody has open: it waits so long for Clary to be back."""


class EventReader:
    """The reading side, in any process, even in one that cannot write to the folders.

    Args:
        root: Personalize's folder. A data set that nothing was put into has no file yet.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._connections: dict[str, sqlite3.Connection] = {}

    def close(self) -> None:
        """Closes the files."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def of_user(self, dataset: str, user: str, after: int = 0) -> list[Event]:
        """What a user did, oldest first.

        Args:
            user: a user's id, or that of an anonymous session.
            after: only events that were stored after this one.

        Returns:
            The last `MOST_OF_USER` of them.
        """
        connection = self._connection(dataset)
        if connection is None:
            return []
        found = _latest(connection, "dataset=? AND user=? AND seq>?", (dataset, user, after))
        if not found:
            known = connection.execute(
                "SELECT user FROM sessions WHERE dataset=? AND session=?", (dataset, user)
            ).fetchone()
            if known:
                found = _latest(connection, "dataset=? AND user=? AND seq>?", (dataset, known[0], after))
        found += _latest(connection, "dataset=? AND session=? AND user='' AND seq>?", (dataset, user, after))
        return sorted(found, key=lambda event: (event.time, event.seq))

    def events(self, dataset: str, after: int = 0, limit: int = 100_000) -> list[Event]:
        """The events of a data set in the order in which they were stored."""
        connection = self._connection(dataset)
        return _events(connection, "dataset=? AND seq>?", (dataset, after), limit) if connection else []

    def last_event(self, dataset: str) -> int:
        """The place of the last event, 0 where there is none."""
        connection = self._connection(dataset)
        return last_event_in(connection, dataset) if connection else 0

    def count(self, dataset: str) -> int:
        """How many events there are."""
        connection = self._connection(dataset)
        if connection is None:
            return 0
        return int(connection.execute("SELECT count(*) FROM events WHERE dataset=?", (dataset,)).fetchone()[0])

    def rows(self, dataset: str, after: int = 0) -> list[Row]:
        """Items, users or actions that were put after the place `after`, in order."""
        connection = self._connection(dataset)
        if connection is None:
            return []
        found = connection.execute(
            "SELECT seq, id, time, body FROM rows WHERE dataset=? AND seq>? ORDER BY seq", (dataset, after)
        )
        return [Row(identifier, orjson.loads(body), time, seq) for seq, identifier, time, body in found]

    def last_row(self, dataset: str) -> int:
        """The place of the last row, 0 where there is none."""
        connection = self._connection(dataset)
        return last_row_in(connection, dataset) if connection else 0

    def _connection(self, dataset: str) -> sqlite3.Connection | None:
        """The open file of a data set; None while there is none, or none with tables: nothing was acknowledged yet."""
        found = self._connections.get(dataset)
        if found is not None:
            return found
        path = folder_of(self._root, dataset) / FILE
        if not path.exists():
            return None
        connection = sqlite3.connect(
            f"file:{path}?mode=ro", uri=True, timeout=30, isolation_level=None, check_same_thread=False
        )
        if not _is_readable(connection):
            connection.close()
            return None
        self._connections[dataset] = connection
        return connection


def _is_readable(connection: sqlite3.Connection) -> bool:
    """Whether a file has its tables; waits while nobody has it open, for then a mere reader cannot open it.

    Raises:
        sqlite3.OperationalError: nobody opened it in time.
    """
    deadline = time.monotonic() + _REOPEN_SECONDS
    while True:
        try:
            names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_CANTOPEN or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_SECONDS)
        else:
            return "rows_seq" in names  # what the schema makes last


def _latest(connection: sqlite3.Connection, where: str, values: tuple[Any, ...]) -> list[Event]:
    return _events(connection, where, values, MOST_OF_USER, "DESC")


def _events(
    connection: sqlite3.Connection, where: str, values: tuple[Any, ...], limit: int, order: str = "ASC"
) -> list[Event]:
    found = connection.execute(
        f"SELECT {_EVENT_COLUMNS} FROM events WHERE {where} ORDER BY seq {order} LIMIT ?",  # noqa: S608 - literal texts
        (*values, limit),
    )
    return [
        Event(user, session, item, time, kind, value, orjson.loads(body), seq)
        for seq, user, session, item, time, kind, value, body in found
    ]
