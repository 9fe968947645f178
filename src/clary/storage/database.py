"""SQLite with group commit: many writers share one fsync.

A durable commit costs one fsync (about 2 ms on a common disk), however many rows it carries. `Database` therefore
gives all writes to one thread, which puts everything that waits into one transaction and answers after the commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
Write = Callable[[sqlite3.Connection], T]

_MOST_WRITES_PER_COMMIT = 512
_BUSY_TIMEOUT_SECONDS = 30


class DatabaseClosed(Exception):
    """The database was closed before or while the write waited."""


class Database:
    """One SQLite file in WAL mode, open in this process; several processes may open the same file.

    Promises:
        **Durability.** When `write` returns, or the future of `submit` resolves, the change is on disk
        (`synchronous=FULL`).
        **Atomicity.** Each write function is all or nothing: an exception it raises undoes what it did, reaches its
        caller, and leaves the other writes of the same commit alone.
        **Order.** Writes are carried out in the order in which they were submitted.
        **Threads.** Every method may be called from any thread. Write functions run in the writer's thread: they must
        be short, and must not call `write` themselves.

    Args:
        path: the file; its folder must exist.
        schema: idempotent DDL (`CREATE TABLE IF NOT EXISTS ...`), run once at opening.

    Attributes:
        commits: transactions that this process has committed.
        writes: the writes in them; several to a commit where writers come together.
    """

    def __init__(self, path: Path, schema: str) -> None:
        self.path = path
        self.commits = 0
        self.writes = 0
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._readers_lock = threading.Lock()
        self._queue: queue.SimpleQueue[tuple[Write[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        path.touch(mode=0o600)  # SQLite gives its other files the same mode; an existing file keeps its own
        self._connection = self._open()
        self._connection.executescript(schema)
        self._writer = threading.Thread(target=self._write_forever, name=f"writer {path.name}", daemon=True)
        self._writer.start()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path,
            timeout=_BUSY_TIMEOUT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA temp_store=MEMORY")
        return connection

    def read(self) -> sqlite3.Connection:
        """This thread's connection for reading; it sees every committed write."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._open()
            connection.execute("PRAGMA query_only=ON")
            self._local.connection = connection
            with self._readers_lock:
                self._readers.append(connection)
        return connection

    def submit(self, write: Write[T]) -> Future[T]:
        """Queues a write; the future resolves to its result once it is on disk."""
        future: Future[T] = Future()
        with self._closing:
            if self._closed:
                raise DatabaseClosed(str(self.path))
            self._queue.put((write, future))
        return future

    def write(self, write: Write[T]) -> T:
        """Carries out a write and waits until it is on disk."""
        return self.submit(write).result()

    async def write_async(self, write: Write[T]) -> T:
        """Carries out a write without blocking the event loop."""
        return await asyncio.wrap_future(self.submit(write))

    def close(self) -> None:
        """Finishes the queued writes and closes every connection."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._writer.join()
        with self._readers_lock:
            for connection in self._readers:
                connection.close()
            self._readers.clear()
        self._connection.close()

    def _write_forever(self) -> None:
        while (first := self._queue.get()) is not None:
            batch = [first]
            last = False
            while len(batch) < _MOST_WRITES_PER_COMMIT:
                try:
                    waiting = self._queue.get_nowait()
                except queue.Empty:
                    break
                if waiting is None:
                    last = True
                    break
                batch.append(waiting)
            # From here on nobody can cancel them: a future that was cancelled could not be answered.
            self._commit([entry for entry in batch if entry[1].set_running_or_notify_cancel()])
            if last:
                return

    def _commit(self, batch: list[tuple[Write[Any], Future[Any]]]) -> None:
        connection = self._connection
        outcomes: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            if connection.in_transaction:  # the roll-back of an earlier commit failed, too
                connection.execute("ROLLBACK")
            connection.execute("BEGIN IMMEDIATE")
            for write, future in batch:
                outcomes.append((future, *self._run(connection, write)))
            connection.execute("COMMIT")
        except Exception as error:  # whatever it is: this thread must live, or every later write would wait for ever
            with contextlib.suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            for _, future in batch:
                future.set_exception(error)
            return
        self.commits += 1
        self.writes += len(outcomes)
        for future, result, failure in outcomes:
            if failure is None:
                future.set_result(result)
            else:
                future.set_exception(failure)

    @staticmethod
    def _run(connection: sqlite3.Connection, write: Write[Any]) -> tuple[Any, BaseException | None]:
        connection.execute("SAVEPOINT one_write")
        try:
            result = write(connection)
        except Exception as error:
            if not connection.in_transaction:  # SQLite undid everything by itself (disk full, I/O error)
                raise
            connection.execute("ROLLBACK TO one_write")
            connection.execute("RELEASE one_write")
            if isinstance(error, sqlite3.OperationalError):
                raise
            return None, error
        connection.execute("RELEASE one_write")
        return result, None
