"""The data sets of flywheels: examples that every later iteration learns from or is measured on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clary.compute.contract import Channel, Output
from clary.compute.jobs.scheduler import Jobs
from clary.core.call import Call
from clary.core.clock import timestamp
from clary.core.operations import operation
from clary.services.comprehend import shelf
from clary.services.comprehend.errors import InvalidRequestException, ResourceInUseException
from clary.services.comprehend.idempotency import asked, sent_before
from clary.services.comprehend.job_specs import job_spec, new_place
from clary.services.comprehend.job_status import ended, failure_of
from clary.services.comprehend.models.manifests import check_manifests, manifest_channels, manifest_tasks
from clary.services.comprehend.names import DATASET, FLYWHEEL
from clary.services.comprehend.places import check_place
from clary.storage.data_access import DataAccess
from clary.storage.records import Filters, Record, RecordExists, Records

TRAIN = "TRAIN"


class FlywheelDatasets:
    """CreateDataset, DescribeDataset and ListDatasets.

    Args:
        records: where they are kept.
        data: says which buckets there are.
        jobs: imports them.
        folder: Comprehend's.
    """

    api = "comprehend"

    def __init__(self, records: Records, data: DataAccess, jobs: Jobs, folder: Path) -> None:
        self._records = records
        self._data = data
        self._jobs = jobs
        self._folder = folder

    @operation("CreateDataset", resource="{FlywheelArn}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts an import into the queue: it checks the examples and copies them into the flywheel's data lake.

        Raises:
            InvalidRequestException: the configuration does not fit the flywheel, or a place cannot be used.
            ResourceNotFoundException: there is no such flywheel.
            ResourceInUseException: the name is taken.
        """
        tags = shelf.tags_of(request)
        flywheel = shelf.find(self._records, call, (FLYWHEEL,), request["FlywheelArn"])
        config = request["InputDataConfig"]
        task, channels = self._import(config, flywheel)
        name = request["DatasetName"]
        arn = f"{flywheel.arn}/dataset/{name}"
        known = sent_before(self._records, arn, request)
        if known is not None:
            return {"DatasetArn": known.arn}
        examples = new_place("datasets", "examples")
        place = f"{flywheel.body['lake']}/datasets/{name}/{call.time:%Y%m%dT%H%M%SZ}"
        body = {
            "request": asked(request),
            "token": request.get("ClientRequestToken"),
            "examples": examples,
            "place": place,
            "type": request.get("DatasetType", TRAIN),
        }
        record = Record(
            DATASET,
            call.account,
            call.region,
            f"{flywheel.name}/dataset/{name}",
            arn,
            "CREATING",
            flywheel.arn,
            body=body,
        )
        spec = job_spec(
            call,
            record,
            "dataset_import:main",
            {"examples": examples, **task},
            data=self._folder,
            makes=examples,
            role_arn=flywheel.body["request"]["DataAccessRoleArn"],
            channels=channels,
            outputs=(Output("output/lake", place, "files", after_failure=False),),
        )
        try:
            self._jobs.submit(record, spec, tags=tags)
        except RecordExists as error:
            raise ResourceInUseException(f"{arn} exists already.") from error
        return {"DatasetArn": arn}

    @operation("DescribeDataset", resource="{DatasetArn}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A data set.

        Raises:
            ResourceNotFoundException: there is no such data set.
        """
        return {
            "DatasetProperties": self._properties(shelf.find(self._records, call, (DATASET,), request["DatasetArn"]))
        }

    @operation("ListDatasets")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of the data sets of a flywheel, or of all, the newest first.

        Raises:
            InvalidFilterException: several filters are set.
            ResourceNotFoundException: there is no such flywheel.
        """
        name, value = shelf.one_filter(request)
        parent = request.get("FlywheelArn")
        if parent is not None:
            shelf.find(self._records, call, (FLYWHEEL,), parent)
        found = reversed(self._records.every(DATASET, call.account, call.region, Filters(parent=parent)))
        fit = [one for one in found if _fits(one, name, value)]
        start, size = shelf.place_in_list(request)
        shown = [self._properties(one) for one in fit[start : start + size]]
        answer: dict[str, Any] = {"DatasetPropertiesList": shown}
        return {**answer, "NextToken": shelf.list_token(start + size)} if start + size < len(fit) else answer

    def _import(self, config: Mapping[str, Any], flywheel: Record) -> tuple[dict[str, Any], tuple[Channel, ...]]:
        """What the program is told, and the channels it reads."""
        task_config = flywheel.body["task"]
        classifies = "DocumentClassificationConfig" in task_config
        check_manifests(self._data, config, pages=not classifies)
        task: dict[str, Any] = {"manifests": manifest_tasks(config), "language": task_config["LanguageCode"]}
        channels = manifest_channels(config)
        member = "DocumentClassifierInputDataConfig" if classifies else "EntityRecognizerInputDataConfig"
        own = config.get(member, {})
        if not own and not channels:
            raise InvalidRequestException(f"InputDataConfig must have {member} or AugmentedManifests.")
        if classifies:
            task["several"] = task_config["DocumentClassificationConfig"]["Mode"] == "MULTI_LABEL"
            task["delimiter"] = own.get("LabelDelimiter", "|")
            places = [("training", own.get("S3Uri", ""))]
        else:
            task["types"] = [one["Type"] for one in task_config["EntityRecognitionConfig"]["EntityTypes"]]
            task["format"] = own.get("Documents", {}).get("InputFormat")
            if own and ("Annotations" in own) == ("EntityList" in own):
                raise InvalidRequestException(f"InputDataConfig.{member} must have either Annotations or EntityList.")
            named = (("documents", "Documents"), ("annotations", "Annotations"), ("list", "EntityList"))
            places = [(channel, own.get(one, {}).get("S3Uri", "")) for channel, one in named]
        channels += [Channel(channel, uri) for channel, uri in places if uri]
        for channel in channels:
            check_place(self._data, channel.uri, "InputDataConfig")
        return task, tuple(channels)

    def _properties(self, record: Record) -> dict[str, Any]:
        request, reason, end = record.body["request"], failure_of(record), ended(record)
        members: dict[str, Any] = {
            "DatasetArn": record.arn,
            "DatasetName": request["DatasetName"],
            "DatasetType": record.body["type"],
            "DatasetS3Uri": f"{record.body['place']}/",
            "Status": record.status,
            "CreationTime": timestamp(record.created),
        }
        if "Description" in request:
            members["Description"] = request["Description"]
        if reason:
            members["Message"] = reason
        if end is not None:
            members["EndTime"] = timestamp(end)
        if record.status == "COMPLETED":
            result = self._folder / record.body["examples"] / "result.json"
            members["NumberOfDocuments"] = json.loads(result.read_text(encoding="utf-8"))["documents"]
        return members


def _fits(record: Record, name: str, value: Any) -> bool:
    if name == "Status":
        return bool(record.status == value)
    if name == "DatasetType":
        return bool(record.body["type"] == value)
    if name == "CreationTimeAfter":
        return bool(record.created > value.timestamp())
    if name == "CreationTimeBefore":
        return bool(record.created < value.timestamp())
    return True
