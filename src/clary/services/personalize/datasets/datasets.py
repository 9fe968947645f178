"""Data sets of a group: at most one of each type, each with a schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clary.core import ids
from clary.core.call import Call
from clary.core.clock import timestamp
from clary.core.operations import operation
from clary.services.personalize import shelf
from clary.services.personalize.datasets import contents
from clary.services.personalize.datasets.dataset_groups import domain_of
from clary.services.personalize.datasets.schema_rules import Column, SchemaError, check_for_dataset, columns_of
from clary.services.personalize.datasets.schema_tables import DATASET_TYPES, RULES
from clary.services.personalize.errors import InvalidInputException, ResourceInUseException
from clary.services.personalize.events.event_store import EventStore
from clary.services.personalize.job_status import UNFINISHED, status_of
from clary.services.personalize.names import (
    ACTIVE,
    DATASET,
    DATASET_GROUP,
    EXPORT_JOB,
    IMPORT_JOB,
    SCHEMA,
    SOLUTION,
    SOLUTION_VERSION,
    resource_arn,
    times,
)
from clary.storage.records import Record, Records


class Datasets:
    """The data sets of every account.

    Args:
        records: where they are kept.
        folder: Personalize's folder, where their contents lie.
        events: what was put into them record by record.
    """

    api = "personalize"

    def __init__(self, records: Records, folder: Path, events: EventStore) -> None:
        self._records = records
        self._folder = folder
        self._events = events

    @operation("CreateDataset", resource="dataset/{name}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes an empty data set.

        Raises:
            InvalidInputException: there is no such type, or the schema does not fit it.
            ResourceNotFoundException: there is no such group or schema.
            ResourceAlreadyExistsException: the group has one of that type.
        """
        tags = shelf.tags_of(request.get("tags", []))
        group = shelf.find(self._records, call, DATASET_GROUP, request["datasetGroupArn"])
        schema = shelf.find(self._records, call, SCHEMA, request["schemaArn"])
        kind = _type(request["datasetType"])
        domain = domain_of(group)
        if (domain, kind) not in RULES:
            raise InvalidInputException(f"A dataset group of the domain {domain} has no datasets of type {kind}.")
        if schema.body["domain"] != domain:
            raise InvalidInputException(
                f"The schema {schema.arn} is of the domain {schema.body['domain'] or 'CUSTOM'}, the dataset group is "
                f"of the domain {domain or 'CUSTOM'}."
            )
        try:
            check_for_dataset(columns_of(schema.body["schema"]), kind, domain)
        except SchemaError as error:
            raise InvalidInputException(f"The schema {schema.arn} is not valid for this dataset. {error}") from error
        name = f"{group.name}/{kind}"
        arn = resource_arn(call, DATASET, name)
        body = {"id": ids.request_id(), "name": request["name"], "type": kind, "schema": schema.arn}
        record = Record(DATASET, call.account, call.region, name, arn, ACTIVE, group.arn, body=body)
        shelf.insert(self._records, record, tags)
        return {"datasetArn": arn}

    @operation("DescribeDataset", resource="{datasetArn}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A data set."""
        record = shelf.find(self._records, call, DATASET, request["datasetArn"])
        dataset = {**_summary(record), "datasetGroupArn": record.parent, "schemaArn": record.body["schema"]}
        update = record.body.get("update")
        if update:
            moment = timestamp(update["time"])
            dataset["latestDatasetUpdate"] = {
                "schemaArn": update["schema"],
                "status": ACTIVE,
                "creationDateTime": moment,
                "lastUpdatedDateTime": moment,
            }
        return {"dataset": dataset}

    @operation("ListDatasets")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of data sets."""
        parent = request.get("datasetGroupArn")
        return shelf.listing(self._records, call, DATASET, request, "datasets", _summary, parent=parent)

    @operation("UpdateDataset", resource="{datasetArn}")
    def update(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Gives a data set a schema with further columns; rows that are there have no values in them.

        Raises:
            InvalidInputException: the new schema changes or lacks a column, or adds one that cannot be null.
            ResourceNotFoundException: there is no such data set or schema.
            ResourceInUseException: it is being imported into.
        """
        record = shelf.find(self._records, call, DATASET, request["datasetArn"])
        schema = shelf.find(self._records, call, SCHEMA, request["schemaArn"])
        old = {column.name: column for column in columns_in(self._records, record)}
        try:
            columns = columns_of(schema.body["schema"])
            check_for_dataset(columns, record.body["type"], schema.body["domain"])
        except SchemaError as error:
            raise InvalidInputException(f"The schema {schema.arn} is not valid for this dataset. {error}") from error
        new = {column.name: column for column in columns}
        changed = sorted(name for name, column in old.items() if new.get(name) != column)
        if changed:
            raise InvalidInputException(f"A new schema must keep the fields of the old one as they are: {changed}.")
        solid = sorted(name for name, column in new.items() if name not in old and not column.nullable)
        if solid:
            raise InvalidInputException(f"Fields that a new schema adds must have the type null too: {solid}.")
        self._require_idle(record)
        body = {
            **record.body,
            "schema": schema.arn,
            "update": {"schema": schema.arn, "time": call.time.timestamp()},
        }
        self._records.update(record, body=body)
        return {"datasetArn": record.arn}

    @operation("DeleteDataset", resource="{datasetArn}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes a data set with all that is in it.

        Raises:
            ResourceInUseException: it is being imported into, exported, or learned from.
        """
        record = shelf.find(self._records, call, DATASET, request["datasetArn"])
        self._require_idle(record)
        imports = self._records.children(IMPORT_JOB, record)
        exports = self._records.children(EXPORT_JOB, record)
        shelf.delete(self._records, record)
        for job in (*imports, *exports):
            shelf.delete(self._records, job)
        self._events.forget(record.body["id"])
        contents.forget(self._folder, record)
        return {}

    def _require_idle(self, record: Record) -> None:
        for kind in (IMPORT_JOB, EXPORT_JOB):
            for job in self._records.children(kind, record):
                if status_of(job) in UNFINISHED:
                    raise ResourceInUseException(f"Dataset {record.arn} is used by {job.arn}, which is in progress.")
        group = self._records.by_arn(record.parent)
        for solution in self._records.children(SOLUTION, group) if group else ():
            for version in self._records.children(SOLUTION_VERSION, solution):
                if status_of(version) in UNFINISHED:
                    raise ResourceInUseException(
                        f"Dataset {record.arn} is used by {version.arn}, which is in progress."
                    )


def columns_in(records: Records, dataset: Record) -> list[Column]:
    """The columns of a data set's schema; a schema is never deleted while a data set uses it."""
    schema = records.by_arn(dataset.body["schema"])
    return columns_of(schema.body["schema"]) if schema else []


def dataset_of(records: Records, group: Record, kind: str) -> Record | None:
    """The group's data set of that type."""
    return records.get(DATASET, group.account, group.region, f"{group.name}/{kind}")


def _type(text: str) -> str:
    kind = DATASET_TYPES.get(text.lower())
    if kind is None:
        raise InvalidInputException(
            f"datasetType {text!r} is not valid: it must be one of Interactions, Items, Users, Actions and "
            "Action_Interactions."
        )
    return kind


def _summary(record: Record) -> dict[str, Any]:
    return {
        "name": record.body["name"],
        "datasetArn": record.arn,
        "datasetType": record.body["type"],
        "status": record.status,
        **times(record),
    }
