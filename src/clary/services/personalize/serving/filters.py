"""Filters: expressions that are checked once and used by every request that names them."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.personalize import shelf
from clary.services.personalize.datasets.datasets import columns_in
from clary.services.personalize.errors import InvalidInputException, LimitExceededException
from clary.services.personalize.filter_language.checks import check
from clary.services.personalize.filter_language.parser import parse
from clary.services.personalize.filter_language.tokens import FilterError
from clary.services.personalize.names import ACTIVE, DATASET, DATASET_GROUP, FILTER, resource_arn, times
from clary.storage.records import Record, Records

MOST_FILTERS = 50


class Filters:
    """The filters of every account.

    Args:
        records: where they are kept.
    """

    api = "personalize"

    def __init__(self, records: Records) -> None:
        self._records = records

    @operation("CreateFilter", resource="filter/{name}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes a filter; it is active at once.

        Raises:
            InvalidInputException: the expression breaks the grammar, or does not fit the group's schemas.
            ResourceNotFoundException: there is no such group.
            ResourceAlreadyExistsException: the name is taken.
            LimitExceededException: the group has fifty.
        """
        tags = shelf.tags_of(request.get("tags", []))
        group = shelf.find(self._records, call, DATASET_GROUP, request["datasetGroupArn"])
        schemas = {
            dataset.body["type"]: columns_in(self._records, dataset)
            for dataset in self._records.children(DATASET, group)
        }
        try:
            check(parse(request["filterExpression"]), schemas)
        except FilterError as error:
            raise InvalidInputException(f"Invalid filter expression: {error}.") from error
        if len(self._records.children(FILTER, group)) >= MOST_FILTERS:
            raise LimitExceededException(f"More than {MOST_FILTERS} filters in the dataset group {group.arn}.")
        name = request["name"]
        arn = resource_arn(call, FILTER, name)
        body = {"filterExpression": request["filterExpression"]}
        record = Record(FILTER, call.account, call.region, name, arn, ACTIVE, group.arn, body=body)
        shelf.insert(self._records, record, tags)
        return {"filterArn": arn}

    @operation("DescribeFilter", resource="{filterArn}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A filter."""
        record = shelf.find(self._records, call, FILTER, request["filterArn"])
        return {"filter": {**_summary(record), "filterExpression": record.body["filterExpression"]}}

    @operation("ListFilters")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of filters."""
        parent = request.get("datasetGroupArn")
        return shelf.listing(self._records, call, FILTER, request, "Filters", _summary, parent=parent)

    @operation("DeleteFilter", resource="{filterArn}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Forgets a filter."""
        shelf.delete(self._records, shelf.find(self._records, call, FILTER, request["filterArn"]))
        return {}


def _summary(record: Record) -> dict[str, Any]:
    return {
        "name": record.name,
        "filterArn": record.arn,
        "datasetGroupArn": record.parent,
        "status": record.status,
        **times(record),
    }
