"""Versions of projects, which are models: trained, described, copied and deleted."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from clary.compute.contract import Output
from clary.core import ids
from clary.core.call import Call
from clary.core.clock import timestamp
from clary.core.operations import operation
from clary.services.rekognition import shelf
from clary.services.rekognition.custom_labels import version_status
from clary.services.rekognition.custom_labels.projects import CUSTOM_LABELS, stamp
from clary.services.rekognition.custom_labels.training_sets import TrainingSets
from clary.services.rekognition.custom_labels.version_status import status_of
from clary.services.rekognition.errors import InvalidParameterException, ResourceInUseException
from clary.services.rekognition.job_specs import ended, job_spec
from clary.services.rekognition.names import CUSTOM_LABELS_BASE_VERSION, PROJECT, PROJECT_VERSION, resource_arn
from clary.services.rekognition.shelf import INVALID
from clary.services.rekognition.videos.video_jobs import Surroundings
from clary.storage.caller_access import Authorize
from clary.storage.records import Record, RecordChanged, RecordExists

_BUSY = frozenset({"TRAINING_IN_PROGRESS", "STARTING", "RUNNING", "STOPPING"})
_ASKED = ("OutputConfig", "KmsKeyId", "VersionDescription", "FeatureConfig")


class ProjectVersions:
    """The versions of every project.

    Args:
        surroundings: what their trainings need.
        sets: collects what they learn from.
        authorize: says whether the caller may have a model that is to be copied.
    """

    api = "rekognition"

    def __init__(self, surroundings: Surroundings, sets: TrainingSets, authorize: Authorize) -> None:
        self._authorize = authorize
        self._records = surroundings.records
        self._jobs = surroundings.jobs
        self._sets = sets
        self._pictures = surroundings.pictures
        self._clock = surroundings.clock
        self._folder = surroundings.folder
        self._environment = surroundings.environment

    @operation("CreateProjectVersion", resource="{ProjectArn}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts a training into the queue; the pictures are taken as they are now.

        Raises:
            ResourceNotFoundException: there is no such project.
            ResourceInUseException: it has a version of that name.
            InvalidParameterException: there is too little to learn from, or the evaluation cannot be written.
        """
        project = shelf.find(self._records, call, PROJECT, request["ProjectArn"])
        if "FeatureConfig" in request:
            raise InvalidParameterException(f"{INVALID}: FeatureConfig is for content moderation adapters.")
        record = self._new(call, project, request)
        bucket, prefix = self._output(call, request, record)
        train, test = self._sets.lines(call, project, request)
        place = self._folder / "models" / ids.request_id()
        try:
            kind = self._sets.stage(call, place, {"train": train, "test": test})
            task = {
                "kind": kind,
                "name": f"{project.name}-{request['VersionName']}",
                "arn": record.arn,
                "bucket": bucket,
                "prefix": prefix,
            }
            spec = job_spec(
                call,
                record,
                "training:main",
                task,
                place,
                environment=self._environment("vision"),
                outputs=(Output("output/evaluation", f"s3://{bucket}/{prefix}".rstrip("/"), "files"),),
            )
            tags = shelf.tags_of(request.get("Tags", {}))
            body = {"request": _without_tags(request), "place": place.name, "base": CUSTOM_LABELS_BASE_VERSION}
            self._jobs.submit(replace(record, body=body), spec, tags=tags)
        except RecordExists as error:
            shutil.rmtree(place, ignore_errors=True)
            raise _taken(record) from error
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        return {"ProjectVersionArn": record.arn}

    @operation("CopyProjectVersion", resource="{DestinationProjectArn}")
    def copy(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Copies a trained model into another project of the caller's.

        Raises:
            ResourceNotFoundException: there is no such project or version.
            ResourceInUseException: the project has a version of that name.
            InvalidParameterException: the version is not trained, or of another project than the request says.
            AccessDeniedException: the caller may copy into the project, but not from the version.
        """
        self._authorize(call, "rekognition:CopyProjectVersion", request["SourceProjectVersionArn"])
        source = shelf.find(self._records, call, PROJECT_VERSION, request["SourceProjectVersionArn"])
        if source.parent != request["SourceProjectArn"]:
            raise InvalidParameterException(f"{INVALID}: {source.arn} is not of the project that is named.")
        if not self.is_trained(source):
            raise InvalidParameterException(f"{INVALID}: {source.arn} is not trained.")
        target = shelf.find(self._records, call, PROJECT, request["DestinationProjectArn"])
        record = self._new(call, target, request)
        self._output(call, request, record)
        place = self._folder / "models" / ids.request_id()
        shutil.copytree(self.place(source) / "model", place / "model")
        shutil.copyfile(self.place(source) / "result.json", place / "result.json")
        body = {
            "request": _without_tags(request),
            "place": place.name,
            "base": source.body["base"],
            "source": source.arn,
        }
        tags = shelf.tags_of(request.get("Tags", {}))
        try:
            self._records.insert(replace(record, status=version_status.COPYING_COMPLETED, body=body), tags=tags)
        except RecordExists as error:
            shutil.rmtree(place, ignore_errors=True)
            raise _taken(record) from error
        return {"ProjectVersionArn": record.arn}

    @operation("DescribeProjectVersions", resource="{ProjectArn}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of a project's versions, the newest first, with their statuses and evaluations.

        Raises:
            ResourceNotFoundException: there is no such project.
            InvalidPaginationTokenException: the token is not one of this listing.
        """
        project = shelf.find(self._records, call, PROJECT, request["ProjectArn"])
        if "VersionNames" in request:
            names = [_name(project, name) for name in dict.fromkeys(request["VersionNames"])]
            found = [self._records.get(PROJECT_VERSION, call.account, call.region, name) for name in names]
            records, more = [record for record in found if record is not None], {}
        else:
            page = shelf.page_of(self._records, call, PROJECT_VERSION, request, parent=project.arn, descending=True)
            records, more = page.records, shelf.next_token(page)
        return {"ProjectVersionDescriptions": [self._view(record) for record in records], **more}

    @operation("DeleteProjectVersion", resource="{ProjectVersionArn}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes a model that does not run.

        Raises:
            ResourceNotFoundException: there is no such version.
            ResourceInUseException: it is being trained, or runs.
        """
        record = shelf.find(self._records, call, PROJECT_VERSION, request["ProjectVersionArn"])
        status, _ = status_of(self._records, record)
        if status in _BUSY:
            raise ResourceInUseException(f"{record.arn} is in status {status}; it cannot be deleted.")
        try:
            self._records.delete(record)
        except RecordChanged as error:
            raise ResourceInUseException(f"{record.arn} is being changed. Try again.") from error
        shutil.rmtree(self.place(record), ignore_errors=True)
        return {"Status": "DELETING"}

    def place(self, version: Record) -> Path:
        """The folder of a version: its training data while it learns, its model afterwards."""
        return self._folder / "models" / str(version.body["place"])

    def is_trained(self, version: Record) -> bool:
        """Whether a version has a model."""
        return version.status in (version_status.TRAINING_COMPLETED, version_status.COPYING_COMPLETED)

    def _new(self, call: Call, project: Record, request: Mapping[str, Any]) -> Record:
        name = _name(project, request["VersionName"])
        arn = resource_arn(call, PROJECT, f"{name}/{stamp(self._clock)}")
        record = Record(PROJECT_VERSION, call.account, call.region, name, arn, parent=project.arn)
        if self._records.get(PROJECT_VERSION, call.account, call.region, name) is not None:
            raise _taken(record)
        return record

    def _output(self, call: Call, request: Mapping[str, Any], record: Record) -> tuple[str, str]:
        config = request["OutputConfig"]
        if not config.get("S3Bucket"):
            raise InvalidParameterException(f"{INVALID}: OutputConfig needs an S3Bucket.")
        version = record.name.partition("/version/")[2]
        parts = [config.get("S3KeyPrefix", "").strip("/"), record.name.partition("/")[0], version]
        prefix = "/".join(part for part in parts if part)
        self._pictures.require_writable(call, config["S3Bucket"], f"{prefix}/evaluation.json")
        return str(config["S3Bucket"]), prefix

    def _view(self, record: Record) -> dict[str, Any]:
        status, message = status_of(self._records, record)
        asked = record.body["request"]
        view: dict[str, Any] = {
            "ProjectVersionArn": record.arn,
            "CreationTimestamp": timestamp(record.created),
            "Status": status,
            "StatusMessage": message,
            "Feature": CUSTOM_LABELS,
            "BaseModelVersion": record.body["base"],
            **{member: asked[member] for member in _ASKED if member in asked},
        }
        for member, key in (("MinInferenceUnits", "units"), ("MaxInferenceUnits", "most_units")):
            if key in record.body:
                view[member] = record.body[key]
        if "source" in record.body:
            view["SourceProjectVersionArn"] = record.body["source"]
        end = ended(record)
        if end is not None:
            view["TrainingEndTimestamp"] = timestamp(end)
            seconds = record.body["job"].get("billable_seconds")
            if seconds is not None:
                view["BillableTrainingTimeInSeconds"] = int(seconds)
        if self.is_trained(record):
            view |= _evaluation(orjson.loads((self.place(record) / "result.json").read_bytes()))
        return view


def _name(project: Record, version: str) -> str:
    return f"{project.name}/version/{version}"


def _taken(record: Record) -> ResourceInUseException:
    return ResourceInUseException(f"A version with the name {record.name.rpartition('/')[2]} already exists.")


def _without_tags(request: Mapping[str, Any]) -> dict[str, Any]:
    return {member: value for member, value in request.items() if member != "Tags"}


def _evaluation(result: Mapping[str, Any]) -> dict[str, Any]:
    """The members that tell how good a model is and where the evaluation lies."""

    def place(name: str) -> dict[str, Any]:
        return {"S3Object": {"Bucket": result["bucket"], "Name": result["files"][name]}}

    def assets(name: str) -> dict[str, Any]:
        return {"Assets": [{"GroundTruthManifest": place(name)}]}

    return {
        "EvaluationResult": {"F1Score": result["f1"], "Summary": place("summary")},
        "ManifestSummary": place("manifest_summary"),
        "TrainingDataResult": {
            "Input": assets("training_input"),
            "Output": assets("training_output"),
            "Validation": assets("training_validation"),
        },
        "TestingDataResult": {
            "Input": assets("testing_input"),
            "Output": assets("testing_output"),
            "Validation": assets("testing_validation"),
        },
    }
