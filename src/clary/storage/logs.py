"""Log groups, streams and events: durable, appended to by many processes, read by time.

Events lie in one B-tree ordered by (stream, time, arrival), so that appending to a stream and reading a range of it
touch neighbouring pages, whatever else is stored.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from clary.core.clock import Clock, SystemClock
from clary.storage.database import Database
from clary.storage.log_merge import merge
from clary.storage.log_rows import (
    BEGINNING,
    DAY_MS,
    EVENT_OVERHEAD_BYTES,
    GROUP_COLUMNS,
    LARGEST_INTEGER,
    REMOVED_PER_COMMIT,
    SCHEMA,
    STREAM_COLUMNS,
    GroupExists,
    LogEvent,
    LogGroup,
    LogStream,
    NoSuchGroup,
    NoSuchStream,
    Position,
    StreamExists,
    after_prefix,
    append_events,
    find_group,
    find_stream,
    group_of,
    insert_group,
    insert_stream,
    json_text,
    remove_events,
)

__all__ = [
    "BEGINNING",
    "DAY_MS",
    "EVENT_OVERHEAD_BYTES",
    "LARGEST_INTEGER",
    "SCHEMA",
    "GroupExists",
    "LogEvent",
    "LogGroup",
    "LogStream",
    "Logs",
    "NoSuchGroup",
    "NoSuchStream",
    "Position",
    "StreamExists",
]


class Logs:
    """The store of logs.

    Promises:
        **Durability.** What `put` was given is on disk when it returns.
        **Order.** Events of a stream are read in order of time, those of one millisecond in order of arrival.
        **Processes.** Any number of processes may put into the same streams.

    Args:
        database: a database that was opened with (at least) this module's `SCHEMA`.
    """

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self.database = database
        self._clock = clock or SystemClock()

    def put(self, account: str, region: str, group: str, stream: str, events: Sequence[tuple[int, str]]) -> None:
        """Appends events (time in ms since 1970, message); makes group and stream where they are missing."""
        self.submit(account, region, group, stream, events).result()

    async def put_async(
        self, account: str, region: str, group: str, stream: str, events: Sequence[tuple[int, str]]
    ) -> None:
        """`put` without blocking the event loop."""
        await asyncio.wrap_future(self.submit(account, region, group, stream, events))

    def submit(
        self, account: str, region: str, group: str, stream: str, events: Sequence[tuple[int, str]]
    ) -> Future[None]:
        """`put` without waiting: the future resolves once the events are on disk."""

        def write(connection: sqlite3.Connection) -> None:
            now_ms = self._now_ms()
            found = find_group(connection, account, region, group)
            group_id = found.id if found else insert_group(connection, account, region, group, now_ms)
            known = find_stream(connection, group_id, stream)
            if known is None:
                insert_stream(connection, group_id, stream, now_ms)
                known = find_stream(connection, group_id, stream)
            assert known is not None
            append_events(connection, known, events, now_ms)

        return self.database.submit(write)

    def append(self, stream: LogStream, events: Sequence[tuple[int, str]]) -> LogStream:
        """Appends events to a stream that must be there; returns the stream as it is then.

        Raises:
            NoSuchStream: it was deleted.
        """

        def write(connection: sqlite3.Connection) -> LogStream:
            known = find_stream(connection, stream.group_id, stream.name)
            if known is None or known.id != stream.id:
                raise NoSuchStream(stream.name)
            append_events(connection, known, events, self._now_ms())
            after = find_stream(connection, stream.group_id, stream.name)
            assert after is not None
            return after

        return self.database.write(write)

    def create_group(
        self,
        account: str,
        region: str,
        name: str,
        *,
        attributes: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Makes a group.

        Raises:
            GroupExists: the name is taken.
        """

        def write(connection: sqlite3.Connection) -> None:
            try:
                insert_group(connection, account, region, name, self._now_ms(), attributes, tags)
            except sqlite3.IntegrityError as error:
                raise GroupExists(name) from error

        self.database.write(write)

    def group(self, account: str, region: str, name: str) -> LogGroup:
        """The group.

        Raises:
            NoSuchGroup: there is none of that name.
        """
        found = find_group(self.database.read(), account, region, name)
        if found is None:
            raise NoSuchGroup(name)
        return found

    def groups(
        self, account: str, region: str, *, prefix: str = "", contains: str = "", after: str = "", limit: int = 50
    ) -> list[LogGroup]:
        """Up to `limit` groups in order of name, from the first name greater than `after`.

        Args:
            contains: a piece of the name, whatever its case.
        """
        rows = self.database.read().execute(
            f"SELECT {GROUP_COLUMNS} FROM log_groups WHERE account=? AND region=? AND name>? AND name>=? AND name<?"  # noqa: S608
            " AND instr(lower(name), ?)>0 ORDER BY name LIMIT ?",
            (account, region, after, prefix, after_prefix(prefix), contains.lower(), limit),
        )
        return [group_of(row) for row in rows]

    def change_group(
        self,
        group: LogGroup,
        *,
        retention_days: int | None,
        attributes: Mapping[str, Any],
        tags: Mapping[str, str],
    ) -> None:
        """Stores the settings of a group; a group that was deleted meanwhile stays deleted."""
        values = (retention_days, json_text(attributes), json_text(tags), group.id)
        self.database.write(
            lambda connection: connection.execute(
                "UPDATE log_groups SET retention_days=?, attributes=?, tags=? WHERE id=?", values
            )
        )

    def delete_group(self, account: str, region: str, name: str) -> None:
        """Removes a group, its streams and their events.

        Raises:
            NoSuchGroup: there is none of that name.
        """

        def write(connection: sqlite3.Connection) -> None:
            found = find_group(connection, account, region, name)
            if found is None:
                raise NoSuchGroup(name)
            connection.execute("INSERT INTO dropped_streams SELECT id FROM log_streams WHERE group_id=?", (found.id,))
            connection.execute("DELETE FROM log_streams WHERE group_id=?", (found.id,))
            connection.execute("DELETE FROM log_groups WHERE id=?", (found.id,))

        self.database.write(write)
        self._purge_dropped()

    def create_stream(self, group: LogGroup, name: str) -> None:
        """Makes a stream.

        Raises:
            StreamExists: the name is taken.
            NoSuchGroup: the group was deleted.
        """

        def write(connection: sqlite3.Connection) -> None:
            if connection.execute("SELECT 1 FROM log_groups WHERE id=?", (group.id,)).fetchone() is None:
                raise NoSuchGroup(group.name)
            try:
                insert_stream(connection, group.id, name, self._now_ms())
            except sqlite3.IntegrityError as error:
                raise StreamExists(name) from error

        self.database.write(write)

    def stream(self, group: LogGroup, name: str) -> LogStream:
        """The stream.

        Raises:
            NoSuchStream: the group has none of that name.
        """
        found = find_stream(self.database.read(), group.id, name)
        if found is None:
            raise NoSuchStream(name)
        return found

    def streams(
        self,
        group: LogGroup,
        *,
        prefix: str = "",
        by_time: bool = False,
        descending: bool = False,
        after: tuple[int, str] | None = None,
        limit: int = 50,
    ) -> list[LogStream]:
        """Up to `limit` streams of the group.

        Args:
            by_time: in order of the last event's time (streams without events first), else of name.
            after: the (last event's time, 0 for none; name) of the last stream of the page before.
        """
        order, bound = ("coalesce(last_ms, 0), name", "(coalesce(last_ms, 0), name)") if by_time else ("name", "(name)")
        where = "group_id=? AND name>=? AND name<?"
        values: list[Any] = [group.id, prefix, after_prefix(prefix)]
        if after is not None:
            where += f" AND {bound} {'<' if descending else '>'} ({'?, ?' if by_time else '?'})"
            values += after if by_time else after[1:]
        if descending:
            order = order.replace(", name", " DESC, name") + " DESC"
        rows = self.database.read().execute(
            f"SELECT {STREAM_COLUMNS} FROM log_streams WHERE {where} ORDER BY {order} LIMIT ?",  # noqa: S608
            (*values, limit),
        )
        return [LogStream(*row) for row in rows]

    def delete_stream(self, stream: LogStream) -> None:
        """Removes a stream and its events; one that is gone already is fine."""

        def write(connection: sqlite3.Connection) -> None:
            row = connection.execute(
                "DELETE FROM log_streams WHERE id=? RETURNING stored_bytes", (stream.id,)
            ).fetchone()
            if row is not None:
                connection.execute("INSERT INTO dropped_streams VALUES (?)", (stream.id,))
                connection.execute(
                    "UPDATE log_groups SET stored_bytes=stored_bytes-? WHERE id=?", (row[0], stream.group_id)
                )

        self.database.write(write)
        self._purge_dropped()

    def events(
        self,
        stream_id: int,
        *,
        start_ms: int = 0,
        end_ms: int | None = None,
        after: Position | None = None,
        before: Position | None = None,
        newest_first: bool = False,
    ) -> Iterator[LogEvent]:
        """The events of a stream, read as they are taken.

        Args:
            start_ms, end_ms: start inclusive, end exclusive.
            after, before: positions, exclusive.
        """
        low = max((start_ms, 0), after or BEGINNING)
        high = (LARGEST_INTEGER if end_ms is None else end_ms, 0)
        if before is not None:
            high = min(high, before)
        way = "DESC" if newest_first else "ASC"
        rows = self.database.read().execute(
            "SELECT stream_id, time_ms, sequence, message, ingested_ms FROM log_events"  # noqa: S608
            " WHERE stream_id=? AND (time_ms, sequence)>(?, ?) AND (time_ms, sequence)<(?, ?)"
            f" ORDER BY time_ms {way}, sequence {way}",
            (stream_id, *low, *high),
        )
        return (LogEvent(*row) for row in rows)

    def merged(
        self,
        streams: Iterable[LogStream],
        *,
        start_ms: int = 0,
        end_ms: int | None = None,
        after: LogEvent | None = None,
        newest_first: bool = False,
    ) -> Iterator[LogEvent]:
        """The events of several streams in order of time, then stream, then arrival, or backwards.

        Args:
            after: the last event of the page before, in the same order; need not be there any more.
        """

        def of(stream: LogStream) -> Iterator[LogEvent]:
            edge: Position | None = None
            if after is not None and stream.id == after.stream_id:
                edge = after.position
            elif after is not None:  # of that millisecond, only streams behind in the order are still to be read
                edge = (after.time_ms, 0 if stream.id > after.stream_id else LARGEST_INTEGER)
            return self.events(
                stream.id,
                start_ms=start_ms,
                end_ms=end_ms,
                after=None if newest_first else edge,
                before=edge if newest_first else None,
                newest_first=newest_first,
            )

        return merge(streams, of, start_ms=start_ms, end_ms=end_ms, newest_first=newest_first)

    def expire(self) -> None:
        """Removes from disk what is past its group's retention, and what deleted streams left behind."""
        expiring = self.database.read().execute(
            "SELECT s.id, g.retention_days FROM log_groups g JOIN log_streams s ON s.group_id = g.id"
            " WHERE g.retention_days IS NOT NULL AND s.first_ms < ? - g.retention_days * ?",
            (self._now_ms(), DAY_MS),
        )
        for stream_id, days in expiring.fetchall():
            self._remove_before(stream_id, self._now_ms() - days * DAY_MS)
        self._purge_dropped()

    def kept_since_ms(self, group: LogGroup) -> int:
        """The time (ms since 1970) before which the group's events are expired; 0 where they never are."""
        return 0 if group.retention_days is None else self._now_ms() - group.retention_days * DAY_MS

    def _remove_before(self, stream_id: int, time_ms: int) -> None:
        def write(connection: sqlite3.Connection) -> int:
            removed, size = remove_events(connection, stream_id, time_ms)
            first = connection.execute("SELECT min(time_ms) FROM log_events WHERE stream_id=?", (stream_id,)).fetchone()
            connection.execute(
                "UPDATE log_streams SET first_ms=coalesce(?, last_ms), stored_bytes=stored_bytes-? WHERE id=?",
                (first[0], size, stream_id),
            )
            connection.execute(
                "UPDATE log_groups SET stored_bytes=stored_bytes-?"
                " WHERE id=(SELECT group_id FROM log_streams WHERE id=?)",
                (size, stream_id),
            )
            return removed

        while self.database.write(write) == REMOVED_PER_COMMIT:
            pass

    def _purge_dropped(self) -> None:
        """Frees the events of deleted streams, in steps that leave room for other writers."""
        for (stream_id,) in self.database.read().execute("SELECT id FROM dropped_streams").fetchall():
            self._purge(stream_id)

    def _purge(self, stream_id: int) -> None:
        def write(connection: sqlite3.Connection) -> int:
            removed, _ = remove_events(connection, stream_id, LARGEST_INTEGER)
            if removed < REMOVED_PER_COMMIT:
                connection.execute("DELETE FROM dropped_streams WHERE id=?", (stream_id,))
            return removed

        while self.database.write(write) == REMOVED_PER_COMMIT:
            pass

    def _now_ms(self) -> int:
        return int(self._clock.time() * 1000)
