"""The status of a job's record in Personalize's words, and why it failed."""

from __future__ import annotations

from typing import Any

from clary.services.personalize.errors import LimitExceededException
from clary.services.personalize.names import times
from clary.storage.records import Filters, Record, Records

PENDING = "CREATE PENDING"
IN_PROGRESS = "CREATE IN_PROGRESS"
FAILED = "CREATE FAILED"
STOPPING = "CREATE STOPPING"
STOPPED = "CREATE STOPPED"
_BY_STATE = {
    "Waiting": PENDING,
    "Starting": PENDING,
    "Completed": "ACTIVE",
    "Failed": FAILED,
    "Stopping": STOPPING,
    "Stopped": STOPPED,
}
UNFINISHED = frozenset({PENDING, IN_PROGRESS, STOPPING})
MOST_UNFINISHED = 5
NO_PRIVILEGES = "Insufficient privileges for accessing data in Amazon S3."


def status_of(record: Record) -> str:
    """The status of a record whose job `compute` runs."""
    state = record.body.get("job", {}).get("state")
    return record.status if state is None else _BY_STATE.get(state, IN_PROGRESS)


def failure_of(record: Record) -> str:
    """Why the job failed, "" where it did not; a program blames the client for what the client can put right."""
    reason = str(record.body.get("job", {}).get("failure_reason", ""))
    if "Insufficient privileges: AccessDenied" in reason:
        return NO_PRIVILEGES
    if reason.startswith("ClientError: "):
        return reason.removeprefix("ClientError: ").partition(", exit code:")[0]
    return reason


def state_members(record: Record) -> dict[str, Any]:
    """Status, failure reason and times: what every summary of a job has."""
    members = {"status": status_of(record), **times(record)}
    reason = failure_of(record)
    return {**members, "failureReason": reason} if reason else members


def check_unfinished(records: Records, like: Record) -> None:
    """At most five jobs of a kind may wait or run in an account and region.

    Raises:
        LimitExceededException: there are five.
    """
    count = 0
    for status in ("InProgress", "Stopping"):
        page = records.page(like.kind, like.account, like.region, filters=Filters(status=status), limit=MOST_UNFINISHED)
        count += len(page.records)
    if count >= MOST_UNFINISHED:
        raise LimitExceededException(f"More than {MOST_UNFINISHED} resources with PENDING or IN_PROGRESS status.")
