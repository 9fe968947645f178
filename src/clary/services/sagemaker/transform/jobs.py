"""Batch transform jobs: created, described, listed and stopped."""

from __future__ import annotations

from typing import Any

from clary.compute.jobs.scheduler import Jobs
from clary.core.call import Call
from clary.core.clock import timestamp
from clary.core.operations import operation
from clary.services.sagemaker.job_records import course, find_job, require_running, submit_job, summary, writable_prefix
from clary.services.sagemaker.listing import listing, page_of
from clary.services.sagemaker.models import find_model
from clary.services.sagemaker.names import TRANSFORM_JOB, resource_arn
from clary.services.sagemaker.tags import tags_of
from clary.services.sagemaker.transform.request import check_request
from clary.services.sagemaker.transform.spec import job_spec
from clary.storage.data_access import DataAccess
from clary.storage.records import Record, Records

_RESOURCE = "transform-job/{TransformJobName}"

# Members of the request that come back as they were sent.
_ECHOED = (
    "ModelName",
    "MaxConcurrentTransforms",
    "ModelClientConfig",
    "MaxPayloadInMB",
    "BatchStrategy",
    "Environment",
    "DataCaptureConfig",
    "TransformResources",
    "ExperimentConfig",
)


class TransformJobs:
    """The transform jobs of every account.

    A job's record holds the request under "request"; `compute` owns the status and what stands under "job".

    Args:
        records: where jobs and models are read.
        data_access: tells whether a bucket exists.
        jobs: the durable queue that runs them.
    """

    api = "sagemaker"

    def __init__(self, records: Records, data_access: DataAccess, jobs: Jobs) -> None:
        self._records = records
        self._data_access = data_access
        self._jobs = jobs

    @operation("CreateTransformJob", resource=_RESOURCE, lower=True)
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts a transform job into the queue; it is on disk when this returns.

        Raises:
            ResourceInUse: the name is taken.
            ResourceLimitExceeded: it asks for too many instances.
            ValidationException: the model or a bucket does not exist, or the request breaks a rule or asks for what
                Clary does not have.
        """
        check_request(request)
        tags = tags_of(request.get("Tags", []))
        model = find_model(self._records, call, request["ModelName"])
        writable_prefix(self._data_access, request["TransformOutput"]["S3OutputPath"], "TransformOutput.S3OutputPath")
        if "DataCaptureConfig" in request:
            destination = request["DataCaptureConfig"]["DestinationS3Uri"]
            writable_prefix(self._data_access, destination, "DataCaptureConfig.DestinationS3Uri")
        arn = resource_arn(call, TRANSFORM_JOB, request["TransformJobName"])
        body = {"request": {member: value for member, value in request.items() if member != "Tags"}}
        record = Record(TRANSFORM_JOB, call.account, call.region, request["TransformJobName"], arn, body=body)
        submit_job(self._jobs, record, job_spec(call, request, model, arn), tags)
        return {"TransformJobArn": arn}

    @operation("DescribeTransformJob", resource=_RESOURCE, lower=True)
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Everything about one job."""
        return description(find_job(self._records, call, TRANSFORM_JOB, request["TransformJobName"]))

    @operation("ListTransformJobs")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of jobs."""
        page = page_of(self._records, call, TRANSFORM_JOB, request, descending_by_default=True)
        return listing("TransformJobSummaries", [summary(record, "TransformJob") for record in page.records], page)

    @operation("StopTransformJob", resource=_RESOURCE, lower=True)
    def stop(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Asks a job to stop; the outputs of objects that are transformed stay.

        Raises:
            ValidationException: it has ended already.
        """
        record = find_job(self._records, call, TRANSFORM_JOB, request["TransformJobName"])
        require_running(record)
        self._jobs.stop(record.arn)
        return {}


def description(record: Record) -> dict[str, Any]:
    """The answer of DescribeTransformJob."""
    request = record.body["request"]
    processing = {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None", **request.get("DataProcessing", {})}
    return {
        "TransformJobName": record.name,
        "TransformJobArn": record.arn,
        "TransformJobStatus": record.status,
        "CreationTime": timestamp(record.created),
        "TransformInput": {"CompressionType": "None", "SplitType": "None", **request["TransformInput"]},
        "TransformOutput": {"AssembleWith": "None", "KmsKeyId": "", **request["TransformOutput"]},
        "DataProcessing": processing,
        **{member: request[member] for member in _ECHOED if member in request},
        **course(record, "Transform"),
    }
