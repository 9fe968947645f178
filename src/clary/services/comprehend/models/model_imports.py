"""Copies of models: of the account's own, and of others whose policy allows it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.comprehend import shelf
from clary.services.comprehend.errors import (
    InvalidRequestException,
    ResourceInUseException,
    ResourceNotFoundException,
    ResourceUnavailableException,
)
from clary.services.comprehend.idempotency import asked
from clary.services.comprehend.job_specs import new_place
from clary.services.comprehend.models.model_shelf import ModelShelf, model_name, parts_of
from clary.services.comprehend.names import MODELS, TRAINED, resource_arn
from clary.services.comprehend.roles import require_role
from clary.storage.identities import Identities
from clary.storage.records import Record, RecordExists, Records

_COPIED = ("LanguageCode", "Mode", "InputDataConfig")


class ModelImports:
    """ImportModel.

    Args:
        records: where models are.
        identities: decides who may import what.
        models: finds their folders.
        folder: Comprehend's.
    """

    api = "comprehend"

    def __init__(self, records: Records, identities: Identities, models: ModelShelf, folder: Path) -> None:
        self._records = records
        self._identities = identities
        self._models = models
        self._folder = folder

    @operation("ImportModel", resource="{SourceModelArn}")
    def copy(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Copies a trained model; it is there when this returns.

        Raises:
            InvalidRequestException: the role cannot be used.
            ResourceNotFoundException: there is no such model, or its policy does not let the caller have it.
            ResourceUnavailableException: it is not trained.
            ResourceInUseException: the name is taken.
        """
        tags = shelf.tags_of(request)
        shelf.refuse_keys(request)
        source = self._source(call, request["SourceModelArn"])
        if "DataAccessRoleArn" in request:
            require_role(self._identities, call, request["DataAccessRoleArn"])
        base = request.get("ModelName", parts_of(source)[0])
        name = model_name(base, request.get("VersionName"))
        arn = resource_arn(call, source.kind, name)
        if self._records.by_arn(arn) is not None:
            raise ResourceInUseException(f"{arn} exists already.")
        model = new_place("models", "model")
        shutil.copytree(self._models.place(source), self._folder / model, copy_function=_copied)
        body = {
            "request": {**_described(source), **_own(request)},
            "model": model,
            "output": "",
            "SourceModelArn": source.arn,
            "job": source.body.get("job", {}),
        }
        record = Record(source.kind, call.account, call.region, name, arn, TRAINED, base, body=body)
        try:
            self._records.insert(record, tags=tags)
        except RecordExists as error:
            shutil.rmtree((self._folder / model).parent, ignore_errors=True)
            raise ResourceInUseException(f"{arn} exists already.") from error
        return {"ModelArn": arn}

    def _source(self, call: Call, arn: str) -> Record:
        source = self._records.by_arn(arn)
        missing = ResourceNotFoundException()
        if source is None or source.kind not in MODELS:
            raise missing
        if source.account != call.account:
            text = source.body.get("policy", {}).get("text")
            policy = json.loads(text) if text else None
            decision = self._identities.allowed(
                call.principal, "comprehend:ImportModel", arn, {}, policy, source.account
            )
            if policy is None or not decision.allowed:
                raise missing
        if source.status != TRAINED:
            raise ResourceUnavailableException(f"The model {arn} is in status {source.status}, not {TRAINED}.")
        if source.account == call.account and source.region != call.region:
            raise InvalidRequestException(f"SourceModelArn {arn}: the model must be in the region {call.region}.")
        return source


def _copied(source: str, target: str) -> None:
    """Copies a file; returns when it is on disk. Never a link: what one account's replicas see is theirs alone."""
    shutil.copyfile(source, target)
    with Path(target).open("rb") as file:
        os.fsync(file.fileno())


def _described(source: Record) -> dict[str, Any]:
    """What of the source's description holds for its copy: not where its examples and its confusion matrix lie."""
    request = source.body["request"]
    kept = {member: request[member] for member in _COPIED if member in request}
    config = kept.get("InputDataConfig", {})
    places = {"S3Uri", "TestS3Uri", "AugmentedManifests", "Documents", "Annotations", "EntityList"}
    return {**kept, "InputDataConfig": {name: value for name, value in config.items() if name not in places}}


def _own(request: Mapping[str, Any]) -> dict[str, Any]:
    told = asked(request)
    return {member: told[member] for member in ("VersionName", "DataAccessRoleArn") if member in told}
