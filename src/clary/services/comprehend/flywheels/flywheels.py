"""Flywheels: a model that is trained again and again with the data sets that come in."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from clary.core.call import Call
from clary.core.clock import timestamp
from clary.core.operations import operation
from clary.services.comprehend import shelf
from clary.services.comprehend.errors import InvalidRequestException, ResourceInUseException
from clary.services.comprehend.flywheels.flywheel_state import (
    KINDS,
    active_model,
    datasets,
    iteration_status,
    iterations,
)
from clary.services.comprehend.idempotency import asked, sent_before
from clary.services.comprehend.models import document_classifiers, entity_recognizers
from clary.services.comprehend.models.model_shelf import ModelShelf
from clary.services.comprehend.models.own_models import check_language
from clary.services.comprehend.names import CLASSIFIER, ENDPOINTS, FLYWHEEL, MODELS, RECOGNIZER, TRAINING, resource_arn
from clary.services.comprehend.places import check_place
from clary.services.comprehend.roles import require_role
from clary.storage.data_access import DataAccess
from clary.storage.identities import Identities
from clary.storage.records import Record, RecordChanged, RecordExists, Records

ACTIVE = "ACTIVE"
LEARNED = {CLASSIFIER: document_classifiers.LANGUAGES, RECOGNIZER: entity_recognizers.LANGUAGES}
_UPDATED = ("DataAccessRoleArn", "DataSecurityConfig")


class Flywheels:
    """The flywheels of every account.

    Args:
        records: where they are kept.
        identities: whom roles belong to.
        data: says which buckets there are.
        models: finds their models.
        folder: Comprehend's; the examples of their data sets lie below it.
    """

    api = "comprehend"

    def __init__(
        self, records: Records, identities: Identities, data: DataAccess, models: ModelShelf, folder: Path
    ) -> None:
        self._records = records
        self._identities = identities
        self._data = data
        self._models = models
        self._folder = folder

    @operation("CreateFlywheel", resource="flywheel/{FlywheelName}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes a flywheel, of a model that is there or of one that its first iteration will train.

        Raises:
            InvalidRequestException: neither a model nor a task is named, or a place or the role cannot be used.
            ResourceNotFoundException: there is no such model.
            ResourceUnavailableException: the model is not trained.
            ResourceInUseException: the name is taken.
            UnsupportedLanguageException: models of that type do not learn the language.
        """
        tags = shelf.tags_of(request)
        shelf.refuse_keys(request)
        require_role(self._identities, call, request["DataAccessRoleArn"])
        lake = check_place(self._data, request["DataLakeS3Uri"], "DataLakeS3Uri")
        name = request["FlywheelName"]
        arn = resource_arn(call, FLYWHEEL, name)
        known = sent_before(self._records, arn, request)
        if known is not None:
            return self._made(known)
        body = {
            "request": asked(request),
            "token": request.get("ClientRequestToken"),
            "lake": f"{lake}/{name}/schemaVersion=1/{call.time:%Y%m%dT%H%M%SZ}",
            **self._task(call, request),
        }
        record = Record(FLYWHEEL, call.account, call.region, name, arn, ACTIVE, body=body)
        try:
            return self._made(self._records.insert(record, tags=tags))
        except RecordExists as error:
            raise ResourceInUseException(f"{arn} exists already.") from error

    @operation("DescribeFlywheel", resource="{FlywheelArn}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A flywheel.

        Raises:
            ResourceNotFoundException: there is no such flywheel.
        """
        return {"FlywheelProperties": self._properties(self._find(call, request["FlywheelArn"]))}

    @operation("ListFlywheels")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of flywheels, the newest first.

        Raises:
            InvalidFilterException: several filters are set.
        """
        filters, newest_first = shelf.chosen(*shelf.one_filter(request))
        return shelf.page(
            self._records,
            call,
            FLYWHEEL,
            request,
            "FlywheelSummaryList",
            self._summary,
            filters,
            newest_first=newest_first,
        )

    @operation("UpdateFlywheel", resource="{FlywheelArn}")
    def update(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Gives a flywheel another active model, or another role.

        Raises:
            InvalidRequestException: the model is of another kind or not trained, or the role cannot be used.
            ResourceNotFoundException: there is no such flywheel or model.
        """
        shelf.refuse_keys(request)
        record = self._find(call, request["FlywheelArn"])
        body = dict(record.body)
        if "ActiveModelArn" in request:
            model = shelf.find(self._records, call, MODELS, request["ActiveModelArn"])
            if model.kind != KINDS[record.body["type"]] or model.status != "TRAINED":
                raise InvalidRequestException(
                    f"ActiveModelArn {model.arn}: the model must be a trained {record.body['type']}."
                )
            body["active"] = model.arn
        if "DataAccessRoleArn" in request:
            require_role(self._identities, call, request["DataAccessRoleArn"])
        changed = {member: request[member] for member in _UPDATED if member in request}
        body["request"] = {**body["request"], **changed}
        try:
            return {"FlywheelProperties": self._properties(self._records.update(record, body=body))}
        except RecordChanged as error:
            raise InvalidRequestException(f"{record.arn} is being changed. Try again.") from error

    @operation("DeleteFlywheel", resource="{FlywheelArn}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes a flywheel with its data sets; its models and what lies in its data lake stay.

        Raises:
            ResourceNotFoundException: there is no such flywheel.
            ResourceInUseException: an iteration or an import runs, or an endpoint uses it.
        """
        record = self._find(call, request["FlywheelArn"])
        own_datasets, own_iterations = datasets(self._records, record), iterations(self._records, record)
        if any(one.status == "CREATING" for one in own_datasets):
            raise ResourceInUseException(f"A data set of {record.arn} is being created. Try again later.")
        if any(iteration_status(self._records, one)[0] == TRAINING for one in own_iterations):
            raise ResourceInUseException(f"An iteration of {record.arn} runs. Try again later.")
        for kind in ENDPOINTS:
            for endpoint in self._records.of_kind(kind):
                if endpoint.body.get("flywheel") == record.arn:
                    raise ResourceInUseException(f"{record.arn} is in use by {endpoint.arn}.")
        try:
            self._records.delete(record)
            for one in (*own_datasets, *own_iterations):
                self._records.delete(one)
        except RecordChanged as error:
            raise ResourceInUseException(f"{record.arn} is being changed. Try again.") from error
        for one in own_datasets:
            shutil.rmtree((self._folder / one.body["examples"]).parent, ignore_errors=True)
        return {}

    def _find(self, call: Call, arn: str) -> Record:
        return shelf.find(self._records, call, (FLYWHEEL,), arn)

    def _task(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """What a new flywheel trains: "active", "type" and "task"."""
        if "ActiveModelArn" in request:
            if "TaskConfig" in request or "ModelType" in request:
                raise InvalidRequestException("Name either ActiveModelArn, or TaskConfig and ModelType.")
            model = self._models.usable(call, MODELS, request["ActiveModelArn"])
            return {"active": model.arn, **_task_of(model)}
        if "TaskConfig" not in request or "ModelType" not in request:
            raise InvalidRequestException("TaskConfig and ModelType are required where no ActiveModelArn is named.")
        task, kind = request["TaskConfig"], request["ModelType"]
        wanted = "DocumentClassificationConfig" if KINDS[kind] == CLASSIFIER else "EntityRecognitionConfig"
        if wanted not in task:
            raise InvalidRequestException(f"TaskConfig.{wanted} is required when ModelType is {kind}.")
        check_language(task["LanguageCode"], LEARNED[KINDS[kind]], f"Flywheels of type {kind}")
        return {"active": "", "type": kind, "task": task}

    def _made(self, record: Record) -> dict[str, Any]:
        active = record.body["active"]
        return {"FlywheelArn": record.arn, **({"ActiveModelArn": active} if active else {})}

    def _summary(self, record: Record) -> dict[str, Any]:
        active, own = active_model(self._records, record), iterations(self._records, record)
        return {
            "FlywheelArn": record.arn,
            **({"ActiveModelArn": active} if active else {}),
            "DataLakeS3Uri": record.body["lake"],
            "Status": record.status,
            "ModelType": record.body["type"],
            "CreationTime": timestamp(record.created),
            "LastModifiedTime": timestamp(record.modified),
            **({"LatestFlywheelIteration": own[-1].body["id"]} if own else {}),
        }

    def _properties(self, record: Record) -> dict[str, Any]:
        request = record.body["request"]
        told = {member: request[member] for member in _UPDATED if member in request}
        return {**self._summary(record), "TaskConfig": record.body["task"], **told}


def _task_of(model: Record) -> dict[str, Any]:
    """The task that a model was trained for."""
    request = model.body["request"]
    if model.kind == CLASSIFIER:
        config = {"Mode": request.get("Mode", "MULTI_CLASS")}
        task = {"LanguageCode": request["LanguageCode"], "DocumentClassificationConfig": config}
        return {"type": "DOCUMENT_CLASSIFIER", "task": task}
    types = request["InputDataConfig"]["EntityTypes"]
    task = {"LanguageCode": request["LanguageCode"], "EntityRecognitionConfig": {"EntityTypes": types}}
    return {"type": "ENTITY_RECOGNIZER", "task": task}
