"""What replicas print, on its way to CloudWatch Logs: read from pipes, cut into lines, stored in batches."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from typing import Protocol

from clary.compute.jobs.log_collector import without

_READ_BYTES = 64 << 10
_LONGEST_LINE_BYTES = 240 << 10  # CloudWatch takes 256 KiB an event
_MOST_WAITING_EVENTS = 10_000
_LAST_LINES = 12
_FLUSH_SECONDS = 0.5
_MOST_HIDDEN = 8

_log = logging.getLogger(__name__)


class LogStore(Protocol):
    """Where events go: `storage.logs.Logs`."""

    def submit(
        self, account: str, region: str, group: str, stream: str, events: Sequence[tuple[int, str]]
    ) -> Future[None]:
        """Appends events, (milliseconds since 1970, message); the future resolves once they are on disk."""
        ...


class ReplicaLog:
    """The output of one replica, whose process may change.

    Attributes:
        key: account, region, group and stream.
    """

    def __init__(self, key: tuple[str, str, str, str]) -> None:
        self.key = key
        self._loop = asyncio.get_running_loop()
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._events: list[tuple[int, str]] = []
        self._partial = b""
        self._readers: set[int] = set()
        self._paused: set[int] = set()
        self._hidden: deque[str] = deque(maxlen=_MOST_HIDDEN)  # a replica that crashes again and again has many

    @property
    def last_lines(self) -> list[str]:
        """What the process of the last `open` printed last."""
        self._read_all()
        return [*self._last, *([without(self._hidden, _text(self._partial))] if self._partial else [])]

    def open(self) -> int:
        """A descriptor for a process's stdout and stderr; the caller closes it once the process has it."""
        self._read_all()
        self._last.clear()
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        self._readers.add(reading)
        self._loop.add_reader(reading, self._read, reading)
        return writing

    def hide(self, words: Iterable[str]) -> None:
        """Words that are left out from now on: secrets that a program was given, and prints."""
        self._hidden.extend(words)

    def note(self, line: str) -> None:
        """Adds a line of Clary's own."""
        self._read_all()
        self._add(line.encode("utf-8", "backslashreplace"))

    def take_events(self) -> list[tuple[int, str]]:
        """The events since the last call."""
        events, self._events = self._events, []
        for descriptor in self._paused:
            self._loop.add_reader(descriptor, self._read, descriptor)
        self._paused.clear()
        return events

    def put_back(self, events: list[tuple[int, str]]) -> None:
        """Keeps events that could not be stored for the next time."""
        self._events[:0] = events

    def close(self) -> None:
        """Reads what is left in the pipes and closes them."""
        for descriptor in list(self._readers):
            self._read(descriptor)
            self._end(descriptor)
        if self._partial:
            self._add(self._partial)
            self._partial = b""

    def _read_all(self) -> None:
        for descriptor in list(self._readers):
            self._read(descriptor)

    def _read(self, descriptor: int) -> None:
        while descriptor in self._readers:
            if len(self._events) >= _MOST_WAITING_EVENTS:  # the process waits until the store has caught up
                self._loop.remove_reader(descriptor)
                self._paused.add(descriptor)
                return
            try:
                data = os.read(descriptor, _READ_BYTES)
            except BlockingIOError:
                return
            if not data:
                self._end(descriptor)
                return
            self._split(data)

    def _end(self, descriptor: int) -> None:
        if descriptor in self._readers:
            self._readers.discard(descriptor)
            self._paused.discard(descriptor)
            self._loop.remove_reader(descriptor)
            os.close(descriptor)

    def _split(self, data: bytes) -> None:
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            self._add(line)
        while len(self._partial) > _LONGEST_LINE_BYTES:
            self._add(self._partial[:_LONGEST_LINE_BYTES])
            self._partial = self._partial[_LONGEST_LINE_BYTES:]

    def _add(self, line: bytes) -> None:
        text = without(self._hidden, _text(line))
        if text:
            self._last.append(text)
            self._events.append((int(time.time() * 1000), text))


def _text(line: bytes) -> str:
    return line.rstrip(b"\r").decode("utf-8", "replace")[:_LONGEST_LINE_BYTES]


class LogShipper:
    """Stores what the replicas' logs collect, twice a second.

    Args:
        store: where the events go.
    """

    def __init__(self, store: LogStore) -> None:
        self._store = store
        self._logs: set[ReplicaLog] = set()

    def open(self, account: str, region: str, group: str, stream: str) -> ReplicaLog:
        """A new log for one replica."""
        log = ReplicaLog((account, region, group, stream))
        self._logs.add(log)
        return log

    async def close(self, log: ReplicaLog) -> None:
        """Stores the rest of a log and forgets it."""
        log.close()
        self._logs.discard(log)
        await self._store_events(log)

    async def run(self) -> None:
        """Stores events until it is cancelled."""
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Stores what has been printed so far."""
        await asyncio.gather(*[self._store_events(log) for log in self._logs])

    async def _store_events(self, log: ReplicaLog) -> None:
        events = log.take_events()
        if not events:
            return
        try:
            await asyncio.wrap_future(self._store.submit(*log.key, events))
        except Exception:
            _log.exception("%d log events of %s could not be stored yet", len(events), log.key[3])
            log.put_back(events)
