"""Events are there when the write has returned, and sessions become users."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from clary.services.personalize import event_store
from clary.services.personalize.event_store import SCHEMA, Event, EventReader, EventStore, Row
from clary.storage.database import Database


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    database = Database(tmp_path / "events.db", SCHEMA)
    yield EventStore(database)
    database.close()


@pytest.fixture
def reader(store: EventStore, tmp_path: Path) -> Iterator[EventReader]:
    found = EventReader(tmp_path / "events.db")
    yield found
    found.close()


def event(user: str, session: str, item: str, time: int = 1) -> Event:
    return Event(user, session, item, time, "click", None, {"DEVICE": "tv"})


def items(events: list[Event]) -> list[str]:
    return [one.item for one in events]


async def test_an_event_is_read_by_another_connection_as_soon_as_it_is_put(
    store: EventStore, reader: EventReader
) -> None:
    await store.put_events("set", [event("u", "s", "a", 5), event("u", "s", "b", 3)])
    found = reader.of_user("set", "u")
    assert items(found) == ["b", "a"]
    assert found[0].body == {"DEVICE": "tv"}
    assert items(reader.of_user("set", "u", after=found[1].seq)) == ["b"]
    assert reader.of_user("other set", "u") == []


async def test_an_anonymous_session_becomes_the_user_it_names(store: EventStore, reader: EventReader) -> None:
    await store.put_events("set", [event("", "s", "a", 1)])
    assert items(reader.of_user("set", "s")) == ["a"]
    assert items(reader.of_user("set", "u")) == []
    await store.put_events("set", [event("u", "s", "b", 2)])
    await store.put_events("set", [event("", "s", "c", 3)])
    assert items(reader.of_user("set", "u")) == ["a", "b", "c"]
    assert items(reader.of_user("set", "s")) == ["a", "b", "c"], "asked by the session, the user is answered"
    await store.put_events("set", [event("v", "other", "d", 4)])
    assert items(reader.of_user("set", "u")) == ["a", "b", "c"]


async def test_a_row_that_is_put_again_is_replaced_and_comes_last(store: EventStore, reader: EventReader) -> None:
    await store.put_rows("set", [Row("a", {"YEAR": 1}, 1.0), Row("b", {"YEAR": 2}, 1.0)])
    last = reader.last_row("set")
    await store.put_rows("set", [Row("a", {"YEAR": 3}, 2.0)])
    assert [(row.id, row.body["YEAR"]) for row in reader.rows("set")] == [("b", 2), ("a", 3)]
    assert [row.id for row in reader.rows("set", after=last)] == ["a"]


async def test_what_belonged_to_a_data_set_or_a_user_is_forgotten(store: EventStore, reader: EventReader) -> None:
    await store.put_events("set", [event("u", "s", "a"), event("v", "t", "b")])
    await store.put_rows("users", [Row("u", {}, 1.0)])
    assert store.forget_users("set", ["u"], rows=False) == 2  # the event and its session
    assert store.forget_users("users", ["u"], rows=True) == 1
    assert items(reader.events("set")) == ["b"]
    store.forget("set")
    assert reader.events("set") == []


async def test_two_hundred_writers_at_once_all_find_their_event(store: EventStore, reader: EventReader) -> None:
    async def put_and_look(number: int) -> bool:
        await store.put_events("set", [event("u", "s", f"i{number}", number)])
        return f"i{number}" in items(reader.of_user("set", "u"))

    assert all(await asyncio.gather(*map(put_and_look, range(200))))
    assert len(reader.of_user("set", "u")) == 200


def test_a_reader_cannot_write(store: EventStore, reader: EventReader) -> None:
    with pytest.raises(sqlite3.OperationalError):
        reader._connection.execute("DELETE FROM events")


async def test_of_a_busy_robot_the_latest_events_count(
    store: EventStore, reader: EventReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_store, "MOST_OF_USER", 2)
    await store.put_events("set", [event("u", "s", item, 7) for item in "abcd"])
    assert items(reader.of_user("set", "u")) == ["c", "d"]


async def test_a_large_data_set_is_forgotten_in_steps_and_others_stay(
    store: EventStore, reader: EventReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_store, "_ROWS_PER_STEP", 3)
    await store.put_events("set", [event(f"u{n}", f"s{n}", "a") for n in range(10)])
    await store.put_rows("set", [Row(f"i{n}", {}, 1.0) for n in range(7)])
    await store.put_events("other", [event("u", "s", "a")])
    store.forget("set")
    assert (reader.count("set"), reader.rows("set"), reader.count("other")) == (0, [], 1)
    await store.put_events("set", [event("", "s1", "b")])
    assert reader.of_user("set", "u1") == [], "the session is not known any more"


async def test_a_session_that_changes_its_user_keeps_what_was_said(store: EventStore, reader: EventReader) -> None:
    await store.put_events("set", [event("u", "s", "a", 1), event("v", "s", "b", 2), event("", "s", "c", 3)])
    assert items(reader.of_user("set", "u")) == ["a"]
    assert items(reader.of_user("set", "v")) == ["b", "c"]
