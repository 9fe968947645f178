"""Event trackers: the ids under which events are put into a group."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.personalize import shelf
from clary.services.personalize.errors import ResourceAlreadyExistsException
from clary.services.personalize.names import ACTIVE, DATASET_GROUP, EVENT_TRACKER, resource_arn, times
from clary.storage.records import Record, RecordExists, Records


class EventTrackers:
    """The event trackers of every account; their records are named by their tracking ids.

    Args:
        records: where they are kept.
    """

    api = "personalize"

    def __init__(self, records: Records) -> None:
        self._records = records

    @operation("CreateEventTracker", resource="event-tracker/{name}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes the tracker of a group, which can have one.

        Raises:
            ResourceNotFoundException: there is no such group.
            ResourceAlreadyExistsException: it has a tracker.
        """
        tags = shelf.tags_of(request.get("tags", []))
        group = shelf.find(self._records, call, DATASET_GROUP, request["datasetGroupArn"])
        # The group decides the ARN, so that of two requests at once only one can succeed.
        digest = hashlib.sha256(f"{group.arn} {group.created}".encode()).hexdigest()[:8]
        arn = resource_arn(call, EVENT_TRACKER, digest)
        tracking_id = str(uuid.uuid4())
        body = {"name": request["name"]}
        record = Record(EVENT_TRACKER, call.account, call.region, tracking_id, arn, ACTIVE, group.arn, body=body)
        try:
            self._records.insert(record, tags=tags)
        except RecordExists as error:
            raise ResourceAlreadyExistsException(f"Dataset group {group.arn} has the event tracker {arn}.") from error
        return {"eventTrackerArn": arn, "trackingId": tracking_id}

    @operation("DescribeEventTracker", resource="{eventTrackerArn}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A tracker."""
        record = shelf.find(self._records, call, EVENT_TRACKER, request["eventTrackerArn"])
        tracker = {"accountId": call.account, "trackingId": record.name, "datasetGroupArn": record.parent}
        return {"eventTracker": {**_summary(record), **tracker}}

    @operation("ListEventTrackers")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of trackers."""
        parent = request.get("datasetGroupArn")
        return shelf.listing(self._records, call, EVENT_TRACKER, request, "eventTrackers", _summary, parent=parent)

    @operation("DeleteEventTracker", resource="{eventTrackerArn}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Forgets a tracker; the events that came through it stay in the data set."""
        shelf.delete(self._records, shelf.find(self._records, call, EVENT_TRACKER, request["eventTrackerArn"]))
        return {}


def _summary(record: Record) -> dict[str, Any]:
    return {
        "name": record.body["name"],
        "eventTrackerArn": record.arn,
        "status": record.status,
        **times(record),
    }
