"""What the operations on transform and processing jobs share: a job's record, and what is told of its course."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.compute.contract import JobSpec
from clary.compute.jobs.scheduler import Jobs
from clary.compute.jobs.words import words_of
from clary.core.call import Call
from clary.core.clock import timestamp
from clary.core.errors import ValidationException
from clary.services.sagemaker.errors import ResourceInUse
from clary.services.sagemaker.locations import location
from clary.storage.data_access import DataAccess
from clary.storage.records import Record, RecordExists, Records


def find_job(records: Records, call: Call, kind: str, name: str) -> Record:
    """The job of that kind and name in the caller's account and region.

    Raises:
        ValidationException: there is none.
    """
    record = records.get(kind, call.account, call.region, name)
    if record is None:
        raise ValidationException(f"Could not find requested job with name: {name}")
    return record


def submit_job(jobs: Jobs, record: Record, spec: JobSpec, tags: Mapping[str, str]) -> None:
    """Puts a job into the queue; it is on disk when this returns.

    Raises:
        ResourceInUse: the name is taken.
        ResourceLimitExceeded: it asks for too many instances.
    """
    try:
        jobs.submit(record, spec, tags=tags)
    except RecordExists as error:
        raise ResourceInUse(
            "Job name must be unique within an AWS account and region, and a job with this name already exists "
            f"({record.arn})"
        ) from error


def require_running(record: Record) -> None:
    """Checks that a job can still be stopped.

    Raises:
        ValidationException: it has ended.
    """
    words = words_of(record.kind)
    if record.status in words.final:
        raise ValidationException(f"The request was rejected because the {words.job} is in status {record.status}.")


def course(record: Record, prefix: str) -> dict[str, Any]:
    """What a description tells of a job's course: its times and, when it failed, why.

    Args:
        prefix: of the members' names: "Transform", "Processing".
    """
    job: Mapping[str, Any] = record.body.get("job", {})
    told = {
        member: timestamp(job[key])
        for member, key in ((f"{prefix}StartTime", "started"), (f"{prefix}EndTime", "ended"))
        if job.get(key) is not None
    }
    if job.get("failure_reason"):
        told["FailureReason"] = job["failure_reason"]
    return told


def summary(record: Record, prefix: str) -> dict[str, Any]:
    """A line in a list of jobs.

    Args:
        prefix: of the members' names: "TransformJob", "ProcessingJob".
    """
    line = {
        f"{prefix}Name": record.name,
        f"{prefix}Arn": record.arn,
        f"{prefix}Status": record.status,
        "CreationTime": timestamp(record.created),
        "LastModifiedTime": timestamp(record.modified),
        **course(record, prefix.removesuffix("Job")),
    }
    line.pop(prefix.removesuffix("Job") + "StartTime", None)
    return line


def writable_prefix(data_access: DataAccess, uri: str, member: str) -> str:
    """An output prefix as "s3://BUCKET/PREFIX".

    Args:
        member: where the request says it, for the message.

    Raises:
        ValidationException: it is not an address in S3, or its bucket does not exist.
    """
    place = location(uri, member)
    if not data_access.bucket_exists(place.bucket):
        raise ValidationException(f"Invalid {member}: the S3 bucket {place.bucket!r} does not exist.")
    return str(place)
