"""Training jobs: created, described, listed, stopped, updated and deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clary.compute.contract import JobSpec
from clary.compute.jobs.scheduler import Jobs
from clary.core.call import Call
from clary.core.clock import Clock, SystemClock
from clary.core.errors import ValidationException
from clary.core.operations import operation
from clary.services.sagemaker import training_description as reading
from clary.services.sagemaker import training_pools
from clary.services.sagemaker.errors import ResourceInUse
from clary.services.sagemaker.listing import listing, page_of
from clary.services.sagemaker.locations import location
from clary.services.sagemaker.names import TRAINING_JOB, resource_arn
from clary.services.sagemaker.own_images import ImagesOfCaller
from clary.services.sagemaker.roles import require_role
from clary.services.sagemaker.tags import tags_of
from clary.services.sagemaker.training_capacity import with_capacity
from clary.services.sagemaker.training_request import check_request
from clary.services.sagemaker.training_spec import job_spec
from clary.storage.identities import Identities
from clary.storage.records import Record, RecordChanged, RecordExists, Records

_RESOURCE = "training-job/{TrainingJobName}"


def prepared(call: Call, request: dict[str, Any], own_images: ImagesOfCaller | None = None) -> tuple[Record, JobSpec]:
    """The record and the job of a CreateTrainingJob request, whoever makes it: a user, or a tuning job for a trial.

    Args:
        own_images: finds images of users.

    Raises:
        ResourceLimitExceeded: it asks for too many instances.
        ValidationException: the request breaks a rule, or asks for what Clary does not have.
    """
    resolved = check_request(request, own_images(call) if own_images else None)
    name = request["TrainingJobName"]
    arn = resource_arn(call, TRAINING_JOB, name)
    body = {"request": {member: value for member, value in request.items() if member != "Tags"}}
    record = Record(TRAINING_JOB, call.account, call.region, name, arn, body=body)
    return record, with_capacity(job_spec(call, request, resolved, arn), request)


class TrainingJobs:
    """The training jobs of every account.

    A job's record holds the request under "request"; `compute` owns the status and what stands under "job".

    Args:
        records: where jobs are read.
        identities: whom roles belong to and what they allow.
        jobs: the durable queue that runs them.
        bucket_exists: tells of a bucket's name whether there is such a bucket.
        clock: what time it is.
        own_images: finds images of users.
    """

    api = "sagemaker"

    def __init__(
        self,
        records: Records,
        identities: Identities,
        jobs: Jobs,
        bucket_exists: Callable[[str], bool],
        clock: Clock | None = None,
        own_images: ImagesOfCaller | None = None,
    ) -> None:
        self._own_images = own_images
        self._records = records
        self._identities = identities
        self._jobs = jobs
        self._bucket_exists = bucket_exists
        self._clock = clock or SystemClock()

    @operation("CreateTrainingJob", resource=_RESOURCE, lower=True)
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts a training job into the queue; it is on disk when this returns.

        Raises:
            ResourceInUse: the name is taken.
            ResourceLimitExceeded: it asks for too many instances.
            ValidationException: the request breaks a rule, or asks for what Clary does not have.
        """
        record, spec = prepared(call, request, self._own_images)
        self._require_output_bucket(request["OutputDataConfig"]["S3OutputPath"])
        tags = tags_of(request.get("Tags", []))
        require_role(self._identities, call, request["RoleArn"])
        try:
            self._jobs.submit(record, spec, tags=tags)
        except RecordExists as error:
            raise ResourceInUse(
                "Training job names must be unique within an AWS account and region, and a training job with this "
                f"name already exists ({record.arn})"
            ) from error
        return {"TrainingJobArn": record.arn}

    @operation("DescribeTrainingJob", resource=_RESOURCE, lower=True)
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Everything about one job."""
        record = self._find(call, request)
        pool = training_pools.told(record, self._jobs.warm_pools, self._clock.time())
        return {**reading.description(record), **pool}

    @operation("ListTrainingJobs")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of jobs."""
        if "TrainingPlanArnEquals" in request:
            return {"TrainingJobSummaries": []}  # no job is accepted with one
        pools, now = self._jobs.warm_pools, self._clock.time()
        if "WarmPoolStatusEquals" in request:
            page = training_pools.page_with_status(self._records, pools, call, request)
        else:
            page = page_of(self._records, call, TRAINING_JOB, request, descending_by_default=False)
        lines = [{**reading.summary(record), **training_pools.told(record, pools, now)} for record in page.records]
        return listing("TrainingJobSummaries", lines, page)

    @operation("StopTrainingJob", resource=_RESOURCE, lower=True)
    def stop(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Asks a job to stop: SIGTERM, 120 seconds later SIGKILL; what it left as its model is kept.

        Raises:
            ValidationException: it has ended already.
        """
        record = self._find(call, request)
        self._require_running(record)
        self._jobs.stop(record.arn)
        return {}

    @operation("UpdateTrainingJob", resource=_RESOURCE, lower=True)
    def update(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Changes how long a job's warm pool is kept, and turns the profiler off.

        Raises:
            ValidationException: the job has ended, or has no idle pool, or the request asks for what Clary does not
                have.
        """
        record = self._find(call, request)
        profiler = request.get("ProfilerConfig", {})
        if (
            request.get("ProfilerRuleConfigurations")
            or (profiler and not profiler.get("DisableProfiler"))
            or request.get("RemoteDebugConfig", {}).get("EnableRemoteDebug")
        ):
            raise ValidationException(
                "Clary has neither the profiler nor remote debugging yet: UpdateTrainingJob can only turn them off."
            )
        if "ResourceConfig" in request:
            seconds = request["ResourceConfig"]["KeepAlivePeriodInSeconds"]
            training_pools.keep_for(self._records, record, self._jobs, seconds)
        else:
            self._require_running(record)
        return {"TrainingJobArn": record.arn}

    @operation("DeleteTrainingJob", resource=_RESOURCE, lower=True)
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Forgets a job that has ended; its model, logs and metrics stay, its name is free again.

        Raises:
            ResourceInUse: it has not ended, its warm pool is still kept, or its tuning job still counts on it.
        """
        record = self._find(call, request)
        if record.status not in reading.FINAL_STATUSES:
            raise ResourceInUse(
                f"Training job {record.arn} is in status {record.status} and cannot be deleted: it must be Completed, "
                "Failed or Stopped."
            )
        tuning = self._records.by_arn(record.body["tuning"]["arn"]) if "tuning" in record.body else None
        if tuning is not None and tuning.body["id"] == record.parent and tuning.status in ("InProgress", "Stopping"):
            raise ResourceInUse(
                f"Training job {record.arn} belongs to the hyperparameter tuning job {tuning.name}, which is in status "
                f"{tuning.status}, and cannot be deleted before that has ended."
            )
        pool = self._jobs.warm_pools.of(record.arn)
        if pool is not None and pool.status == "Available":
            raise ResourceInUse(
                f"Training job {record.arn} has an Available warm pool and cannot be deleted: end the pool by updating "
                "its KeepAlivePeriodInSeconds to 0."
            )
        try:
            self._records.delete(record)
            self._jobs.warm_pools.forget(record.arn)
        except RecordChanged as error:
            raise ResourceInUse(f"Training job {record.arn} has changed since it was read.") from error
        return {}

    def _require_output_bucket(self, path: str) -> None:
        bucket = location(path, "OutputDataConfig.S3OutputPath").bucket
        if not self._bucket_exists(bucket):
            raise ValidationException(
                f"The S3 bucket {bucket!r} of OutputDataConfig.S3OutputPath does not exist: {path!r}."
            )

    def _find(self, call: Call, request: dict[str, Any]) -> Record:
        record = self._records.get(TRAINING_JOB, call.account, call.region, request["TrainingJobName"])
        if record is None:
            raise ValidationException("Requested resource not found.")
        return record

    @staticmethod
    def _require_running(record: Record) -> None:
        if record.status in reading.FINAL_STATUSES:
            raise ValidationException(
                f"The request was rejected because the training job is in status {record.status}."
            )
