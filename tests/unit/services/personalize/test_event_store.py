"""Events are there when the write has returned, and sessions become users."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from clary.services.personalize.events import event_reader
from clary.services.personalize.events.event_reader import EventReader
from clary.services.personalize.events.event_store import SCHEMA, Event, EventStore, Row, folder_of, without_users


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    made = EventStore(tmp_path)
    yield made
    made.close()


@pytest.fixture
def reader(store: EventStore, tmp_path: Path) -> Iterator[EventReader]:
    found = EventReader(tmp_path)
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


async def test_what_belonged_to_a_data_set_or_a_user_is_forgotten(
    store: EventStore, reader: EventReader, tmp_path: Path
) -> None:
    await store.put_events("set", [event("u", "s", "a"), event("v", "t", "b")])
    await store.put_rows("users", [Row("u", {}, 1.0)])
    assert without_users(tmp_path, "set", ["u"], rows=False) == 2  # the event and its session
    assert without_users(tmp_path, "users", ["u"], rows=True) == 1
    assert without_users(tmp_path, "nothing was put there", ["u"], rows=True) == 0
    assert items(reader.events("set")) == ["b"]
    store.forget("set")
    assert EventReader(tmp_path).events("set") == []
    assert not folder_of(tmp_path, "set").exists()


async def test_two_hundred_writers_at_once_all_find_their_event(store: EventStore, reader: EventReader) -> None:
    async def put_and_look(number: int) -> bool:
        await store.put_events("set", [event("u", "s", f"i{number}", number)])
        return f"i{number}" in items(reader.of_user("set", "u"))

    assert all(await asyncio.gather(*map(put_and_look, range(200))))
    assert len(reader.of_user("set", "u")) == 200


async def test_a_reader_cannot_write(store: EventStore, reader: EventReader) -> None:
    assert reader.last_event("set") == 0, "nothing was put into it yet"
    await store.put_events("set", [event("u", "s", "a")])
    connection = reader._connection("set")
    assert connection is not None
    with pytest.raises(sqlite3.OperationalError):
        connection.execute("DELETE FROM events")


async def test_of_a_busy_robot_the_latest_events_count(
    store: EventStore, reader: EventReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_reader, "MOST_OF_USER", 2)
    await store.put_events("set", [event("u", "s", item, 7) for item in "abcd"])
    assert items(reader.of_user("set", "u")) == ["c", "d"]


async def test_each_data_set_has_a_file_of_its_own_which_is_found_again(store: EventStore, tmp_path: Path) -> None:
    await store.put_events("one", [event("u", "s", "a")])
    await store.put_rows("other", [Row("b", {}, 1.0)])
    store.close()
    again = EventStore(tmp_path)
    assert (again.last_event("one"), again.last_row("one")) == (1, 0)
    assert (again.last_event("other"), again.last_row("other")) == (0, 1)
    again.forget("other")
    assert [path.name for path in (tmp_path / "events").iterdir()] == ["one"]
    again.close()


def test_the_one_file_of_earlier_days_is_split_and_keeps_the_places(tmp_path: Path) -> None:
    (tmp_path / "events").mkdir()
    shared = sqlite3.connect(tmp_path / "events" / "events.db")
    shared.executescript(SCHEMA)
    fields = "INSERT INTO events (dataset, user, session, item, time, type, body) VALUES (?,'u','s',?,1,'click','{}')"
    shared.executemany(fields, [("one", "a"), ("other", "b"), ("one", "c")])
    shared.execute("INSERT INTO rows (dataset, id, time, body) VALUES ('rows', 'x', 1.0, '{}')")
    shared.execute("INSERT INTO sessions VALUES ('one', 's', 'u')")
    shared.commit()
    shared.close()
    store, reader = EventStore(tmp_path), EventReader(tmp_path)
    assert [(one.item, one.seq) for one in reader.events("one")] == [("a", 1), ("c", 3)]
    assert items(reader.of_user("one", "s")) == ["a", "c"]
    assert (store.last_event("other"), store.last_row("rows")) == (2, 1)
    assert sorted(path.name for path in (tmp_path / "events").iterdir()) == ["one", "other", "rows"]
    store.close()


async def test_a_session_that_changes_its_user_keeps_what_was_said(store: EventStore, reader: EventReader) -> None:
    await store.put_events("set", [event("u", "s", "a", 1), event("v", "s", "b", 2), event("", "s", "c", 3)])
    assert items(reader.of_user("set", "u")) == ["a"]
    assert items(reader.of_user("set", "v")) == ["b", "c"]
