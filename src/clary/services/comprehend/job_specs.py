"""What `compute` is asked to run for Comprehend: a program of Clary's own in a job's folder."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clary.compute.contract import Channel, JobSpec, Limits, Output, Program
from clary.core import ids
from clary.core.call import Call
from clary.storage.records import Record

LOG_GROUP = "/aws/comprehend"
TASK = "task"
"""The hyperparameter that carries the program's task as JSON."""
_LONGEST_SECONDS = 72 * 3600
_MEMORY_BYTES = 12 << 30


def job_spec(
    call: Call,
    record: Record,
    entry: str,
    task: Mapping[str, Any],
    *,
    data: Path,
    role_arn: str,
    channels: tuple[Channel, ...] = (),
    outputs: tuple[Output, ...] = (),
) -> JobSpec:
    """The job of a record.

    Args:
        entry: "module:function" below `programs`.
        task: what the program is told, JSON-compatible.
        data: Comprehend's folder; the program may write there.
    """
    data.mkdir(parents=True, exist_ok=True)
    return JobSpec(
        id=ids.request_id(),
        record_kind=record.kind,
        account=call.account,
        region=call.region,
        name=record.name.replace("/", "-"),
        arn=record.arn,
        role_arn=role_arn,
        program=Program(entry=f"clary.services.comprehend.programs.{entry}", args=(str(data),), writable=(str(data),)),
        limits=Limits(
            cpus=os.cpu_count() or 1, memory_bytes=_MEMORY_BYTES, runtime_seconds=_LONGEST_SECONDS, network=False
        ),
        hyperparameters={TASK: json.dumps(task)},
        channels=channels,
        outputs=outputs,
        log_group=f"{LOG_GROUP}/{record.kind.partition(':')[2]}",
    )


def read_task(folder: Path) -> dict[str, Any]:
    """The task of the job that runs in `folder`: for the programs."""
    parameters = json.loads((folder / "input/config/hyperparameters.json").read_text(encoding="utf-8"))
    task: dict[str, Any] = json.loads(parameters[TASK])
    return task


def fail(folder: Path, reason: str) -> int:
    """Tells the job's user why it cannot succeed; returns the program's exit code."""
    (folder / "output").mkdir(parents=True, exist_ok=True)
    (folder / "output" / "failure").write_text(f"ClientError: {reason}", encoding="utf-8")
    return 1
