"""Schemas: created, described, listed, deleted."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.personalize import shelf
from clary.services.personalize.datasets.schema_rules import SchemaError, columns_of
from clary.services.personalize.errors import InvalidInputException, LimitExceededException, ResourceInUseException
from clary.services.personalize.names import DATASET, SCHEMA, resource_arn, times
from clary.storage.records import Record, Records

MOST_SCHEMAS = 500


class Schemas:
    """The Avro schemas of every account.

    Args:
        records: where they are kept.
    """

    api = "personalize"

    def __init__(self, records: Records) -> None:
        self._records = records

    @operation("CreateSchema", resource="schema/{name}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stores a schema; what its type of data set requires is checked when a data set uses it.

        Raises:
            InvalidInputException: it is not an Avro schema that Personalize can read.
            ResourceAlreadyExistsException: the name is taken.
            LimitExceededException: the account has 500.
        """
        try:
            columns_of(request["schema"])
        except SchemaError as error:
            raise InvalidInputException(f"Input schema is invalid. {error}") from error
        if self._records.count(SCHEMA, call.account, call.region) >= MOST_SCHEMAS:
            raise LimitExceededException(f"More than {MOST_SCHEMAS} schemas in the account {call.account}.")
        name = request["name"]
        arn = resource_arn(call, SCHEMA, name)
        body = {"schema": request["schema"], "domain": request.get("domain", "")}
        shelf.insert(self._records, Record(SCHEMA, call.account, call.region, name, arn, "ACTIVE", body=body))
        return {"schemaArn": arn}

    @operation("DescribeSchema", resource="{schemaArn}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A schema."""
        record = shelf.find(self._records, call, SCHEMA, request["schemaArn"])
        return {"schema": {**_summary(record), "schema": record.body["schema"]}}

    @operation("ListSchemas")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of schemas."""
        return shelf.listing(self._records, call, SCHEMA, request, "schemas", _summary)

    @operation("DeleteSchema", resource="{schemaArn}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Forgets a schema that no data set uses.

        Raises:
            ResourceInUseException: a data set uses it.
        """
        record = shelf.find(self._records, call, SCHEMA, request["schemaArn"])
        users = [
            dataset.arn
            for dataset in self._records.of_kind(DATASET)
            if dataset.account == call.account and dataset.body["schema"] == record.arn
        ]
        if users:
            raise ResourceInUseException(f"Schema {record.arn} is used by {users[0]}: delete that data set first.")
        shelf.delete(self._records, record)
        return {}


def _summary(record: Record) -> dict[str, Any]:
    summary = {"name": record.name, "schemaArn": record.arn, **times(record)}
    if record.body["domain"]:
        summary["domain"] = record.body["domain"]
    return summary
