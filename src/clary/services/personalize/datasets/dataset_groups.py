"""Data set groups: the containers of everything else."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.personalize import names, shelf
from clary.services.personalize.errors import InvalidInputException, LimitExceededException, ResourceInUseException
from clary.services.personalize.names import ACTIVE, DATASET_GROUP, resource_arn, times
from clary.services.personalize.roles import require_role
from clary.storage.identities import Identities
from clary.storage.records import Record, Records

MOST_GROUPS = 500

# What must be gone before a group can be deleted, and what a client calls it.
_CONTENTS = (
    (names.DATASET, "datasets"),
    (names.EVENT_TRACKER, "event trackers"),
    (names.SOLUTION, "solutions"),
    (names.RECOMMENDER, "recommenders"),
    (names.FILTER, "filters"),
    (names.METRIC_ATTRIBUTION, "metric attributions"),
)


class DatasetGroups:
    """The data set groups of every account.

    Args:
        records: where they are kept.
        identities: whom roles belong to.
    """

    api = "personalize"

    def __init__(self, records: Records, identities: Identities) -> None:
        self._records = records
        self._identities = identities

    @operation("CreateDatasetGroup", resource="dataset-group/{name}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes a group; it is active at once.

        Raises:
            InvalidInputException: a key without a role, or a role that Personalize cannot use.
            ResourceAlreadyExistsException: the name is taken.
            LimitExceededException: the account has 500.
        """
        tags = shelf.tags_of(request.get("tags", []))
        if "kmsKeyArn" in request and "roleArn" not in request:
            raise InvalidInputException("kmsKeyArn requires roleArn: the role with which the key is used.")
        if "roleArn" in request:
            require_role(self._identities, call, request["roleArn"])
        if self._records.count(DATASET_GROUP, call.account, call.region) >= MOST_GROUPS:
            raise LimitExceededException(f"More than {MOST_GROUPS} dataset groups in the account {call.account}.")
        name = request["name"]
        arn = resource_arn(call, DATASET_GROUP, name)
        body = {str(member): request[member] for member in ("roleArn", "kmsKeyArn", "domain") if member in request}
        record = Record(DATASET_GROUP, call.account, call.region, name, arn, ACTIVE, body=body)
        shelf.insert(self._records, record, tags)
        answer = {"datasetGroupArn": arn}
        return {**answer, "domain": request["domain"]} if "domain" in request else answer

    @operation("DescribeDatasetGroup", resource="{datasetGroupArn}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A group."""
        record = shelf.find(self._records, call, DATASET_GROUP, request["datasetGroupArn"])
        return {"datasetGroup": {**_summary(record), **record.body}}

    @operation("ListDatasetGroups")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of groups."""
        return shelf.listing(self._records, call, DATASET_GROUP, request, "datasetGroups", _summary)

    @operation("DeleteDatasetGroup", resource="{datasetGroupArn}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Forgets an empty group.

        Raises:
            ResourceInUseException: something is in it.
        """
        record = shelf.find(self._records, call, DATASET_GROUP, request["datasetGroupArn"])
        for kind, words in _CONTENTS:
            found = self._records.children(kind, record)
            if found:
                raise ResourceInUseException(
                    f"Dataset group {record.arn} has {len(found)} {words}, {found[0].arn} among them: "
                    "delete them first."
                )
        shelf.delete(self._records, record)
        return {}


def _summary(record: Record) -> dict[str, Any]:
    summary = {"name": record.name, "datasetGroupArn": record.arn, "status": record.status, **times(record)}
    if "domain" in record.body:
        summary["domain"] = record.body["domain"]
    return summary


def domain_of(group: Record) -> str:
    """The group's domain, "" for a custom one."""
    return str(group.body.get("domain", ""))
