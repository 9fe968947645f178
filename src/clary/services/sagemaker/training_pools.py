"""What the operations of training jobs tell and change of warm pools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.compute.jobs.scheduler import Jobs
from clary.compute.jobs.warm_pools import WarmPools
from clary.core.call import Call
from clary.core.errors import ValidationException
from clary.core.pages import encode_token
from clary.services.sagemaker.listing import SORT_COLUMNS, page_of
from clary.services.sagemaker.names import TRAINING_JOB
from clary.services.sagemaker.training_capacity import check_keep_alive
from clary.services.sagemaker.training_description import FINAL_STATUSES
from clary.storage.records import Page, Record, RecordChanged, Records

_MOST = 100


def told(record: Record, pools: WarmPools, now: float) -> dict[str, Any]:
    """The member WarmPoolStatus of a job; nothing for a job that asked for no pool.

    Args:
        now: in seconds since 1970.
    """
    if record.status not in FINAL_STATUSES:
        return {"WarmPoolStatus": {"Status": "InUse"}} if _keep_alive(record) else {}
    if _keep_alive(record) is None:
        return {}
    pool = pools.of(record.arn)
    if pool is None or pool.since < record.created:  # a pool that an earlier job of this name left is not its own
        return {}
    status: dict[str, Any] = {
        "Status": pool.status,
        "ResourceRetainedBillableTimeInSeconds": pool.retained_seconds(now),
    }
    if pool.used_by:
        status["ReusedByJob"] = pool.used_by
    return {"WarmPoolStatus": status}


def _keep_alive(record: Record) -> int | None:
    """The KeepAlivePeriodInSeconds of a job, 0 also where the pool was ended; None where it never asked for one."""
    seconds: int | None = record.body["request"].get("ResourceConfig", {}).get("KeepAlivePeriodInSeconds")
    return seconds


def page_with_status(records: Records, pools: WarmPools, call: Call, request: Mapping[str, Any]) -> Page:
    """The page of jobs whose warm pool has the status that a ListTrainingJobs request asks for.

    Raises:
        ValidationException: NextToken is not one of this listing.
    """
    wanted = request["WarmPoolStatusEquals"]
    arns = set() if wanted == "InUse" else pools.with_status(wanted)
    found: list[Record] = []
    limit, asked = request.get("MaxResults", 10), dict(request)
    while True:  # pools are few; the jobs among which they are looked for may be many
        page = page_of(records, call, TRAINING_JOB, {**asked, "MaxResults": _MOST}, descending_by_default=False)
        for number, record in enumerate(page.records):
            running = record.status not in FINAL_STATUSES
            if record.arn in arns or (wanted == "InUse" and running and _keep_alive(record)):
                found.append(record)
            if len(found) == limit:
                more = page.next_token is not None or number + 1 < len(page.records)
                column = SORT_COLUMNS[request.get("SortBy", "CreationTime")]
                return Page(found, encode_token(getattr(record, column), record.name) if more else None)
        if page.next_token is None:
            return Page(found, None)
        asked["NextToken"] = page.next_token


def keep_for(records: Records, record: Record, jobs: Jobs, seconds: int) -> None:
    """Changes how long a job's idle pool is kept, counted from the end of the job; 0 ends it. Describe tells it.

    Raises:
        ValidationException: it has no idle pool, or the time is too long, or somebody else changes the job just now.
    """
    check_keep_alive(seconds)
    pool = jobs.warm_pools.of(record.arn)
    if pool is None or pool.status != "Available":
        now = "has no warm pool" if pool is None else f"has a warm pool in status {pool.status}"
        raise ValidationException(
            f"KeepAlivePeriodInSeconds can be changed only while the status of the warm pool is Available: training "
            f"job {record.name} {now}."
        )
    sent = record.body["request"]
    changed = {**sent, "ResourceConfig": {**sent["ResourceConfig"], "KeepAlivePeriodInSeconds": seconds}}
    try:
        records.update(record, body={**record.body, "request": changed})
    except RecordChanged as error:
        raise ValidationException(f"Training job {record.name} has changed since it was read.") from error
    jobs.keep_pool(pool, seconds)
