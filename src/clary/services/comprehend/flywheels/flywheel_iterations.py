"""Iterations of flywheels: a new version of the model, trained with all that came in, held against the active one."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from clary.compute.jobs.scheduler import Jobs
from clary.core.call import Call
from clary.core.clock import timestamp
from clary.core.operations import operation
from clary.services.comprehend import shelf
from clary.services.comprehend.errors import InvalidRequestException, ResourceInUseException, ResourceNotFoundException
from clary.services.comprehend.flywheels.flywheel_datasets import TRAIN
from clary.services.comprehend.flywheels.flywheel_state import (
    KINDS,
    active_model,
    average_metrics,
    datasets,
    iteration_status,
    iterations,
    trained_model,
)
from clary.services.comprehend.job_specs import job_spec, new_place
from clary.services.comprehend.job_status import ended
from clary.services.comprehend.models.model_shelf import ModelShelf, model_name, parts_of
from clary.services.comprehend.names import (
    CLASSIFIER,
    FLYWHEEL,
    ITERATION,
    STOP_REQUESTED,
    SUBMITTED,
    TRAINING,
    resource_arn,
)
from clary.storage.records import Record, RecordExists, Records


class FlywheelIterations:
    """StartFlywheelIteration, DescribeFlywheelIteration and ListFlywheelIterationHistory.

    Args:
        records: where they are kept.
        jobs: trains the models.
        models: finds them.
        folder: Comprehend's.
    """

    api = "comprehend"

    def __init__(self, records: Records, jobs: Jobs, models: ModelShelf, folder: Path) -> None:
        self._records = records
        self._jobs = jobs
        self._models = models
        self._folder = folder

    @operation("StartFlywheelIteration", resource="{FlywheelArn}")
    def start(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts the training of a new version into the queue.

        Raises:
            InvalidRequestException: the flywheel has no data set to learn from.
            ResourceNotFoundException: there is no such flywheel.
            ResourceInUseException: an iteration runs.
        """
        flywheel = shelf.find(self._records, call, (FLYWHEEL,), request["FlywheelArn"])
        own = iterations(self._records, flywheel)
        token = request.get("ClientRequestToken")
        for known in own:
            if token is not None and known.body["token"] == token:
                return {"FlywheelArn": flywheel.arn, "FlywheelIterationId": known.body["id"]}
        if any(iteration_status(self._records, one)[0] in (TRAINING, STOP_REQUESTED) for one in own):
            raise ResourceInUseException(f"An iteration of {flywheel.arn} runs already.")
        complete = [one for one in datasets(self._records, flywheel) if one.status == "COMPLETED"]
        training = [one.body["examples"] for one in complete if one.body["type"] == TRAIN]
        test = [one.body["examples"] for one in complete if one.body["type"] != TRAIN]
        if not training:
            raise InvalidRequestException(f"{flywheel.arn} has no data set of type TRAIN that is COMPLETED.")
        identity = _identity(call.time, {one.body["id"] for one in own})
        model = self._new_version(call, flywheel)
        body = {
            "id": identity,
            "token": token,
            "model": model.arn,
            "evaluated": active_model(self._records, flywheel),
        }
        name = f"{flywheel.name}/iteration/{identity}"
        iteration = Record(
            ITERATION,
            call.account,
            call.region,
            name,
            f"{flywheel.arn}/iteration/{identity}",
            TRAINING,
            flywheel.arn,
            body=body,
        )
        try:
            self._records.insert(iteration)
        except RecordExists as error:
            raise ResourceInUseException(f"An iteration of {flywheel.arn} runs already.") from error
        self._submit(call, flywheel, model, iteration, {"train": training, "test": test})
        return {"FlywheelArn": flywheel.arn, "FlywheelIterationId": identity}

    @operation("DescribeFlywheelIteration", resource="{FlywheelArn}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """An iteration.

        Raises:
            ResourceNotFoundException: there is no such flywheel or iteration.
        """
        flywheel = shelf.find(self._records, call, (FLYWHEEL,), request["FlywheelArn"])
        identity = request["FlywheelIterationId"]
        for one in iterations(self._records, flywheel):
            if one.body["id"] == identity:
                return {"FlywheelIterationProperties": self._properties(one)}
        raise ResourceNotFoundException(f"{flywheel.arn} has no iteration {identity}.")

    @operation("ListFlywheelIterationHistory", resource="{FlywheelArn}")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of the iterations of a flywheel, the newest first.

        Raises:
            InvalidFilterException: several filters are set.
            ResourceNotFoundException: there is no such flywheel.
        """
        flywheel = shelf.find(self._records, call, (FLYWHEEL,), request["FlywheelArn"])
        name, value = shelf.one_filter(request)
        own = iterations(self._records, flywheel)[::-1]
        if name:
            limit, after = value.timestamp(), name.endswith("After")
            own = [one for one in own if (one.created > limit if after else one.created < limit)]
        start, size = shelf.place_in_list(request)
        shown = [self._properties(one) for one in own[start : start + size]]
        answer: dict[str, Any] = {"FlywheelIterationPropertiesList": shown}
        return {**answer, "NextToken": shelf.list_token(start + size)} if start + size < len(own) else answer

    def _new_version(self, call: Call, flywheel: Record) -> Record:
        """The record of the model that an iteration trains, not stored yet."""
        kind = KINDS[flywheel.body["type"]]
        active = self._records.by_arn(active_model(self._records, flywheel))
        name = parts_of(active)[0] if active is not None else flywheel.name
        version = f"Comprehend-Generated-v1-{secrets.token_hex(4)}"
        full = model_name(name, version)
        task = flywheel.body["task"]
        config = task.get("EntityRecognitionConfig", {})
        asked = {
            "LanguageCode": task["LanguageCode"],
            "DataAccessRoleArn": flywheel.body["request"]["DataAccessRoleArn"],
            "VersionName": version,
            "InputDataConfig": {"EntityTypes": config["EntityTypes"]} if config else {},
        }
        if kind == CLASSIFIER:
            asked["Mode"] = task["DocumentClassificationConfig"]["Mode"]
        body = {
            "request": asked,
            "token": None,
            "model": new_place("models", "model"),
            "output": "",
            "FlywheelArn": flywheel.arn,
        }
        arn = resource_arn(call, kind, full)
        return Record(kind, call.account, call.region, full, arn, SUBMITTED, name, body=body)

    def _submit(self, call: Call, flywheel: Record, model: Record, iteration: Record, examples: dict[str, Any]) -> None:
        task = flywheel.body["task"]
        evaluated = self._records.by_arn(iteration.body["evaluated"])
        told = {
            "name": model.name.replace("/", "-"),
            "model": model.body["model"],
            "datasets": examples,
            "evaluated": evaluated.body["model"] if evaluated is not None else "",
            "language": task["LanguageCode"],
            "manifests": [],
            "native": False,
        }
        if model.kind == CLASSIFIER:
            told["several"] = task["DocumentClassificationConfig"]["Mode"] == "MULTI_LABEL"
        else:
            told["types"] = [one["Type"] for one in task["EntityRecognitionConfig"]["EntityTypes"]]
        program = "classifier_training:main" if model.kind == CLASSIFIER else "recognizer_training:main"
        role = flywheel.body["request"]["DataAccessRoleArn"]
        reads = [place for place in (told["evaluated"], *chain(*examples.values())) if place]
        spec = job_spec(call, model, program, told, data=self._folder, reads=reads, makes=told["model"], role_arn=role)
        self._jobs.submit(model, spec)

    def _properties(self, iteration: Record) -> dict[str, Any]:
        status, reason = iteration_status(self._records, iteration)
        model = trained_model(self._records, iteration)
        members: dict[str, Any] = {
            "FlywheelArn": iteration.parent,
            "FlywheelIterationId": iteration.body["id"],
            "CreationTime": timestamp(iteration.created),
            "Status": status,
            "TrainedModelArn": iteration.body["model"],
        }
        if reason:
            members["Message"] = reason
        if iteration.body["evaluated"]:
            members["EvaluatedModelArn"] = iteration.body["evaluated"]
        if model is None:
            return members
        end = ended(model)
        if end is not None:
            members["EndTime"] = timestamp(end)
        result = self._models.result(model)
        if result:
            members["TrainedModelMetrics"] = average_metrics(model.kind, result["metrics"])
            if result.get("evaluated"):
                members["EvaluatedModelMetrics"] = average_metrics(model.kind, result["evaluated"])
        return members


def _identity(start: datetime, taken: Collection[str]) -> str:
    """The second in which an iteration starts, which AWS names it by; the next free one where others were as fast."""
    while (identity := f"{start:%Y%m%dT%H%M%SZ}") in taken:
        start += timedelta(seconds=1)
    return identity
