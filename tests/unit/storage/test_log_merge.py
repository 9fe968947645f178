from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clary.storage.log_merge import merge
from clary.storage.log_rows import LogEvent, LogStream


def stream_of(number: int, times: list[int]) -> LogStream:
    first, last = (min(times), max(times)) if times else (None, None)
    return LogStream(number, 1, f"s{number}", 0, first, last, None, 0, len(times))


def order(event: LogEvent) -> tuple[int, int, int]:
    return event.time_ms, event.stream_id, event.sequence


@given(st.lists(st.lists(st.integers(0, 20), max_size=6), max_size=6), st.booleans(), st.integers(0, 20))
def test_events_come_in_the_order_of_a_sort(times: list[list[int]], newest_first: bool, start_ms: int) -> None:
    events = {
        number: [LogEvent(number, time, sequence, "", 0) for sequence, time in enumerate(sorted(some))]
        for number, some in enumerate(times, start=1)
    }

    def read(stream: LogStream) -> Iterator[LogEvent]:
        inside = [event for event in events[stream.id] if start_ms <= event.time_ms < 18]
        return iter(inside[::-1] if newest_first else inside)

    streams = [stream_of(number, some) for number, some in enumerate(times, start=1)]
    found = list(merge(streams, read, start_ms=start_ms, end_ms=18, newest_first=newest_first))
    wanted = [event for some in events.values() for event in some if start_ms <= event.time_ms < 18]
    assert found == sorted(wanted, key=order, reverse=newest_first)


@pytest.mark.parametrize("newest_first", [False, True])
def test_only_streams_whose_turn_has_come_are_read(newest_first: bool) -> None:
    opened: list[int] = []

    def read(stream: LogStream) -> Iterator[LogEvent]:
        opened.append(stream.id)
        return iter([LogEvent(stream.id, stream.id * 10, 0, "", 0)])

    streams = [stream_of(number, [number * 10]) for number in range(1, 1001)]
    page = list(islice(merge(streams, read, start_ms=0, end_ms=None, newest_first=newest_first), 3))
    wanted = [1000, 999, 998] if newest_first else [1, 2, 3]
    assert [event.stream_id for event in page] == wanted
    assert len(opened) <= 4
    opened.clear()
    assert not list(merge(streams, read, start_ms=20_000, end_ms=None, newest_first=newest_first))
    assert not opened
