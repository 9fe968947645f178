"""Processing jobs: created, described, listed and stopped."""

from __future__ import annotations

from typing import Any

from clary.compute.jobs.scheduler import Jobs
from clary.core.call import Call
from clary.core.clock import timestamp
from clary.core.operations import operation
from clary.services.sagemaker.job_records import course, find_job, require_running, submit_job, summary, writable_prefix
from clary.services.sagemaker.listing import listing, page_of
from clary.services.sagemaker.names import PROCESSING_JOB, resource_arn
from clary.services.sagemaker.own_images import ImagesOfCaller
from clary.services.sagemaker.processing.request import check_image, check_request
from clary.services.sagemaker.processing.spec import DEFAULT_RUNTIME_SECONDS, job_spec
from clary.services.sagemaker.roles import require_role
from clary.services.sagemaker.tags import tags_of
from clary.storage.data_access import DataAccess
from clary.storage.identities import Identities
from clary.storage.records import Record, Records

_RESOURCE = "processing-job/{ProcessingJobName}"

# Members of the request that come back as they were sent.
_ECHOED = (
    "ProcessingInputs",
    "ProcessingOutputConfig",
    "ProcessingResources",
    "AppSpecification",
    "Environment",
    "NetworkConfig",
    "RoleArn",
    "ExperimentConfig",
)


class ProcessingJobs:
    """The processing jobs of every account.

    A job's record holds the request under "request"; `compute` owns the status and what stands under "job".

    Args:
        records: where jobs are read.
        identities: whom roles belong to and what they allow.
        data_access: tells whether a bucket exists.
        jobs: the durable queue that runs them.
        own_images: finds images of users.
    """

    api = "sagemaker"

    def __init__(
        self,
        records: Records,
        identities: Identities,
        data_access: DataAccess,
        jobs: Jobs,
        own_images: ImagesOfCaller | None = None,
    ) -> None:
        self._records = records
        self._identities = identities
        self._data_access = data_access
        self._jobs = jobs
        self._own_images = own_images

    @operation("CreateProcessingJob", resource=_RESOURCE, lower=True)
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts a processing job into the queue; it is on disk when this returns.

        Raises:
            ResourceInUse: the name is taken.
            ResourceLimitExceeded: it asks for too many instances.
            ValidationException: a bucket does not exist, or the request breaks a rule or asks for what Clary does not
                have.
        """
        check_request(request)
        image = check_image(request, self._own_images(call) if self._own_images else None)
        for put in request.get("ProcessingOutputConfig", {}).get("Outputs", []):
            member = f"ProcessingOutputs {put['OutputName']!r}.S3Output.S3Uri"
            writable_prefix(self._data_access, put["S3Output"]["S3Uri"], member)
        tags = tags_of(request.get("Tags", []))
        require_role(self._identities, call, request["RoleArn"])
        arn = resource_arn(call, PROCESSING_JOB, request["ProcessingJobName"])
        body = {"request": {member: value for member, value in request.items() if member != "Tags"}}
        record = Record(PROCESSING_JOB, call.account, call.region, request["ProcessingJobName"], arn, body=body)
        submit_job(self._jobs, record, job_spec(call, request, image, arn), tags)
        return {"ProcessingJobArn": arn}

    @operation("DescribeProcessingJob", resource=_RESOURCE, lower=True)
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Everything about one job."""
        return description(find_job(self._records, call, PROCESSING_JOB, request["ProcessingJobName"]))

    @operation("ListProcessingJobs")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of jobs."""
        page = page_of(self._records, call, PROCESSING_JOB, request, descending_by_default=False)
        lines = [{**summary(record, "ProcessingJob"), **_message(record)} for record in page.records]
        return listing("ProcessingJobSummaries", lines, page)

    @operation("StopProcessingJob", resource=_RESOURCE, lower=True)
    def stop(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Asks a job to stop: SIGTERM, 120 seconds later SIGKILL; what it left as its outputs is kept.

        Raises:
            ValidationException: it has ended already.
        """
        record = find_job(self._records, call, PROCESSING_JOB, request["ProcessingJobName"])
        require_running(record)
        self._jobs.stop(record.arn)
        return {}


def description(record: Record) -> dict[str, Any]:
    """The answer of DescribeProcessingJob."""
    request = record.body["request"]
    return {
        "ProcessingJobName": record.name,
        "ProcessingJobArn": record.arn,
        "ProcessingJobStatus": record.status,
        "CreationTime": timestamp(record.created),
        "LastModifiedTime": timestamp(record.modified),
        "StoppingCondition": {"MaxRuntimeInSeconds": DEFAULT_RUNTIME_SECONDS, **request.get("StoppingCondition", {})},
        **{member: request[member] for member in _ECHOED if member in request},
        **course(record, "Processing"),
        **_message(record),
    }


def _message(record: Record) -> dict[str, Any]:
    message = record.body.get("job", {}).get("exit_message")
    return {"ExitMessage": message} if message and record.status in ("Completed", "Failed", "Stopped") else {}
