"""Log streams: CreateLogStream, DescribeLogStreams, DeleteLogStream."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.core.pages import encode_token
from clary.services.logs.errors import (
    InvalidParameterException,
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
)
from clary.services.logs.lookup import find_group, find_stream, group_arn, named_group, read_token
from clary.storage.logs import LogGroup, Logs, LogStream, NoSuchGroup, StreamExists

_LARGEST_PAGE = 50
_MOST_STREAMS_OF_A_JOB = 1000


class LogStreams:
    """The streams of a group."""

    api = "logs"

    def __init__(self, logs: Logs) -> None:
        self._logs = logs

    @operation("CreateLogStream", resource="log-group:{logGroupName}:log-stream:{logStreamName}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes a stream."""
        group = find_group(self._logs, call, request["logGroupName"])
        try:
            self._logs.create_stream(group, request["logStreamName"])
        except StreamExists as error:
            raise ResourceAlreadyExistsException(kind="stream") from error
        except NoSuchGroup as error:
            raise ResourceNotFoundException(kind="group") from error
        return {}

    @operation("DeleteLogStream", resource="log-group:{logGroupName}:log-stream:{logStreamName}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes a stream with its events."""
        group = find_group(self._logs, call, request["logGroupName"])
        self._logs.delete_stream(find_stream(self._logs, group, request["logStreamName"]))
        return {}

    @operation(
        "DescribeLogStreams",
        resource="log-group:{logGroupName}:log-stream:* or log-group:{logGroupIdentifier}:log-stream:*",
    )
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists streams by name or by the time of their last event.

        A page ends at `limit` (50 where it is not given) and names the next one, as on AWS, with one exception: the
        SageMaker SDKs look for the streams of a job with `limit=50` and repeat that very request, without the
        token, as long as an answer has one. So a first request for the largest page of one prefix in order of name
        is answered with all streams of that prefix, up to a thousand.
        """
        prefix = request.get("logStreamNamePrefix", "")
        by_time = request.get("orderBy") == "LastEventTime"
        if by_time and prefix:
            raise InvalidParameterException("Cannot order by LastEventTime with a logStreamNamePrefix.")
        group = named_group(self._logs, call, request)
        position = read_token(request.get("nextToken"), int, str)
        limit = request.get("limit", _LARGEST_PAGE)
        if prefix and position is None and request.get("limit") == _LARGEST_PAGE:
            limit = _MOST_STREAMS_OF_A_JOB
        found = self._logs.streams(
            group,
            prefix=prefix,
            by_time=by_time,
            descending=request.get("descending", False),
            after=(position[0], position[1]) if position else None,
            limit=limit + 1,
        )
        answer: dict[str, Any] = {"logStreams": [_described(group, stream) for stream in found[:limit]]}
        if len(found) > limit:
            answer["nextToken"] = encode_token(found[limit - 1].last_ms or 0, found[limit - 1].name)
        return answer


def sequence_token(stream: LogStream) -> str:
    """The token that PutLogEvents once demanded; AWS still gives one and ignores what comes back."""
    return f"{stream.id:028d}{stream.events:028d}"


def _described(group: LogGroup, stream: LogStream) -> dict[str, Any]:
    described: dict[str, Any] = {
        "logStreamName": stream.name,
        "creationTime": stream.created_ms,
        "arn": f"{group_arn(group)}:log-stream:{stream.name}",
        "storedBytes": stream.stored_bytes,
        "uploadSequenceToken": sequence_token(stream),
    }
    if stream.last_ms is not None:
        described["firstEventTimestamp"] = stream.first_ms
        described["lastEventTimestamp"] = stream.last_ms
        described["lastIngestionTime"] = stream.ingested_ms
    return described
