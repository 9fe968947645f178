"""The events of many streams in one order, with a reader open only for streams whose turn has come."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator

from clary.storage.log_rows import LARGEST_INTEGER, LogEvent, LogStream


def merge(
    streams: Iterable[LogStream],
    read: Callable[[LogStream], Iterator[LogEvent]],
    *,
    start_ms: int,
    end_ms: int | None,
    newest_first: bool,
) -> Iterator[LogEvent]:
    """The events in order of time, then stream, then arrival, or backwards.

    A group has a stream for every job there ever was, and a page holds the events of a few: a stream stands in the
    order at its first (or last) event's time, which its row tells, and is read when the order reaches that.

    Args:
        read: opens a stream.
        start_ms, end_ms: streams without events in this range are left out; start inclusive, end exclusive.
    """
    sign = -1 if newest_first else 1
    latest = LARGEST_INTEGER if end_ms is None else end_ms
    # (time, stream, sequence), each with the sign; an unopened stream stands before its own first event
    heap: list[tuple[int, int, int, LogEvent | None, Iterator[LogEvent] | LogStream]] = []
    for stream in streams:
        if stream.first_ms is None or stream.last_ms is None:
            continue
        if stream.first_ms < latest and stream.last_ms >= start_ms:
            edge = stream.last_ms if newest_first else stream.first_ms
            heap.append((sign * edge, sign * stream.id, -LARGEST_INTEGER, None, stream))
    heapq.heapify(heap)
    while heap:
        event, rest = heap[0][3], heap[0][4]
        if event is not None:
            yield event
        reader = read(rest) if isinstance(rest, LogStream) else rest
        following = next(reader, None)
        if following is None:
            heapq.heappop(heap)
        else:
            place = (sign * following.time_ms, sign * following.stream_id, sign * following.sequence)
            heapq.heapreplace(heap, (*place, following, reader))
