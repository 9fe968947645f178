"""The users' own models: where they lie, whether they can be used, and how good they were measured to be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clary.core.call import Call
from clary.core.clock import timestamp
from clary.services.comprehend import shelf
from clary.services.comprehend.errors import (
    InvalidRequestException,
    ResourceNotFoundException,
    ResourceUnavailableException,
)
from clary.services.comprehend.flywheels.flywheel_state import active_model
from clary.services.comprehend.job_status import job_times, message_of
from clary.services.comprehend.names import FLYWHEEL, TRAINED, TRAINED_WITH_WARNING
from clary.storage.records import Record, Records

VERSION = "/version/"
_SKIPPED = (
    "Some pages could not be read and were left out: they are named in skipped_documents of the output in S3, where "
    "OutputDataConfig asks for one."
)


class ModelShelf:
    """Finds models for those who use them.

    Args:
        records: where they are kept.
        folder: Comprehend's; models lie below it.
    """

    def __init__(self, records: Records, folder: Path) -> None:
        self._records = records
        self._folder = folder

    def usable(self, call: Call, kinds: tuple[str, ...], arn: str) -> Record:
        """A trained model of the caller's.

        Raises:
            ResourceNotFoundException: there is none of that ARN.
            ResourceUnavailableException: it is not trained.
        """
        record = shelf.find(self._records, call, kinds, arn)
        if record.status != TRAINED:
            raise ResourceUnavailableException(f"The model {arn} is in status {record.status}, not {TRAINED}.")
        return record

    def asked_for(self, call: Call, kind: str, request: Mapping[str, Any], member: str) -> Record:
        """The model that a request names itself or by its flywheel.

        Args:
            member: of the request, with the model's ARN.

        Raises:
            InvalidRequestException: both or neither are named, or the flywheel has no active model of the kind.
            ResourceNotFoundException: there is no such model or flywheel.
            ResourceUnavailableException: the model is not trained.
        """
        named = [name for name in (member, "FlywheelArn") if request.get(name)]
        if len(named) != 1:
            raise InvalidRequestException(f"Name either {member} or FlywheelArn.")
        if named[0] == member:
            return self.usable(call, (kind,), request[member])
        return self.active(call, request["FlywheelArn"], kind)

    def active(self, call: Call, flywheel_arn: str, kind: str | None = None) -> Record:
        """The active model of a flywheel.

        Raises:
            InvalidRequestException: it has none, or one of another kind.
            ResourceNotFoundException: there is no such flywheel.
            ResourceUnavailableException: the model is not trained.
        """
        flywheel = shelf.find(self._records, call, (FLYWHEEL,), flywheel_arn)
        arn = active_model(self._records, flywheel)
        if not arn:
            raise InvalidRequestException(f"The flywheel {flywheel_arn} has no active model.")
        model = self._records.by_arn(arn)
        if model is None:
            raise ResourceNotFoundException()
        if kind is not None and model.kind != kind:
            raise InvalidRequestException(f"The active model of {flywheel_arn} is of another kind: {arn}.")
        return self.usable(call, (model.kind,), arn)

    def place(self, model: Record) -> Path:
        """The folder of a model."""
        return self._folder / str(model.body["model"])

    def result(self, model: Record) -> dict[str, Any]:
        """What the training told at its end, {} before."""
        if model.status != TRAINED:
            return {}
        result: dict[str, Any] = json.loads((self.place(model) / "result.json").read_text(encoding="utf-8"))
        return result

    def status(self, model: Record) -> str:
        """How it goes with a model, in AWS's words."""
        return TRAINED_WITH_WARNING if self.result(model).get("skipped") else model.status

    def state_members(self, model: Record) -> dict[str, Any]:
        """Status, message and times of a model: what every description has."""
        status = self.status(model)
        members: dict[str, Any] = {"Status": status, **job_times(model)}
        message = _SKIPPED if status == TRAINED_WITH_WARNING else message_of(model, self._folder)
        if message:
            members["Message"] = message
        job = model.body.get("job", {})
        if "training_started" in job:
            members["TrainingStartTime"] = timestamp(job["training_started"])
            if "ended" in job:
                members["TrainingEndTime"] = timestamp(job["ended"])
        for member in ("SourceModelArn", "FlywheelArn"):
            if member in model.body:
                members[member] = model.body[member]
        return members


def model_name(name: str, version: str | None) -> str:
    """The name of a model's record."""
    return f"{name}{VERSION}{version}" if version else name


def parts_of(record: Record) -> tuple[str, str]:
    """Name and version of a model, the version "" where it has none."""
    name, _, version = record.name.partition(VERSION)
    return name, version
