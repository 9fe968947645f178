"""Data set import jobs: CSV from S3 into a data set, checked strictly, all of it or nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from clary.compute.contract import Channel, Output
from clary.compute.jobs.scheduler import Jobs
from clary.core.call import Call
from clary.core.errors import ServiceError
from clary.core.operations import operation
from clary.services.personalize import shelf
from clary.services.personalize.datasets import contents
from clary.services.personalize.datasets.schema_tables import INTERACTIONS
from clary.services.personalize.errors import InvalidInputException, ResourceInUseException
from clary.services.personalize.job_specs import job_spec
from clary.services.personalize.job_status import UNFINISHED, check_unfinished, state_members, status_of
from clary.services.personalize.names import DATASET, IMPORT_JOB, METRIC_ATTRIBUTION, SCHEMA, resource_arn
from clary.services.personalize.roles import require_role
from clary.storage.data_access import DataAccess, parse_uri
from clary.storage.identities import Identities
from clary.storage.records import Record, RecordExists, Records

REPORTS = "clary-reports/personalize"
"""Where reports go in the bucket of the data; an import passes over what lies there."""


class ImportJobs:
    """The import jobs of every account.

    Args:
        records: where jobs and data sets are.
        identities: whom roles belong to.
        data_access: tells whether a role may write a report.
        jobs: the durable queue.
        folder: Personalize's folder.
    """

    api = "personalize"

    def __init__(
        self, records: Records, identities: Identities, data_access: DataAccess, jobs: Jobs, folder: Path
    ) -> None:
        self._records = records
        self._identities = identities
        self._data_access = data_access
        self._jobs = jobs
        self._folder = folder

    @operation("CreateDatasetImportJob", resource="dataset-import-job/{jobName}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts an import into the queue; it is on disk when this returns.

        Raises:
            InvalidInputException: the location is not one in S3, the role cannot be used, or the request asks for
                what Clary does not have.
            ResourceNotFoundException: there is no such data set.
            ResourceAlreadyExistsException: the name is taken.
            ResourceInUseException: the data set is being imported into.
            LimitExceededException: five imports wait or run.
        """
        tags = shelf.tags_of(request.get("tags", []))
        dataset = shelf.find(self._records, call, DATASET, request["datasetArn"])
        location = request["dataSource"].get("dataLocation", "")
        bucket = bucket_of(location, "dataSource.dataLocation")
        if request.get("publishAttributionMetricsToS3"):
            self._require_attribution(dataset)
        role = require_role(self._identities, call, request.get("roleArn"))
        name = request["jobName"]
        arn = resource_arn(call, IMPORT_JOB, name)
        mode = request.get("importMode", "FULL")
        record = Record(IMPORT_JOB, call.account, call.region, name, arn, parent=dataset.arn)
        if self._records.by_arn(arn) is not None:
            raise shelf.already_exists(arn)
        check_unfinished(self._records, record)
        for other in self._records.children(IMPORT_JOB, dataset):
            if status_of(other) in UNFINISHED:
                raise ResourceInUseException(f"Dataset {dataset.arn} is used by {other.arn}, which is in progress.")
        task = self._task(call, dataset, name)
        spec = job_spec(
            call,
            record,
            "importing:main",
            task,
            data=self._folder,
            writable=(self._folder / "datasets" / dataset.body["id"],),
            role_arn=role,
            channels=(Channel("data", location),),
            outputs=self._report(role, bucket, name),
            cpus=1,
        )
        body = {
            "request": {member: value for member, value in request.items() if member != "tags"},
            "importMode": mode,
            "segment": contents.segment_folder(dataset.body["id"], spec.id),
            "report": spec.outputs[0].uri if spec.outputs else "",
        }
        contents.sweep(self._folder, self._records, dataset)
        try:
            self._jobs.submit(replace(record, body=body), spec, tags=tags)
        except RecordExists as error:
            raise shelf.already_exists(arn) from error
        return {"datasetImportJobArn": arn}

    @operation("DescribeDatasetImportJob", resource="{datasetImportJobArn}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """An import."""
        record = shelf.find(self._records, call, IMPORT_JOB, request["datasetImportJobArn"])
        asked = record.body["request"]
        job = {**_summary(record), "datasetArn": record.parent, "dataSource": asked["dataSource"]}
        job |= {member: asked[member] for member in ("roleArn", "publishAttributionMetricsToS3") if member in asked}
        return {"datasetImportJob": job}

    @operation("ListDatasetImportJobs")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of imports."""
        parent = request.get("datasetArn")
        return shelf.listing(self._records, call, IMPORT_JOB, request, "datasetImportJobs", _summary, parent=parent)

    def _require_attribution(self, dataset: Record) -> None:
        """An import can be reported on in S3 where its group has an attribution that says where."""
        group = self._records.by_arn(dataset.parent)
        attributions = self._records.children(METRIC_ATTRIBUTION, group) if group else []
        if dataset.body["type"] != INTERACTIONS or not any(
            "s3DataDestination" in attribution.body["output"] for attribution in attributions
        ):
            raise InvalidInputException(
                "publishAttributionMetricsToS3 requires an Interactions dataset and a metric attribution of its "
                "dataset group with an s3DataDestination."
            )

    def _task(self, call: Call, dataset: Record, name: str) -> dict[str, Any]:
        schema = shelf.find(self._records, call, SCHEMA, dataset.body["schema"])
        return {
            "schema": schema.body["schema"],
            "dataset": dataset.body["id"],
            "type": dataset.body["type"],
            "title": f"Import {name}",
        }

    def _report(self, role: str, bucket: str, name: str) -> tuple[Output, ...]:
        """Where the report goes: none where the role may not write, which must not fail the import."""
        prefix = f"{REPORTS}/{name}"
        try:
            self._data_access.require(role, "s3:PutObject", bucket, f"{prefix}/report.json")
        except ServiceError:
            return ()
        return (Output("output/report", f"s3://{bucket}/{prefix}", "files"),)


def bucket_of(location: str, member: str) -> str:
    """The bucket of an S3 address.

    Raises:
        InvalidInputException: it is none.
    """
    try:
        bucket, _ = parse_uri(location)
    except ServiceError as error:
        raise InvalidInputException(
            f"{member} {location!r} is not valid: it must look like s3://BUCKET/KEY."
        ) from error
    return bucket


def _summary(record: Record) -> dict[str, Any]:
    return {
        "datasetImportJobArn": record.arn,
        "jobName": record.name,
        "importMode": record.body["importMode"],
        **state_members(record),
    }
