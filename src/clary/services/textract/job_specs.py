"""What `compute` is asked to run for Textract: a program of Clary's own in a job's folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clary.compute.contract import JobSpec, Limits, Output, Program
from clary.compute.task_jobs import task_spec
from clary.core.call import Call
from clary.storage.records import Record

LOG_GROUP = "/aws/textract"
_LONGEST_SECONDS = 7 * 24 * 3600
_MEMORY_BYTES = 4 << 30


def job_spec(
    call: Call, record: Record, entry: str, task: Mapping[str, Any], place: Path, outputs: tuple[Output, ...] = ()
) -> JobSpec:
    """The job of a record. It takes one processor: documents are read side by side, not each by all processors.

    Args:
        entry: "module:function" below `programs`.
        task: what the program is told, JSON-compatible.
        place: the folder of Textract's that the program works in, beside its own.
        outputs: are written with the caller's rights.
    """
    folder = (str(place),)
    program = Program(entry=f"clary.services.textract.programs.{entry}", args=folder, writable=folder)
    limits = Limits(cpus=1, memory_bytes=_MEMORY_BYTES, runtime_seconds=_LONGEST_SECONDS, network=False)
    role = call.principal.acting_arn
    return task_spec(call, record, program, task, limits=limits, log_group=LOG_GROUP, role_arn=role, outputs=outputs)


def failure_of(record: Record) -> str:
    """Why a job failed, for its user; a program blames the client for what the client can put right."""
    reason = str(record.body.get("job", {}).get("failure_reason", ""))
    if reason.startswith("ClientError: "):
        return reason.removeprefix("ClientError: ").partition(", exit code:")[0]
    error = reason.partition("\n")[0]
    return f"Internal Server Error: {error}. The job's log has more." if error else ""
