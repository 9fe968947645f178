"""The events API: what happens in a shop right now. Durable before it is answered; the next answer knows it."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.clock import Clock
from clary.core.operations import operation
from clary.services.personalize.datasets.datasets import columns_in, dataset_of
from clary.services.personalize.datasets.property_values import checked, parsed, plain, require
from clary.services.personalize.datasets.schema_rules import Column
from clary.services.personalize.datasets.schema_tables import (
    ACTION_INTERACTIONS,
    ACTIONS,
    INTERACTIONS,
    ITEMS,
    LONGEST_EVENT_TYPE,
    USERS,
)
from clary.services.personalize.errors import InvalidInputException, ResourceNotFoundException
from clary.services.personalize.events.event_store import Event, EventStore, Row
from clary.services.personalize.names import DATASET, EVENT_TRACKER
from clary.storage.records import Record, Records

_OUTSIDE = frozenset({"USER_ID", "ITEM_ID", "ACTION_ID", "TIMESTAMP", "EVENT_TYPE"})
_LONGEST_ID = 256


class Events:
    """PutEvents and its relatives.

    Args:
        records: trackers, data sets and schemas.
        events: where they are stored.
    """

    api = "personalize-events"

    def __init__(self, records: Records, events: EventStore, clock: Clock) -> None:
        self._records = records
        self._events = events
        self._clock = clock

    @operation("PutEvents", resource="event-tracker/{trackingId}")
    async def put_events(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stores events of a session.

        Raises:
            InvalidInputException: there is no such tracker, or an event does not fit the schema.
        """
        dataset, columns = self._tracked(call, request["trackingId"], INTERACTIONS)
        if dataset is None:
            raise InvalidInputException(f"The event tracker {request['trackingId']} is not valid.")
        stored = []
        for number, sent in enumerate(request["eventList"]):
            stored.append(_event(request, sent, columns, f"eventList[{number}]"))
        await self._events.put_events(dataset.body["id"], stored)
        return {}

    @operation("PutActionInteractions", resource="event-tracker/{trackingId}")
    async def put_action_interactions(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stores what users did with actions.

        Raises:
            InvalidInputException: one does not fit the schema.
            ResourceNotFoundException: there is no such tracker, or its group has no such data set.
        """
        dataset, columns = self._tracked(call, request["trackingId"], ACTION_INTERACTIONS)
        if dataset is None:
            raise ResourceNotFoundException(
                f"The event tracker {request['trackingId']} does not exist, or its dataset group has no "
                "Action_Interactions dataset."
            )
        stored = []
        for number, sent in enumerate(request["actionInteractions"]):
            member = f"actionInteractions[{number}]"
            values = checked(parsed(sent.get("properties"), f"{member}.properties"), columns, f"{member}.properties")
            body = {name: value for name, value in values.items() if name not in _OUTSIDE}
            body |= {"IMPRESSION": "|".join(sent["impression"])} if "impression" in sent else {}
            body |= {"RECOMMENDATION_ID": sent["recommendationId"]} if "recommendationId" in sent else {}
            moment = int(sent["timestamp"].timestamp())
            user, session = sent.get("userId", ""), sent["sessionId"]
            stored.append(Event(user, session, sent["actionId"], moment, sent["eventType"], None, body))
        await self._events.put_events(dataset.body["id"], stored)
        return {}

    @operation("PutItems", resource="{datasetArn}")
    async def put_items(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stores items, new or changed.

        Raises:
            InvalidInputException: one does not fit the schema.
            ResourceNotFoundException: there is no such data set.
        """
        return await self._put_rows(call, request, ITEMS, "items", "itemId", "ITEM_ID")

    @operation("PutUsers", resource="{datasetArn}")
    async def put_users(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stores users, new or changed.

        Raises:
            InvalidInputException, ResourceNotFoundException: as PutItems.
        """
        return await self._put_rows(call, request, USERS, "users", "userId", "USER_ID")

    @operation("PutActions", resource="{datasetArn}")
    async def put_actions(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stores actions, new or changed.

        Raises:
            InvalidInputException, ResourceNotFoundException: as PutItems.
        """
        return await self._put_rows(call, request, ACTIONS, "actions", "actionId", "ACTION_ID")

    async def _put_rows(
        self, call: Call, request: dict[str, Any], kind: str, member: str, id_member: str, id_column: str
    ) -> dict[str, Any]:
        dataset = self._records.by_arn(request["datasetArn"])
        if dataset is None or dataset.kind != DATASET or dataset.account != call.account:
            raise ResourceNotFoundException(f"Resource Arn {request['datasetArn']} does not exist.")
        if dataset.body["type"] != kind:
            raise InvalidInputException(f"The dataset {dataset.arn} is of type {dataset.body['type']}, not {kind}.")
        columns = columns_in(self._records, dataset)
        now = self._clock.time()
        rows = []
        for number, sent in enumerate(request[member]):
            where = f"{member}[{number}].properties"
            values = checked(parsed(sent.get("properties"), where), columns, where)
            values[id_column] = sent[id_member]
            require(values, columns, where, given=frozenset({"CREATION_TIMESTAMP"}))
            if any(column.name == "CREATION_TIMESTAMP" for column in columns):
                values.setdefault("CREATION_TIMESTAMP", int(now))
            rows.append(Row(sent[id_member], values, now))
        await self._events.put_rows(dataset.body["id"], rows)
        return {}

    def _tracked(self, call: Call, tracking_id: str, kind: str) -> tuple[Record | None, list[Column]]:
        """The data set that a tracker's events go to, with its columns."""
        tracker = self._records.get(EVENT_TRACKER, call.account, call.region, tracking_id)
        group = self._records.by_arn(tracker.parent) if tracker else None
        dataset = dataset_of(self._records, group, kind) if group else None
        return dataset, columns_in(self._records, dataset) if dataset else []


def _event(request: dict[str, Any], sent: dict[str, Any], columns: list[Column], member: str) -> Event:
    """One event of PutEvents; clients of the first days put item and value into the properties."""
    properties = parsed(sent.get("properties"), f"{member}.properties")
    by_plain = {plain(name): value for name, value in properties.items()}
    item = sent.get("itemId", "") or str(by_plain.get("ITEMID") or "")
    if len(item) > _LONGEST_ID:
        raise InvalidInputException(f"{member}: itemId can have at most {_LONGEST_ID} characters.")
    if len(sent["eventType"]) > LONGEST_EVENT_TYPE:
        raise InvalidInputException(f"{member}: eventType can have at most {LONGEST_EVENT_TYPE} characters.")
    values = checked(properties, columns, f"{member}.properties")
    value = sent.get("eventValue", values.get("EVENT_VALUE"))
    body = {name: value for name, value in values.items() if name not in _OUTSIDE and name != "EVENT_VALUE"}
    if "impression" in sent:
        body["IMPRESSION"] = "|".join(sent["impression"])
    if "recommendationId" in sent:
        body["RECOMMENDATION_ID"] = sent["recommendationId"]
    if "metricAttribution" in sent:
        body["EVENT_ATTRIBUTION_SOURCE"] = sent["metricAttribution"]["eventAttributionSource"]
    if not item and "impression" not in sent:
        raise InvalidInputException(f"{member}: an event needs an itemId or an impression.")
    moment = int(sent["sentAt"].timestamp())
    return Event(request.get("userId", ""), request["sessionId"], item, moment, sent["eventType"], value, body)
