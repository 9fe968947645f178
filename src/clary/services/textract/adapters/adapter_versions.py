"""Versions of adapters: each learns from labelled papers in a job of its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clary.core import ids
from clary.core.call import Call
from clary.core.clock import timestamp
from clary.core.operations import operation
from clary.services.textract import shelf
from clary.services.textract.adapters import adapter_datasets
from clary.services.textract.adapters.adapter_learning import AdapterLearning, output_place
from clary.services.textract.adapters.adapter_states import ACTIVE, IN_CREATION, METRICS, AdapterStates
from clary.services.textract.errors import (
    ConflictException,
    DocumentTooLargeException,
    IdempotentParameterMismatchException,
    InvalidParameterException,
    UnsupportedDocumentException,
)
from clary.services.textract.job_specs import failure_of
from clary.services.textract.names import ADAPTER, ADAPTER_VERSION
from clary.services.textract.sources import Sources
from clary.storage.records import Record, RecordChanged, Records

_MOST_MESSAGE_CHARACTERS = 256


class AdapterVersions:
    """The versions of every account's adapters.

    Args:
        records: where they are kept.
        sources: fetches labelled papers with the caller's rights.
        states: where versions' files lie.
        learning: starts what learns.
    """

    api = "textract"

    def __init__(self, records: Records, sources: Sources, states: AdapterStates, learning: AdapterLearning) -> None:
        self._records = records
        self._sources = sources
        self._states = states
        self._learning = learning

    @operation("CreateAdapterVersion", resource="/adapters/{AdapterId}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Starts to learn from labelled papers.

        Raises:
            ResourceNotFoundException: there is no such adapter.
            InvalidParameterException: the manifest breaks a rule.
            InvalidS3ObjectException: something is not there, or the caller may not read it or write the output.
            IdempotentParameterMismatchException: the token came before, with other parameters.
            ConflictException: somebody else changes the adapter.
            ServiceQuotaExceededException: too many tags.
        """
        adapter = shelf.require(self._records, call, ADAPTER, request["AdapterId"])
        tags = request.get("Tags", {})
        shelf.check_tags(tags)
        digest = shelf.digest(request)
        token = request.get("ClientRequestToken") or ids.request_id()
        before = adapter.body.get("tokens", {}).get(token)
        if before is not None:
            if before["digest"] != digest:
                raise IdempotentParameterMismatchException(token=token)
            return {"AdapterId": adapter.name, "AdapterVersion": before["version"]}
        manifest = request["DatasetConfig"].get("ManifestS3Object")
        if manifest is None:
            raise InvalidParameterException(rule="DatasetConfig.ManifestS3Object is missing.")
        bucket, prefix = output_place(adapter, request)
        self._sources.check_writable(call, bucket, f"{prefix}/{METRICS}")
        draft = self._states.place(adapter.name, f"{ids.request_id()}.draft")
        draft.mkdir(parents=True)
        try:
            self._fetch(call, manifest, draft)
            version = self._learning.start(call, adapter, draft, request, tags, (token, digest))
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        return {"AdapterId": adapter.name, "AdapterVersion": version}

    @operation("GetAdapterVersion", resource="/adapters/{AdapterId}/versions/{AdapterVersion}")
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A version: its status, what it learned from, and how well it answers.

        Raises:
            ResourceNotFoundException: there is none.
        """
        record = self._require(call, request)
        asked = record.body["request"]
        told = {**_overview(record), "Tags": self._records.tags(record.arn)}
        told |= {member: asked[member] for member in ("DatasetConfig", "KMSKeyId", "OutputConfig") if member in asked}
        if record.status == ACTIVE:
            metrics = self._states.place(request["AdapterId"], request["AdapterVersion"]) / METRICS
            told["EvaluationMetrics"] = json.loads(metrics.read_text(encoding="utf-8"))
        return told

    @operation("ListAdapterVersions")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of versions, of one adapter or of all.

        Raises:
            ResourceNotFoundException: there is no such adapter.
            InvalidParameterException: the token is not one of this operation's.
        """
        parent = None
        if "AdapterId" in request:
            parent = shelf.require(self._records, call, ADAPTER, request["AdapterId"]).arn
        return shelf.listing(self._records, call, ADAPTER_VERSION, request, "AdapterVersions", _overview, parent=parent)

    @operation("DeleteAdapterVersion", resource="/adapters/{AdapterId}/versions/{AdapterVersion}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes a version.

        Raises:
            ResourceNotFoundException: there is none.
            ConflictException: it is in creation, or somebody else changes it.
        """
        record = self._require(call, request)
        if record.status == IN_CREATION:
            raise ConflictException(f"The adapter version {record.name} is {IN_CREATION}.")
        try:
            self._records.delete(record)
        except RecordChanged as error:
            raise ConflictException(f"The adapter version {record.name} is being changed. Try again.") from error
        shutil.rmtree(self._states.place(request["AdapterId"], request["AdapterVersion"]), ignore_errors=True)
        return {}

    def _require(self, call: Call, request: Mapping[str, Any]) -> Record:
        return shelf.require(
            self._records, call, ADAPTER_VERSION, f"{request['AdapterId']}/{request['AdapterVersion']}"
        )

    def _fetch(self, call: Call, manifest: Mapping[str, str], draft: Path) -> None:
        """Copies the papers; the operation has no errors of its own for papers that cannot be read."""
        try:
            adapter_datasets.fetch(call, self._sources, manifest, draft)
        except (UnsupportedDocumentException, DocumentTooLargeException) as error:
            raise InvalidParameterException(rule=f"DatasetConfig.ManifestS3Object: {error.message}") from error


def _overview(record: Record) -> dict[str, Any]:
    adapter_id, _, version = record.name.partition("/")
    told = {
        "AdapterId": adapter_id,
        "AdapterVersion": version,
        "CreationTime": timestamp(record.created),
        "FeatureTypes": record.body["features"],
        "Status": record.status,
    }
    reason = failure_of(record)
    return {**told, "StatusMessage": _plain(reason)} if reason else told


def _plain(reason: str) -> str:
    """A reason in the characters that a StatusMessage may have."""
    return reason.encode("ascii", "replace").decode()[:_MOST_MESSAGE_CHARACTERS]
