"""How a job goes, in Comprehend's words, and why it failed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from clary.core.clock import timestamp
from clary.services.comprehend.names import IN_ERROR, IN_PROGRESS, TRAINING
from clary.storage.records import Record

NO_READ_ACCESS = "NO_READ_ACCESS_TO_INPUT: The provided data access role does not have proper access to the input data."
NO_WRITE_ACCESS = (
    "NO_WRITE_ACCESS_TO_OUTPUT: The provided data access role does not have write access to the output S3 URI."
)
_BLAME = re.compile(r"^(ClientError|AlgorithmError|InternalServerError): ")


def failure_of(record: Record) -> str:
    """Why a record's job failed, "" where it did not."""
    reason = str(record.body.get("job", {}).get("failure_reason", ""))
    if "AccessDenied (403)" in reason:
        told = NO_WRITE_ACCESS if "s3:PutObject" in reason else NO_READ_ACCESS
        return f"{told} {reason.partition('AccessDenied (403) ')[2]}"[:1024]
    if reason.startswith("ClientError: "):
        return reason.removeprefix("ClientError: ").partition(", exit code:")[0]
    return _BLAME.sub("", reason)


def ended(record: Record) -> float | None:
    """When a record's job ended, in seconds since 1970; None while it has not."""
    found: float | None = record.body.get("job", {}).get("ended")
    return found


def progress_file(folder: Path, name: str) -> Path:
    """Where the program of a job tells how far it is; nothing else lies in that folder.

    Args:
        folder: Comprehend's.
        name: of the job.
    """
    return folder / "progress" / name / "reached.json"


def progress(folder: Path, name: str) -> dict[str, int]:
    """How far the program of a job has got, {} before it began.

    Args:
        folder: Comprehend's.
        name: of the job's record.

    Returns:
        "documents", "failed", "bytes", "all_bytes".
    """
    try:
        found: dict[str, int] = json.loads(progress_file(folder, name).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # half of it may be there while it is written for the first time
        return {}
    return found


def message_of(record: Record, folder: Path) -> str:
    """A sentence on how a record's job goes: why it failed, or how far it is; "" where there is nothing to say."""
    reason = failure_of(record)
    if reason:
        return reason
    found = progress(folder, record.name.replace("/", "-"))
    if not found:
        return ""
    failed = f", {found['failed']:,} of them could not be analysed" if found["failed"] else ""
    if record.status in (IN_PROGRESS, TRAINING):
        share = found["bytes"] / max(found["all_bytes"], 1)
        return f"{found['documents']:,} documents so far{failed} ({share:.0%} of the input)"
    return f"{found['documents']:,} documents{failed}" if found["failed"] or record.status == IN_ERROR else ""


def job_times(record: Record) -> dict[str, Any]:
    """SubmitTime, and EndTime once there is one."""
    end = ended(record)
    times = {"SubmitTime": timestamp(record.created)}
    return times if end is None else {**times, "EndTime": timestamp(end)}
