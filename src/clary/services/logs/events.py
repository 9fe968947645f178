"""Log events: PutLogEvents, GetLogEvents and FilterLogEvents with AWS's limits and tokens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise
from typing import Any

from clary.core.call import Call
from clary.core.clock import Clock
from clary.core.operations import operation
from clary.core.pages import encode_token
from clary.services.logs.errors import InvalidParameterException, ResourceNotFoundException
from clary.services.logs.lookup import find_group, find_stream, invalid_token, named_group, read_token
from clary.services.logs.patterns import Match, compile_pattern
from clary.services.logs.streams import sequence_token
from clary.storage.logs import (
    DAY_MS,
    EVENT_OVERHEAD_BYTES,
    LARGEST_INTEGER,
    LogEvent,
    LogGroup,
    Logs,
    LogStream,
    NoSuchStream,
    Position,
)

_LARGEST_BATCH_BYTES = 1_048_576
_LARGEST_PAGE_BYTES = 1_048_576
_MOST_EVENTS = 10_000
_MOST_SCANNED = 100_000
_OLDEST_MS = 14 * DAY_MS
_FUTURE_MS = 2 * 3_600_000
_LATEST_MS = LARGEST_INTEGER - 1
_STREAMS_PER_READ = 1000
_TOKEN = re.compile(r"([fb])/(\d{20})(\d{36})/s")


class LogEvents:
    """The events of streams and groups."""

    api = "logs"

    def __init__(self, logs: Logs, clock: Clock) -> None:
        self._logs = logs
        self._clock = clock

    @operation("PutLogEvents", resource="log-group:{logGroupName}:log-stream:{logStreamName}")
    def put(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Appends a batch; events that are too old or too far ahead are left out and named in the answer."""
        group = find_group(self._logs, call, request["logGroupName"])
        stream = find_stream(self._logs, group, request["logStreamName"])
        events = [(event["timestamp"], event["message"]) for event in request["logEvents"]]
        _check_batch(events)
        first, end, rejected = self._accepted(group, [time_ms for time_ms, _ in events])
        accepted = events[first:end]
        if accepted and accepted[-1][0] - accepted[0][0] > DAY_MS:
            raise InvalidParameterException(
                "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
            )
        if accepted:
            try:
                stream = self._logs.append(stream, accepted)
            except NoSuchStream as error:
                raise ResourceNotFoundException(kind="stream") from error
        answer: dict[str, Any] = {"nextSequenceToken": sequence_token(stream)}
        if rejected:
            answer["rejectedLogEventsInfo"] = rejected
        return answer

    def _accepted(self, group: LogGroup, times: Sequence[int]) -> tuple[int, int, dict[str, int]]:
        """The range of the batch, which is in order of time, that is stored, and what is said of the rest."""
        now_ms = int(self._clock.time() * 1000)
        expired = sum(time_ms < self._logs.kept_since_ms(group) for time_ms in times)
        too_old = sum(time_ms < now_ms - _OLDEST_MS for time_ms in times)
        too_new = sum(time_ms > now_ms + _FUTURE_MS for time_ms in times)
        rejected: dict[str, int] = {}
        if too_new:
            rejected["tooNewLogEventStartIndex"] = len(times) - too_new
        if too_old:
            rejected["tooOldLogEventEndIndex"] = too_old
        if expired:
            rejected["expiredLogEventEndIndex"] = expired
        return max(expired, too_old), len(times) - too_new, rejected

    @operation(
        "GetLogEvents",
        resource="log-group:{logGroupName}:log-stream:{logStreamName} or "
        "log-group:{logGroupIdentifier}:log-stream:{logStreamName}",
    )
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of a stream, with the tokens of the pages before and behind it; at an end the token stays."""
        group = named_group(self._logs, call, request)
        stream = find_stream(self._logs, group, request["logStreamName"])
        start_ms, end_ms = self._range(group, request)
        token = request.get("nextToken")
        position = None if token is None else _position(token)
        forward = request.get("startFromHead", False) if token is None else token.startswith("f")
        found = self._logs.events(
            stream.id,
            start_ms=start_ms,
            end_ms=end_ms,
            after=position if forward else None,
            before=None if forward else position,
            newest_first=not forward,
        )
        events = list(_page(found, request.get("limit", _MOST_EVENTS)))
        if not forward:
            events.reverse()
        if events:
            first, last = events[0].position, events[-1].position
            tokens = _tokens(before=first, after=last)
        elif position is None:
            edge = (start_ms, 0) if forward else self._behind_all(stream, end_ms)
            tokens = _tokens(before=(edge[0], edge[1] + 1), after=edge)
        elif forward:
            tokens = _tokens(before=(position[0], position[1] + 1), after=position)
        else:
            tokens = _tokens(before=position, after=(position[0], max(0, position[1] - 1)))
        return {
            "events": [
                {"timestamp": event.time_ms, "message": event.message, "ingestionTime": event.ingested_ms}
                for event in events
            ],
            **tokens,
        }

    def _range(self, group: LogGroup, request: dict[str, Any]) -> tuple[int, int | None]:
        """Start and end of what is asked for in ms, without what has expired and within what the store can hold."""
        start_ms = max(request.get("startTime", 0), self._logs.kept_since_ms(group))
        end_ms = request.get("endTime")
        return min(start_ms, _LATEST_MS), None if end_ms is None else min(end_ms, _LATEST_MS)

    @staticmethod
    def _behind_all(stream: LogStream, end_ms: int | None) -> Position:
        """Where reading goes on when the newest events were asked for and there are none."""
        if stream.last_ms is None or end_ms is not None:
            return 0, 0
        return stream.last_ms, stream.events

    @operation(
        "FilterLogEvents",
        resource="log-group:{logGroupName}:log-stream:* or log-group:{logGroupIdentifier}:log-stream:*",
    )
    def filter(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The events of a group that match a pattern, those of all streams in order of time."""
        group = named_group(self._logs, call, request)
        matches = compile_pattern(request.get("filterPattern", ""))
        token = read_token(request.get("nextToken"), int, int, int, int)
        after = LogEvent(token[0], token[1], token[2], "", 0) if token else None
        newest_first = bool(token[3]) if token else not request.get("startFromHead", True)
        start_ms, end_ms = self._range(group, request)
        streams = self._searched(group, request)
        found = self._logs.merged(
            streams,
            start_ms=start_ms,
            end_ms=None if end_ms is None else end_ms + 1,
            after=after,
            newest_first=newest_first,
        )
        events, last, more = _search(found, matches, request.get("limit", _MOST_EVENTS))
        names = {stream.id: stream.name for stream in streams}
        answer: dict[str, Any] = {
            "events": [
                {
                    "logStreamName": names[event.stream_id],
                    "timestamp": event.time_ms,
                    "message": event.message,
                    "ingestionTime": event.ingested_ms,
                    "eventId": f"{event.time_ms:020d}{event.stream_id:018d}{event.sequence:018d}",
                }
                for event in events
            ],
            "searchedLogStreams": [],
        }
        if more and last is not None:
            answer["nextToken"] = encode_token(last.stream_id, last.time_ms, last.sequence, int(newest_first))
        return answer

    def _searched(self, group: LogGroup, request: dict[str, Any]) -> list[LogStream]:
        names, prefix = request.get("logStreamNames"), request.get("logStreamNamePrefix")
        if names is not None and prefix is not None:
            raise InvalidParameterException("Both logStreamNames and logStreamNamePrefix cannot be specified.")
        if names is not None:
            return [find_stream(self._logs, group, name) for name in dict.fromkeys(names)]
        return list(self._all_streams(group, prefix or ""))

    def _all_streams(self, group: LogGroup, prefix: str) -> Iterator[LogStream]:
        after: tuple[int, str] | None = None
        while page := self._logs.streams(group, prefix=prefix, after=after, limit=_STREAMS_PER_READ):
            yield from page
            after = (0, page[-1].name)


def _check_batch(events: Sequence[tuple[int, str]]) -> None:
    size = sum(len(message.encode(errors="replace")) + EVENT_OVERHEAD_BYTES for _, message in events)
    if size > _LARGEST_BATCH_BYTES:
        raise InvalidParameterException(f"Upload too large: {size} bytes exceeds limit of {_LARGEST_BATCH_BYTES}")
    if any(before[0] > after[0] for before, after in pairwise(events)):
        raise InvalidParameterException("Log events in a single PutLogEvents request must be in chronological order.")


def _page(events: Iterable[LogEvent], limit: int) -> Iterator[LogEvent]:
    """As many events as a page may hold, at least one."""
    size = 0
    for number, event in enumerate(islice(events, limit)):
        size += len(event.message.encode()) + EVENT_OVERHEAD_BYTES
        if number and size > _LARGEST_PAGE_BYTES:
            return
        yield event


def _search(events: Iterable[LogEvent], matches: Match, limit: int) -> tuple[list[LogEvent], LogEvent | None, bool]:
    """The matching events of a page, the last event that was looked at, and whether there may be more behind it."""
    found: list[LogEvent] = []
    last: LogEvent | None = None
    size = 0
    for scanned, event in enumerate(events):
        if len(found) == limit or scanned == _MOST_SCANNED:
            return found, last, True
        if matches(event.message):
            size += len(event.message.encode()) + EVENT_OVERHEAD_BYTES
            if found and size > _LARGEST_PAGE_BYTES:
                return found, last, True
            found.append(event)
        last = event
    return found, last, False


def _position(token: str) -> Position:
    match = _TOKEN.fullmatch(token)
    if match is None or max(position := (int(match[2]), int(match[3]))) > LARGEST_INTEGER:
        raise invalid_token()
    return position


def _tokens(*, before: Position, after: Position) -> dict[str, str]:
    return {
        "nextForwardToken": f"f/{after[0]:020d}{after[1]:036d}/s",
        "nextBackwardToken": f"b/{before[0]:020d}{before[1]:036d}/s",
    }
