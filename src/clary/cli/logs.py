"""`clary logs JOB`: the log of a job or an endpoint, as it is written."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from clary.cli.client import client, folder_of, running_with_key
from clary.core.errors import ClaryError

_POLL_SECONDS = 0.5
_JOB_GROUPS = (
    "/aws/sagemaker/TrainingJobs",
    "/aws/sagemaker/ProcessingJobs",
    "/aws/sagemaker/TransformJobs",
)
_ENDED = ("Completed", "Failed", "Stopped")


class NoLog(ClaryError):
    """There is no log of that name."""


def run(arguments: argparse.Namespace) -> int:
    """Prints the log; with `--follow` until the job has ended."""
    running, key = running_with_key(folder_of(arguments))
    logs = client("logs", running, key)
    group = _group_of(logs, arguments.name)
    if group is None and not arguments.follow:
        raise NoLog(f"no job and no endpoint named {arguments.name!r} has written a log")
    sagemaker = client("sagemaker", running, key)
    reader = _Reader(logs, group or _JOB_GROUPS[0], f"{arguments.name}/" if group in (*_JOB_GROUPS, None) else "")
    reader.print_new()
    while arguments.follow and not _has_ended(sagemaker.describe_training_job, arguments.name):
        time.sleep(_POLL_SECONDS)
        reader.print_new()
    reader.print_new()
    return 0


class _Reader:
    """Prints each event of a group's streams once."""

    def __init__(self, logs: Any, group: str, prefix: str) -> None:
        self._logs = logs
        self._group = group
        self._prefix = prefix
        self._tokens: dict[str, str] = {}

    def print_new(self) -> None:
        for stream in self._streams():
            for message in self._messages(stream):
                sys.stdout.write(message + "\n")
        sys.stdout.flush()

    def _streams(self) -> list[str]:
        arguments = {"logStreamNamePrefix": self._prefix} if self._prefix else {}
        try:
            answer = self._logs.describe_log_streams(logGroupName=self._group, **arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return []
            raise
        return sorted(stream["logStreamName"] for stream in answer["logStreams"])

    def _messages(self, stream: str) -> Iterator[str]:
        while True:
            token = self._tokens.get(stream)
            more = {"nextToken": token} if token else {}
            answer = self._logs.get_log_events(
                logGroupName=self._group, logStreamName=stream, startFromHead=True, **more
            )
            self._tokens[stream] = answer["nextForwardToken"]
            if not answer["events"]:
                return
            for event in answer["events"]:
                yield event["message"]


def _group_of(logs: Any, name: str) -> str | None:
    for group in (*_JOB_GROUPS, f"/aws/sagemaker/Endpoints/{name}"):
        reader = _Reader(logs, group, f"{name}/" if group in _JOB_GROUPS else "")
        if reader._streams():
            return group
    return None


def _has_ended(describe: Callable[..., dict[str, Any]], name: str) -> bool:
    try:
        return describe(TrainingJobName=name)["TrainingJobStatus"] in _ENDED
    except ClientError as error:
        raise NoLog(f"no job named {name!r}: {error.response['Error']['Message']}") from error
