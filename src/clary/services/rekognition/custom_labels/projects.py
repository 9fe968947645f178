"""Projects of Custom Labels."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.clock import Clock, timestamp
from clary.core.operations import operation
from clary.services.rekognition import shelf
from clary.services.rekognition.custom_labels.entry_store import EntryStore
from clary.services.rekognition.errors import (
    InvalidParameterException,
    ResourceInUseException,
)
from clary.services.rekognition.names import DATASET, PROJECT, PROJECT_POLICY, PROJECT_VERSION, resource_arn
from clary.services.rekognition.shelf import INVALID
from clary.storage.records import Record, RecordChanged, RecordExists, Records

CUSTOM_LABELS = "CUSTOM_LABELS"


class Projects:
    """The projects of every account.

    Args:
        records: where they are kept.
        entries: the lines of their data sets.
        clock: dates their ARNs.
    """

    api = "rekognition"

    def __init__(self, records: Records, entries: EntryStore, clock: Clock) -> None:
        self._records = records
        self._entries = entries
        self._clock = clock

    @operation("CreateProject", resource="project/{ProjectName}/*")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes an empty project.

        Raises:
            ResourceInUseException: the name is taken.
            InvalidParameterException: it is for content moderation adapters, which Clary does not train.
        """
        if request.get("Feature", CUSTOM_LABELS) != CUSTOM_LABELS or request.get("AutoUpdate") == "ENABLED":
            raise InvalidParameterException(
                f"{INVALID}: Clary has projects of the feature CUSTOM_LABELS, without AutoUpdate: it does not train "
                "content moderation adapters."
            )
        name = request["ProjectName"]
        arn = resource_arn(call, PROJECT, f"{name}/{stamp(self._clock)}")
        record = Record(PROJECT, call.account, call.region, name, arn, "CREATED")
        try:
            self._records.insert(record, tags=shelf.tags_of(request.get("Tags", {})))
        except RecordExists as error:
            raise ResourceInUseException(f"A project with the name {name} already exists.") from error
        return {"ProjectArn": arn}

    @operation("DescribeProjects")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of projects with their data sets.

        Raises:
            InvalidPaginationTokenException: the token is not one of this listing.
        """
        names, features = request.get("ProjectNames"), request.get("Features", [CUSTOM_LABELS])
        if names is not None:
            found = [self._records.get(PROJECT, call.account, call.region, name) for name in dict.fromkeys(names)]
            records, more = [record for record in found if record is not None], {}
        else:
            page = shelf.page_of(self._records, call, PROJECT, request, descending=True)
            records, more = page.records, shelf.next_token(page)
        wanted = records if CUSTOM_LABELS in features else []
        return {"ProjectDescriptions": [self._view(record) for record in wanted], **more}

    @operation("DeleteProject", resource="{ProjectArn}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes a project with its data sets and policies.

        Raises:
            ResourceNotFoundException: there is no such project.
            ResourceInUseException: it still has models, or somebody changes it.
        """
        record = shelf.find(self._records, call, PROJECT, request["ProjectArn"])
        if self._records.children(PROJECT_VERSION, record):
            raise ResourceInUseException(f"The project {record.arn} still has models. Delete them first.")
        for kind in (DATASET, PROJECT_POLICY):
            for child in self._records.children(kind, record):
                if kind == DATASET:
                    self._entries.remove(child.body["entries"])
                self._forget(child)
        self._forget(record)
        return {"Status": "DELETING"}

    def _forget(self, record: Record) -> None:
        try:
            self._records.delete(record)
        except RecordChanged as error:
            raise ResourceInUseException(f"{record.arn} is being changed. Try again.") from error

    def _view(self, record: Record) -> dict[str, Any]:
        return {
            "ProjectArn": record.arn,
            "CreationTimestamp": timestamp(record.created),
            "Status": record.status,
            "Feature": CUSTOM_LABELS,
            "AutoUpdate": "DISABLED",
            "Datasets": [
                {
                    "DatasetArn": dataset.arn,
                    "DatasetType": dataset.body["type"],
                    "CreationTimestamp": timestamp(dataset.created),
                    "Status": dataset.status,
                    "StatusMessage": dataset.body["message"],
                    "StatusMessageCode": "SUCCESS",
                }
                for dataset in self._records.children(DATASET, record)
            ],
        }


def stamp(clock: Clock) -> str:
    """What ARNs of Custom Labels end with: the time in milliseconds."""
    return str(round(clock.time() * 1000))
