"""Jobs whose program is one of Clary's own: what `tasks` reads there is written here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from clary.compute.contract import Channel, JobSpec, Limits, Output, Program
from clary.compute.tasks import TASK
from clary.core import ids
from clary.core.call import Call
from clary.storage.records import Record


def task_spec(
    call: Call,
    record: Record,
    program: Program,
    task: Mapping[str, Any],
    *,
    limits: Limits,
    log_group: str,
    role_arn: str,
    job_id: str = "",
    channels: tuple[Channel, ...] = (),
    outputs: tuple[Output, ...] = (),
) -> JobSpec:
    """The job of a record whose program is one of Clary's own and is told a task.

    Args:
        task: what the program is told, JSON-compatible.
        log_group: the service's; the jobs of each kind of record get one of their own below it.
        job_id: where it was chosen already; "" for a new one.
    """
    return JobSpec(
        id=job_id or ids.request_id(),
        record_kind=record.kind,
        account=call.account,
        region=call.region,
        name=record.name.replace("/", "-"),
        arn=record.arn,
        role_arn=role_arn,
        program=program,
        limits=limits,
        hyperparameters={TASK: json.dumps(task)},
        channels=channels,
        outputs=outputs,
        log_group=f"{log_group}/{record.kind.partition(':')[2]}",
    )
