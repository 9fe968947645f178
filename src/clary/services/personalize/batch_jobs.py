"""Batch inference and batch segment jobs: a solution version asked with lines of JSON from S3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from clary.compute.contract import Channel, Output
from clary.compute.jobs.scheduler import Jobs
from clary.core.call import Call
from clary.core.operations import operation
from clary.services.personalize import shelf
from clary.services.personalize.datasets.imports import bucket_of
from clary.services.personalize.errors import InvalidInputException
from clary.services.personalize.job_specs import job_spec
from clary.services.personalize.job_status import check_unfinished, state_members, status_of
from clary.services.personalize.names import (
    ACTIVE,
    BATCH_INFERENCE_JOB,
    BATCH_SEGMENT_JOB,
    FILTER,
    SOLUTION_VERSION,
    resource_arn,
)
from clary.services.personalize.roles import require_role
from clary.services.personalize.serving.campaigns import check_exploration, check_influence
from clary.services.personalize.sight import readable
from clary.services.personalize.solutions import recipe_table as kinds
from clary.services.personalize.solutions.recipe_table import BY_ARN
from clary.services.personalize.solutions.solution_versions import SolutionVersions
from clary.services.personalize.solutions.training_tasks import TrainingTasks
from clary.storage.identities import Identities
from clary.storage.records import Record, RecordExists, Records

MOST_RESULTS = 500
MOST_USERS = 5_000_000
_SEGMENTS = frozenset({kinds.ITEM_SEGMENTS, kinds.ATTRIBUTE_SEGMENTS})
_MEMBERS = (
    "filterArn",
    "numResults",
    "jobInput",
    "jobOutput",
    "roleArn",
    "batchInferenceJobConfig",
    "batchInferenceJobMode",
)

NO_THEMES = (
    "Themes are written by a large language model, which Clary does not have: leave out themeGenerationConfig and the "
    "mode THEME_GENERATION."
)


class BatchJobs:
    """The batch jobs of every account.

    Args:
        records: where they are kept.
        identities: whom roles belong to.
        jobs: runs them.
        versions: what they ask.
        tasks: tells where the data sets lie.
        folder: Personalize's folder.
    """

    api = "personalize"

    def __init__(
        self,
        records: Records,
        identities: Identities,
        jobs: Jobs,
        versions: SolutionVersions,
        tasks: TrainingTasks,
        folder: Path,
    ) -> None:
        self._records = records
        self._identities = identities
        self._jobs = jobs
        self._versions = versions
        self._tasks = tasks
        self._folder = folder

    @operation("CreateBatchInferenceJob", resource="batch-inference-job/{jobName}", refuses=(NO_THEMES,))
    def create_inference(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts a batch of recommendations into the queue.

        Raises:
            InvalidInputException: version, places, role or configuration cannot be used.
            ResourceNotFoundException: there is no such version or filter.
            ResourceAlreadyExistsException: the name is taken.
            LimitExceededException: five such jobs wait or run.
        """
        if request.get("batchInferenceJobMode") == "THEME_GENERATION" or "themeGenerationConfig" in request:
            raise InvalidInputException(NO_THEMES)
        config = request.get("batchInferenceJobConfig", {})
        check_exploration(config.get("itemExplorationConfig", {}))
        arn = self._create(call, request, BATCH_INFERENCE_JOB, segments=False, most=MOST_RESULTS)
        return {"batchInferenceJobArn": arn}

    @operation("DescribeBatchInferenceJob", resource="{batchInferenceJobArn}")
    def describe_inference(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A batch inference job."""
        record = shelf.find(self._records, call, BATCH_INFERENCE_JOB, request["batchInferenceJobArn"])
        return {"batchInferenceJob": {**_inference(record), **_asked(record)}}

    @operation("ListBatchInferenceJobs")
    def list_inference(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of batch inference jobs."""
        parent = request.get("solutionVersionArn")
        return shelf.listing(
            self._records, call, BATCH_INFERENCE_JOB, request, "batchInferenceJobs", _inference, parent=parent
        )

    @operation("CreateBatchSegmentJob", resource="batch-segment-job/{jobName}")
    def create_segments(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts a batch of segments into the queue.

        Raises:
            InvalidInputException, ResourceNotFoundException, ResourceAlreadyExistsException, LimitExceededException:
                as CreateBatchInferenceJob.
        """
        arn = self._create(call, request, BATCH_SEGMENT_JOB, segments=True, most=MOST_USERS)
        return {"batchSegmentJobArn": arn}

    @operation("DescribeBatchSegmentJob", resource="{batchSegmentJobArn}")
    def describe_segments(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A batch segment job."""
        record = shelf.find(self._records, call, BATCH_SEGMENT_JOB, request["batchSegmentJobArn"])
        return {"batchSegmentJob": {**_segment(record), **_asked(record)}}

    @operation("ListBatchSegmentJobs")
    def list_segments(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of batch segment jobs."""
        parent = request.get("solutionVersionArn")
        return shelf.listing(
            self._records, call, BATCH_SEGMENT_JOB, request, "batchSegmentJobs", _segment, parent=parent
        )

    def _create(self, call: Call, request: Mapping[str, Any], kind: str, *, segments: bool, most: int) -> str:
        tags = shelf.tags_of(request.get("tags", []))
        version = shelf.find(self._records, call, SOLUTION_VERSION, request["solutionVersionArn"])
        if status_of(version) != ACTIVE:
            raise InvalidInputException(
                f"Solution version {version.arn} is in status {status_of(version)}, not ACTIVE."
            )
        recipe = BY_ARN[self._versions.result(version)["recipe"]]
        if (recipe.kind in _SEGMENTS) != segments or recipe.kind == kinds.ACTIONS:
            raise InvalidInputException(f"The recipe {recipe.arn} does not answer jobs of this kind.")
        check_influence(request.get("batchInferenceJobConfig", {}).get("rankingInfluence", {}), recipe)
        if not 0 <= request.get("numResults", 25) <= most:
            raise InvalidInputException(f"numResults must be at most {most}.")
        source = request["jobInput"]["s3DataSource"]["path"]
        destination = request["jobOutput"]["s3DataDestination"]["path"]
        bucket_of(source, "jobInput.s3DataSource.path")
        bucket_of(destination, "jobOutput.s3DataDestination.path")
        role = require_role(self._identities, call, request["roleArn"])
        arn = resource_arn(call, kind, request["jobName"])
        record = Record(kind, call.account, call.region, request["jobName"], arn, parent=version.arn)
        task = self._task(call, request, version)
        spec = job_spec(
            call,
            record,
            "batch:main",
            task,
            data=self._folder,
            visible=readable(self._folder, task["answers"]["datasets"], task["answers"]["model"]),
            role_arn=role,
            channels=(Channel("data", source),),
            outputs=(Output("output/batch", destination.rstrip("/"), "files"),),
            cpus=1,
        )
        if self._records.by_arn(arn) is not None:
            raise shelf.already_exists(arn)
        check_unfinished(self._records, record)
        body = {"request": {member: value for member, value in request.items() if member != "tags"}}
        try:
            self._jobs.submit(replace(record, body=body), spec, tags=tags)
        except RecordExists as error:
            raise shelf.already_exists(arn) from error
        return arn

    def _task(self, call: Call, request: Mapping[str, Any], version: Record) -> dict[str, Any]:
        expression = ""
        if request.get("filterArn"):
            found = shelf.find(self._records, call, FILTER, request["filterArn"])
            if found.parent != version.body["datasetGroupArn"]:
                raise InvalidInputException(f"The filter {found.arn} is of another dataset group.")
            expression = found.body["filterExpression"]
        group = self._records.by_arn(version.body["datasetGroupArn"])
        config = request.get("batchInferenceJobConfig", {})
        return {
            "k": request.get("numResults") or 25,
            "filter": expression,
            "answers": {
                "model": version.body["model"],
                "datasets": self._tasks.datasets(group) if group else {},
                "columns": version.body.get("solutionConfig", {}).get("trainingDataConfig", {}),
                "exploration": config.get("itemExplorationConfig", {}),
                "influence": config.get("rankingInfluence", {}),
            },
        }


def _inference(record: Record) -> dict[str, Any]:
    return {
        "batchInferenceJobArn": record.arn,
        "jobName": record.name,
        "solutionVersionArn": record.parent,
        "batchInferenceJobMode": record.body["request"].get("batchInferenceJobMode", "BATCH_INFERENCE"),
        **state_members(record),
    }


def _segment(record: Record) -> dict[str, Any]:
    return {
        "batchSegmentJobArn": record.arn,
        "jobName": record.name,
        "solutionVersionArn": record.parent,
        **state_members(record),
    }


def _asked(record: Record) -> dict[str, Any]:
    asked = record.body["request"]
    return {member: asked[member] for member in _MEMBERS if member in asked}
