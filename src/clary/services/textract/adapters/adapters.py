"""Adapters: what teaches Queries to answer on a user's own papers; their versions do the learning."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from typing import Any

from clary.core.call import Call
from clary.core.clock import timestamp
from clary.core.operations import operation
from clary.services.textract import shelf
from clary.services.textract.adapters.adapter_states import IN_CREATION, AdapterStates
from clary.services.textract.errors import (
    ConflictException,
    IdempotentParameterMismatchException,
    InvalidParameterException,
)
from clary.services.textract.names import ADAPTER, ADAPTER_VERSION, resource_arn
from clary.storage.records import Filters, Record, RecordChanged, RecordExists, Records

_ID_CHARACTERS = 12
_MOST_VERSIONS = 1000


class Adapters:
    """The adapters of every account.

    Args:
        records: where they are kept.
        states: where their versions' files lie.
    """

    api = "textract"

    def __init__(self, records: Records, states: AdapterStates) -> None:
        self._records = records
        self._states = states

    @operation("CreateAdapter")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes an adapter, without a version.

        Raises:
            InvalidParameterException: it is not for QUERIES alone, or a tag is reserved.
            IdempotentParameterMismatchException: the token came before, with other parameters.
            ServiceQuotaExceededException: too many tags.
        """
        if request["FeatureTypes"] != ["QUERIES"]:
            raise InvalidParameterException(rule="FeatureTypes must be QUERIES alone: adapters are for queries.")
        tags = request.get("Tags", {})
        shelf.check_tags(tags)
        adapter_id = _id(call, request.get("ClientRequestToken"))
        body = {
            "name": request["AdapterName"],
            "description": request.get("Description"),
            "features": request["FeatureTypes"],
            "auto_update": request.get("AutoUpdate", "DISABLED"),
            "digest": shelf.digest(request),
            "versions": 0,
        }
        arn = resource_arn(call, ADAPTER, adapter_id)
        record = Record(ADAPTER, call.account, call.region, adapter_id, arn, body=body)
        try:
            self._records.insert(record, tags=tags)
        except RecordExists:
            before = self._records.by_arn(arn)
            if before is None or before.body["digest"] != body["digest"]:
                raise IdempotentParameterMismatchException(token=request["ClientRequestToken"]) from None
        return {"AdapterId": adapter_id}

    @operation("GetAdapter", resource="/adapters/{AdapterId}")
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """An adapter.

        Raises:
            ResourceNotFoundException: there is none of that id.
        """
        record = shelf.require(self._records, call, ADAPTER, request["AdapterId"])
        return {**_description(record), "Tags": self._records.tags(record.arn)}

    @operation("ListAdapters")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of adapters.

        Raises:
            InvalidParameterException: the token is not one of this operation's.
        """
        return shelf.listing(self._records, call, ADAPTER, request, "Adapters", _overview)

    @operation("UpdateAdapter", resource="/adapters/{AdapterId}")
    def update(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Changes name, description or AutoUpdate.

        Raises:
            ResourceNotFoundException: there is none of that id.
            ConflictException: somebody else changes it.
        """
        record = shelf.require(self._records, call, ADAPTER, request["AdapterId"])
        body = dict(record.body)
        for member, name in (("AdapterName", "name"), ("Description", "description"), ("AutoUpdate", "auto_update")):
            if member in request:
                body[name] = request[member]
        try:
            return _description(self._records.update(record, body=body))
        except RecordChanged as error:
            raise ConflictException(f"The adapter {record.name} is being changed. Try again.") from error

    @operation("DeleteAdapter", resource="/adapters/{AdapterId}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes an adapter with its versions.

        Raises:
            ResourceNotFoundException: there is none of that id.
            ConflictException: a version is in creation, or somebody else changes the adapter.
        """
        record = shelf.require(self._records, call, ADAPTER, request["AdapterId"])
        page = self._records.page(
            ADAPTER_VERSION, call.account, call.region, filters=Filters(parent=record.arn), limit=_MOST_VERSIONS
        )
        for version in page.records:
            if version.status == IN_CREATION:
                raise ConflictException(f"The adapter version {version.name} is {IN_CREATION}.")
        try:
            for version in page.records:
                self._records.delete(version)
            self._records.delete(record)
        except RecordChanged as error:
            raise ConflictException(f"The adapter {record.name} is being changed. Try again.") from error
        shutil.rmtree(self._states.place(record.name, ""), ignore_errors=True)
        return {}


def _id(call: Call, token: str | None) -> str:
    """An id, which follows from the token where there is one."""
    if token is None:
        return secrets.token_hex(_ID_CHARACTERS // 2)
    named = "\0".join((call.account, call.region, ADAPTER, token))
    return hashlib.sha256(named.encode()).hexdigest()[:_ID_CHARACTERS]


def _overview(record: Record) -> dict[str, Any]:
    return {
        "AdapterId": record.name,
        "AdapterName": record.body["name"],
        "CreationTime": timestamp(record.created),
        "FeatureTypes": record.body["features"],
    }


def _description(record: Record) -> dict[str, Any]:
    told = {**_overview(record), "AutoUpdate": record.body["auto_update"]}
    if record.body["description"] is not None:
        told["Description"] = record.body["description"]
    return told
