"""What `compute` is asked to run for Rekognition: a program of Clary's own in a job's folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clary.compute.contract import JobSpec, Limits, Output, Program
from clary.compute.task_jobs import task_spec
from clary.core.call import Call
from clary.storage.records import Record

LOG_GROUP = "/aws/rekognition"
_LONGEST_SECONDS = 7 * 24 * 3600
_MEMORY_BYTES = 4 << 30
_CLIENT = "ClientError: "


def job_spec(
    call: Call,
    record: Record,
    entry: str,
    task: Mapping[str, Any],
    place: Path,
    *,
    environment: Mapping[str, str],
    outputs: tuple[Output, ...] = (),
) -> JobSpec:
    """The job of a record. It takes one processor: videos are looked at side by side, not each by all processors.

    Args:
        entry: "module:function" below `programs`.
        task: what the program is told, JSON-compatible.
        place: the folder of Rekognition's that the program works in, beside its own.
        environment: tells the engine where its weights are.
        outputs: are written with the caller's rights.
    """
    program = Program(
        entry=f"clary.services.rekognition.programs.{entry}",
        args=(str(place),),
        writable=(str(place),),
        environment=dict(environment),
    )
    limits = Limits(cpus=1, memory_bytes=_MEMORY_BYTES, runtime_seconds=_LONGEST_SECONDS, network=False)
    role = call.principal.acting_arn
    return task_spec(call, record, program, task, limits=limits, log_group=LOG_GROUP, role_arn=role, outputs=outputs)


def failure_of(record: Record) -> str:
    """Why a job failed, for its user; a program blames the client for what the client can put right."""
    reason = str(record.body.get("job", {}).get("failure_reason", ""))
    if reason.startswith(_CLIENT):
        return reason.removeprefix(_CLIENT).partition(", exit code:")[0]
    return reason


def ended(record: Record) -> float | None:
    """When a record's job ended, seconds since 1970; None while it has not."""
    found: float | None = record.body.get("job", {}).get("ended")
    return found
