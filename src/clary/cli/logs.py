"""`clary logs JOB`: the log of a job or an endpoint, as it is written."""

from __future__ import annotations

import argparse
import functools
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from clary.cli.client import client, folder_of, running_with_key
from clary.core.errors import ClaryError

_POLL_SECONDS = 0.5
_ENDPOINTS = "/aws/sagemaker/Endpoints/"
_TRIALS_NAMED = 3
_ENDED = ("Completed", "Failed", "Stopped")
_NOT_THERE = ("ValidationException", "ResourceNotFoundException")


class NoLog(ClaryError):
    """There is no log of that name."""


def run(arguments: argparse.Namespace) -> int:
    """Prints the log; with `--follow` until the job has ended or the endpoint is gone."""
    running, key = running_with_key(folder_of(arguments))
    logs = client("logs", running, key)
    name = arguments.name
    if not arguments.follow:
        reader = _reader_of(logs, name)
        if reader is None:
            trials = _trials_of(client("sagemaker", running, key), name)
            raise NoLog(trials or f"no job and no endpoint named {name!r} has written a log")
        reader.print_new()
        return 0
    is_over = _end_of(client("sagemaker", running, key), name)
    reader = None
    while True:
        over = is_over()  # before the last look: what is written in between is not missed
        reader = reader or _reader_of(logs, name)
        if reader is not None:
            reader.print_new()
        if over:
            return 0
        time.sleep(_POLL_SECONDS)


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

    def has_streams(self) -> bool:
        return next(self._streams(), None) is not None

    def _streams(self) -> Iterator[str]:
        arguments = {"logStreamNamePrefix": self._prefix} if self._prefix else {}
        pages = self._logs.get_paginator("describe_log_streams").paginate(logGroupName=self._group, **arguments)
        try:
            for page in pages:
                for stream in page["logStreams"]:
                    yield stream["logStreamName"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise

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


def _reader_of(logs: Any, name: str) -> _Reader | None:
    """Reads the log of the job or endpoint of that name; None where there is none yet."""
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix="/aws/")
    groups = [group["logGroupName"] for page in pages for group in page["logGroups"]]
    readers = [_Reader(logs, group, f"{name}/") for group in groups if not group.startswith(_ENDPOINTS)]
    readers.append(_Reader(logs, _ENDPOINTS + name, ""))
    return next((reader for reader in readers if reader.has_streams()), None)


def _trials_of(sagemaker: Any, name: str) -> str:
    """Where the logs of a tuning job are to be found; "" where no tuning job has that name."""
    try:
        listed = sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFound":
            raise
        return ""
    trials = [trial["TrainingJobName"] for trial in listed["TrainingJobSummaries"]]
    told = ", ".join(trials[:_TRIALS_NAMED]) + (", ..." if len(trials) > _TRIALS_NAMED else "")
    return f"{name!r} is a tuning job; each of its trials has a log of its own: {told or 'none has started yet'}"


def _end_of(sagemaker: Any, name: str) -> Callable[[], bool]:
    """What tells whether the job of that name has ended, or the endpoint is gone.

    Raises:
        NoLog: there is neither.
    """

    def endpoint_is_gone() -> bool:
        return not _is_there(lambda: sagemaker.describe_endpoint(EndpointName=name))

    for kind in ("Training", "Transform", "Processing"):
        job_has_ended = functools.partial(_job_has_ended, sagemaker, kind, name)
        if _is_there(job_has_ended):
            return job_has_ended
    if endpoint_is_gone():
        raise NoLog(_trials_of(sagemaker, name) or f"no job and no endpoint is named {name!r}")
    return endpoint_is_gone


def _job_has_ended(sagemaker: Any, kind: str, name: str) -> bool:
    describe = getattr(sagemaker, f"describe_{kind.lower()}_job")
    return bool(describe(**{f"{kind}JobName": name})[f"{kind}JobStatus"] in _ENDED)


def _is_there(describe: Callable[[], Any]) -> bool:
    try:
        describe()
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NOT_THERE:
            raise
        return False
    return True
