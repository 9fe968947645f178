"""Export jobs and data deletion jobs: what is in a data set goes to S3, or users go out of a group."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from clary.compute.contract import Channel, JobSpec, Output
from clary.compute.jobs.scheduler import Jobs
from clary.core.call import Call
from clary.core.operations import operation
from clary.services.personalize import shelf
from clary.services.personalize.datasets.imports import bucket_of
from clary.services.personalize.job_specs import job_spec
from clary.services.personalize.job_status import check_unfinished, state_members, status_of
from clary.services.personalize.names import ACTIVE, DATASET, DATASET_GROUP, DELETION_JOB, EXPORT_JOB, resource_arn
from clary.services.personalize.roles import require_role
from clary.services.personalize.sight import DELETIONS, events_folders, readable
from clary.services.personalize.solutions.training_tasks import TrainingTasks
from clary.storage.identities import Identities
from clary.storage.records import Record, RecordExists, Records


class DataJobs:
    """Exports and deletions of every account.

    Args:
        records: where they are kept.
        identities: whom roles belong to.
        jobs: runs them.
        tasks: tells where the data sets lie.
        folder: Personalize's folder.
    """

    api = "personalize"

    def __init__(
        self, records: Records, identities: Identities, jobs: Jobs, tasks: TrainingTasks, folder: Path
    ) -> None:
        self._records = records
        self._identities = identities
        self._jobs = jobs
        self._tasks = tasks
        self._folder = folder

    @operation("CreateDatasetExportJob", resource="dataset-export-job/{jobName}")
    def create_export(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts an export into the queue.

        Raises:
            InvalidInputException: the place is not one in S3, or the role cannot be used.
            ResourceNotFoundException: there is no such data set.
            ResourceAlreadyExistsException: the name is taken.
            LimitExceededException: five exports wait or run.
        """
        tags = shelf.tags_of(request.get("tags", []))
        dataset = shelf.find(self._records, call, DATASET, request["datasetArn"])
        destination = request["jobOutput"]["s3DataDestination"]["path"]
        bucket_of(destination, "jobOutput.s3DataDestination.path")
        role = require_role(self._identities, call, request["roleArn"])
        group = self._records.by_arn(dataset.parent)
        found = self._tasks.datasets(group)[dataset.body["type"]] if group else {}
        arn = resource_arn(call, EXPORT_JOB, request["jobName"])
        record = Record(EXPORT_JOB, call.account, call.region, request["jobName"], arn, parent=dataset.arn)
        task = {**found, "mode": request.get("ingestionMode", "PUT"), "name": request["jobName"]}
        spec = job_spec(
            call,
            record,
            "exporting:main",
            task,
            data=self._folder,
            visible=readable(self._folder, {"exported": found} if found else {}),
            role_arn=role,
            outputs=(Output("output/export", destination.rstrip("/"), "files"),),
            cpus=1,
        )
        self._submit(record, {"request": _without_tags(request)}, spec, tags)
        return {"datasetExportJobArn": arn}

    @operation("DescribeDatasetExportJob", resource="{datasetExportJobArn}")
    def describe_export(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """An export."""
        record = shelf.find(self._records, call, EXPORT_JOB, request["datasetExportJobArn"])
        asked = record.body["request"]
        members = ("datasetArn", "ingestionMode", "roleArn", "jobOutput")
        job = {**_export(record), **{member: asked[member] for member in members if member in asked}}
        return {"datasetExportJob": job}

    @operation("ListDatasetExportJobs")
    def list_exports(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of exports."""
        parent = request.get("datasetArn")
        return shelf.listing(self._records, call, EXPORT_JOB, request, "datasetExportJobs", _export, parent=parent)

    @operation("CreateDataDeletionJob", resource="data-deletion-job/{jobName}")
    def create_deletion(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts a deletion of users into the queue; models that learned from them must be trained anew.

        Raises:
            InvalidInputException: the place is not one in S3, or the role cannot be used.
            ResourceNotFoundException: there is no such group.
            ResourceAlreadyExistsException: the name is taken.
            LimitExceededException: five deletions wait or run.
        """
        tags = shelf.tags_of(request.get("tags", []))
        group = shelf.find(self._records, call, DATASET_GROUP, request["datasetGroupArn"])
        location = request["dataSource"].get("dataLocation", "")
        bucket_of(location, "dataSource.dataLocation")
        role = require_role(self._identities, call, request["roleArn"])
        arn = resource_arn(call, DELETION_JOB, request["jobName"])
        datasets = self._tasks.datasets(group)
        record = Record(DELETION_JOB, call.account, call.region, request["jobName"], arn, parent=group.arn)
        spec = job_spec(
            call,
            record,
            "deleting:main",
            {"datasets": datasets},
            data=self._folder,
            writable=events_folders(self._folder, datasets),
            own=self._folder / DELETIONS,
            visible=readable(self._folder, datasets),
            role_arn=role,
            channels=(Channel("data", location),),
            cpus=1,
        )
        body = {"request": _without_tags(request), "segment": f"{DELETIONS}/{spec.id}"}
        self._submit(record, body, spec, tags)
        return {"dataDeletionJobArn": arn}

    @operation("DescribeDataDeletionJob", resource="{dataDeletionJobArn}")
    def describe_deletion(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A deletion."""
        record = shelf.find(self._records, call, DELETION_JOB, request["dataDeletionJobArn"])
        asked = record.body["request"]
        job = {**_deletion(record), "dataSource": asked["dataSource"], "roleArn": asked["roleArn"]}
        if status_of(record) == ACTIVE:
            summary = (self._folder / record.body["segment"] / "summary.json").read_text(encoding="utf-8")
            job["numDeleted"] = json.loads(summary)["deleted"]
        return {"dataDeletionJob": job}

    @operation("ListDataDeletionJobs")
    def list_deletions(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of deletions."""
        parent = request.get("datasetGroupArn")
        return shelf.listing(self._records, call, DELETION_JOB, request, "dataDeletionJobs", _deletion, parent=parent)

    def _submit(self, record: Record, body: dict[str, Any], spec: JobSpec, tags: dict[str, str]) -> None:
        if self._records.by_arn(record.arn) is not None:
            raise shelf.already_exists(record.arn)
        check_unfinished(self._records, record)
        try:
            self._jobs.submit(replace(record, body=body), spec, tags=tags)
        except RecordExists as error:
            raise shelf.already_exists(record.arn) from error


def _without_tags(request: dict[str, Any]) -> dict[str, Any]:
    return {member: value for member, value in request.items() if member != "tags"}


def _export(record: Record) -> dict[str, Any]:
    return {"datasetExportJobArn": record.arn, "jobName": record.name, **state_members(record)}


def _deletion(record: Record) -> dict[str, Any]:
    return {
        "dataDeletionJobArn": record.arn,
        "datasetGroupArn": record.parent,
        "jobName": record.name,
        **state_members(record),
    }
