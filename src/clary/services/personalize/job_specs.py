"""What `compute` is asked to run for Personalize: a program of Clary's own in a job's folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clary.compute.contract import Channel, JobSpec, Limits, Output, Program
from clary.compute.task_jobs import task_spec
from clary.core import ids
from clary.core.call import Call
from clary.storage.records import Record

LOG_GROUP = "/aws/personalize"
_LONGEST_SECONDS = 72 * 3600
_MEMORY_BYTES = 16 << 30


def job_spec(
    call: Call,
    record: Record,
    entry: str,
    task: Mapping[str, Any],
    *,
    data: Path,
    writable: tuple[Path, ...] = (),
    own: Path | None = None,
    visible: tuple[str, ...] = (),
    role_arn: str = "",
    channels: tuple[Channel, ...] = (),
    outputs: tuple[Output, ...] = (),
    cpus: int | None = None,
) -> JobSpec:
    """The job of a record.

    Args:
        entry: "module:function" below `programs`.
        task: what the program is told, JSON-compatible.
        data: Personalize's folder.
        writable: what of it the program sees and may write to; the folders are made.
        own: where the job gets a folder of its own, by its id, that it may write to as well.
        visible: what of it the program sees and cannot change.
        cpus: 1 for what is short; by default all of the machine's.
    """
    job_id = ids.request_id()
    if own is not None:
        writable = (*writable, own / job_id)
    for folder in writable:
        folder.mkdir(parents=True, exist_ok=True)
    return task_spec(
        call,
        record,
        Program(
            entry=f"clary.services.personalize.programs.{entry}",
            args=(str(data),),
            visible=visible,
            writable=tuple(map(str, writable)),
            offline=True,
        ),
        {**task, "job": job_id},
        limits=Limits(cpus=cpus or os.cpu_count() or 1, memory_bytes=_MEMORY_BYTES, runtime_seconds=_LONGEST_SECONDS),
        log_group=LOG_GROUP,
        role_arn=role_arn,
        job_id=job_id,
        channels=channels,
        outputs=outputs,
    )
