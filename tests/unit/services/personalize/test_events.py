"""PutEvents and its relatives: what is stored, and what is refused with the number of the event."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from clary.core.call import Call
from clary.services.personalize.errors import InvalidInputException, ResourceNotFoundException
from clary.services.personalize.events.event_reader import EventReader
from clary.services.personalize.events.events import Events

from .conftest import Office
from .schemas import GENRES, ITEM, TIME, TYPE, USER, VALUE, schema

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Counter:
    """The events API over the tables of an office, with one group."""

    def __init__(self, office: Office) -> None:
        self._events = Events(office.records, office.events, office.clock)
        self._caller = office.call.principal
        group = office.call("CreateDatasetGroup", name="g")["datasetGroupArn"]
        self.log = office.dataset(group, "Interactions", schema(USER, ITEM, TIME, TYPE, VALUE))
        self.items = office.dataset(group, "Items", schema(ITEM, {**GENRES, "type": "string"}))
        self.tracking_id = office.call("CreateEventTracker", name="t", datasetGroupArn=group)["trackingId"]
        record = office.records.by_arn(self.log)
        assert record is not None
        self.id = record.body["id"]
        self.reader = EventReader(office.folder)

    def call(self) -> Call:
        """A call of the office's owner."""
        return Call("personalize-events", "", self._caller.account, "us-east-1", self._caller, "id", NOW, "http://h")

    async def put(self, tracking_id: str | None = None, **event: Any) -> None:
        """Puts one event of the user u."""
        sent = {"eventType": "click", "sentAt": NOW, **event}
        request = {"trackingId": tracking_id or self.tracking_id, "sessionId": "s", "userId": "u", "eventList": [sent]}
        assert await self._events.put_events(self.call(), request) == {}

    async def put_item(self, dataset: str, properties: str) -> None:
        """Puts the item a."""
        request = {"datasetArn": dataset, "items": [{"itemId": "a", "properties": properties}]}
        await self._events.put_items(self.call(), request)


@pytest.fixture
def counter(office: Office) -> Counter:
    return Counter(office)


async def test_item_and_value_may_stand_in_the_properties_as_in_the_first_days(counter: Counter) -> None:
    await counter.put(itemId="a", eventValue=2.5)
    await counter.put(properties='{"itemId": 17, "eventValue": 4}')
    await counter.put(impression=["x", "y"], recommendationId="RID-1")
    found = counter.reader.of_user(counter.id, "u")
    assert [(event.item, event.value) for event in found] == [("a", 2.5), ("17", 4.0), ("", None)]
    assert found[2].body == {"IMPRESSION": "x|y", "RECOMMENDATION_ID": "RID-1"}
    assert found[0].time == int(NOW.timestamp())


async def test_events_that_do_not_fit_are_refused_and_none_is_stored(counter: Counter) -> None:
    for event, said in (
        ({}, r"eventList\[0\]: an event needs"),
        ({"itemId": "a", "properties": "{"}, "not valid JSON"),
        ({"itemId": "a", "properties": '{"eventValue": "x"}'}, "EVENT_VALUE must be of type float"),
        ({"properties": '{"itemId": "' + "x" * 300 + '"}'}, "at most 256"),
        ({"itemId": "a", "tracking_id": "unknown"}, "is not valid"),
    ):
        with pytest.raises(InvalidInputException, match=said):
            await counter.put(**event)
    assert counter.reader.of_user(counter.id, "u") == []


async def test_items_go_into_data_sets_of_items_with_all_their_columns(counter: Counter) -> None:
    with pytest.raises(InvalidInputException, match="of type INTERACTIONS"):
        await counter.put_item(counter.log, '{"genres": "A"}')
    with pytest.raises(InvalidInputException, match=r"\['GENRES'\]"):
        await counter.put_item(counter.items, "{}")
    with pytest.raises(ResourceNotFoundException):
        await counter.put_item(counter.items + "X", "{}")
    await counter.put_item(counter.items, '{"genres": "A|B"}')
