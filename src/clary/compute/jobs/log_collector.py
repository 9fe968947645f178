"""What a program writes goes line by line into the logs, and the metrics found in it into the metrics."""

from __future__ import annotations

import collections
import contextlib
import logging
import os
import select
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from clary.compute.contract import JobSpec
from clary.compute.jobs.metric_reader import MetricReader
from clary.core.clock import Clock, SystemClock
from clary.storage.logs import Logs
from clary.storage.metrics import MetricPoint, Metrics

_READ_BYTES = 1 << 16
_PIPE_BYTES = 1 << 20
_LONGEST_EVENT_BYTES = 200 << 10
_REST_SECONDS = 0.25
_LAST_LINES = 200
_RETRY_SECONDS = 1.0
_MOST_WAITING_CHARACTERS = 8 << 20  # of lines that are kept while the disk takes none
_MOST_WAITING_POINTS = 20_000

_log = logging.getLogger(__name__)


class LogCollector:
    """Reads one program's output from a named pipe until `close`.

    Lines go out as soon as they are there; after each batch it rests for a quarter of a second, so that a program which
    writes much shares its CPUs and the disk with few batches instead of many.

    Attributes:
        last_lines: the end of the output, for the FailureReason.

    Args:
        pipe: the named pipe, which the program will write to.
        stream: the log stream.
        hidden: words that are left out: secrets that the program was given, and prints.
    """

    def __init__(
        self,
        logs: Logs,
        metrics: Metrics,
        spec: JobSpec,
        pipe: Path,
        stream: str,
        clock: Clock | None = None,
        hidden: Iterable[str] = (),
    ) -> None:
        self._hidden = tuple(hidden)
        self.last_lines: collections.deque[str] = collections.deque(maxlen=_LAST_LINES)
        self._logs = logs
        self._metrics = metrics
        self._spec = spec
        self._stream = stream
        self._clock = clock or SystemClock()
        self._own_lines: list[str] = []  # of Clary itself, to follow what the program wrote
        self._reader = MetricReader(spec, self._own_lines.append)
        self._final: dict[str, dict[str, Any]] = {}
        self._partial = b""
        self._events: list[tuple[int, str]] = []  # what is not stored yet; more than one batch when the disk is full
        self._points: list[MetricPoint] = []
        self._is_failing = False
        self._pipe = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        _widen(self._pipe)
        self._ended_read, self._ended_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name=f"log {stream}", daemon=True)
        self._thread.start()

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The last value of each metric: {"name", "value", "time"}."""
        return list(self._final.values())

    def close(self) -> None:
        """Takes in what is still in the pipe; everything is stored when this returns. The program must have ended."""
        os.write(self._ended_write, b"!")
        self._thread.join()
        for descriptor in (self._pipe, self._ended_read, self._ended_write):
            os.close(descriptor)

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        poll.register(self._ended_read, select.POLLIN)
        ended = False
        while not ended:
            ready = dict(poll.poll(_RETRY_SECONDS * 1000 if self._is_failing else None))
            ended = self._ended_read in ready
            if ready.get(self._pipe) == select.POLLHUP:  # no writer is left: only `close` can follow
                poll.unregister(self._pipe)
                continue
            self._store(self._read_lines(ended=ended))
            if not ended:
                resting = select.poll()
                resting.register(self._ended_read, select.POLLIN)
                resting.poll(_REST_SECONDS * 1000)
        self._store(self._read_lines(ended=True))

    def _read_lines(self, *, ended: bool) -> list[str]:
        """The complete lines that are in the pipe now, and at the end the incomplete one."""
        lines: list[bytes] = []
        while True:
            try:
                data = os.read(self._pipe, _READ_BYTES)
            except BlockingIOError:
                break
            if not data:
                break
            *complete, self._partial = (self._partial + data).split(b"\n")
            lines += complete
            if len(self._partial) > _LONGEST_EVENT_BYTES:
                lines.append(self._partial)
                self._partial = b""
        if ended and self._partial:
            lines.append(self._partial)
            self._partial = b""
        return [without(self._hidden, part) for line in lines for part in _text(line)]

    def _store(self, lines: Sequence[str]) -> None:
        spec = self._spec
        now = self._clock.time()
        self.last_lines.extend(lines)
        for line in lines:
            if spec.log_group:
                self._events.append((int(now * 1000), line))
            for name, value in self._reader.read(line):
                self._final[name] = {"name": name, "value": value, "time": now}
                if spec.metric_namespace:
                    self._points.append(MetricPoint(name, {spec.metric_dimension: spec.name}, now, value))
        if spec.log_group:
            self._events += [(int(now * 1000), line) for line in self._own_lines]
        self._own_lines.clear()
        try:
            self._put()
        except Exception:  # the program goes on, whatever becomes of its log
            if not self._is_failing:
                _log.exception("the log of %s cannot be stored; it is tried again", spec.name)
            self._is_failing = True
            self._bound_what_waits()
            time.sleep(_REST_SECONDS)
        else:
            self._is_failing = False

    def _put(self) -> None:
        """Stores what waits: both at once, which may then share a commit. What was stored waits no more."""
        spec = self._spec
        sent: list[tuple[Future[None], list[Any]]] = []
        if self._events:
            events = self._logs.submit(spec.account, spec.region, spec.log_group, self._stream, list(self._events))
            sent.append((events, self._events))
        if self._points:
            points = self._metrics.submit(spec.account, spec.region, spec.metric_namespace, list(self._points))
            sent.append((points, self._points))
        failures = []
        for stored, waiting in sent:
            failure = stored.exception()  # waits
            if failure is None:
                waiting.clear()
            else:
                failures.append(failure)
        if failures:
            raise failures[0]

    def _bound_what_waits(self) -> None:
        """Forgets the oldest lines and metrics of those that the disk has not taken."""
        del self._points[:-_MOST_WAITING_POINTS]
        size = 0
        for index in range(len(self._events) - 1, -1, -1):
            size += len(self._events[index][1])
            if size > _MOST_WAITING_CHARACTERS:
                del self._events[: index + 1]
                return


def without(hidden: Iterable[str], text: str) -> str:
    """A text with stars in the place of words that must not be seen."""
    for word in hidden:
        text = text.replace(word, "*****")
    return text


def _text(line: bytes) -> list[str]:
    """A line as text, cut where it is longer than an event may be; an empty line counts as one space, as in AWS."""
    line = line.removesuffix(b"\r") or b" "
    return [
        line[start : start + _LONGEST_EVENT_BYTES].decode("utf-8", "replace")
        for start in range(0, len(line), _LONGEST_EVENT_BYTES)
    ]


def _widen(pipe: int) -> None:
    """Makes room in the pipe, where the platform can, so that a busy disk does not hold the program up."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl  # noqa: PLC0415 - F_SETPIPE_SZ is not everywhere

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
