"""What `compute` is asked to run for Comprehend: a program of Clary's own in a job's folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from clary.compute.contract import Channel, JobSpec, Limits, Output, Program
from clary.compute.task_jobs import task_spec
from clary.core import ids
from clary.core.call import Call
from clary.services.comprehend.job_status import progress_file
from clary.storage.records import Record

LOG_GROUP = "/aws/comprehend"
_LONGEST_SECONDS = 72 * 3600
_MEMORY_BYTES = 12 << 30


def new_place(of: str, name: str) -> str:
    """A place for what a job makes, below Comprehend's folder and in a folder of its own: the job sees nothing beside.

    Args:
        of: the folder of all such things ("models").
        name: of the thing itself ("model"); until it is whole, other names may lie beside it.
    """
    return f"{of}/{ids.request_id()}/{name}"


def job_spec(
    call: Call,
    record: Record,
    entry: str,
    task: Mapping[str, Any],
    *,
    data: Path,
    reads: Iterable[str] = (),
    makes: str = "",
    role_arn: str,
    channels: tuple[Channel, ...] = (),
    outputs: tuple[Output, ...] = (),
) -> JobSpec:
    """The job of a record.

    Args:
        entry: "module:function" below `programs`.
        task: what the program is told, JSON-compatible.
        data: Comprehend's folder.
        reads, makes: what of it the program needs and what it makes there, by `new_place`. Of the rest it sees only
            where it tells how far it is: what is of others, and may be of other accounts, is out of its sight.
    """
    name = record.name.replace("/", "-")
    writable = [progress_file(data, name).parent, *([(data / makes).parent] if makes else ())]
    for folder in writable:
        folder.mkdir(parents=True, exist_ok=True)
    return task_spec(
        call,
        record,
        Program(
            entry=f"clary.services.comprehend.programs.{entry}",
            args=(str(data),),
            visible=tuple(str(data / place) for place in reads),
            writable=tuple(map(str, writable)),
        ),
        task,
        limits=Limits(
            cpus=os.cpu_count() or 1, memory_bytes=_MEMORY_BYTES, runtime_seconds=_LONGEST_SECONDS, network=False
        ),
        log_group=LOG_GROUP,
        role_arn=role_arn,
        channels=channels,
        outputs=outputs,
    )
