"""Rows follow imports and what is put, and survive the removal of what they were first read from."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from clary.engines.recommendation.vocabulary import Vocabulary
from clary.services.personalize.events.event_reader import EventReader
from clary.services.personalize.events.event_store import EventStore, Row
from clary.services.personalize.programs.importing import check_and_write
from clary.services.personalize.programs.live_rows import LiveRows

from .schemas import GENRES, ITEM, columns, schema

TEXT = schema(ITEM, GENRES, name="Items")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    made = EventStore(tmp_path)
    yield made
    made.close()


def imported(root: Path, name: str, *items: str) -> str:
    """A segment with some items."""
    (root / name).mkdir()
    (root / "a.csv").write_text("ITEM_ID,GENRES\n" + "".join(f"{item},X\n" for item in items))
    check_and_write([("a.csv", root / "a.csv")], columns(ITEM, GENRES), root / name)
    return name


def rows(root: Path, *segments: str) -> LiveRows:
    dataset = {"id": "items", "schema": TEXT, "segments": list(segments), "deletions": {}}
    return LiveRows(root, dataset, "ITEM_ID", Vocabulary(["a", "b"]), root / "trained", {})


async def test_a_put_item_and_a_later_import_are_taken_in(tmp_path: Path, store: EventStore) -> None:
    live, reader = rows(tmp_path, imported(tmp_path, "one", "a", "b")), EventReader(tmp_path)
    assert live.refresh(reader, None)
    assert not live.refresh(reader, None), "nothing has changed"
    await store.put_rows("items", [Row("c", {"ITEM_ID": "c", "GENRES": "X|Y"}, 1.0)])
    assert live.refresh(reader, None)
    assert live.table.value(live.table.ids.code("c"), "GENRES") == "X|Y"
    assert live.refresh(reader, [imported(tmp_path, "two", "a")])
    assert live.table.present.tolist() == [True, False, True]


async def test_rows_stay_when_their_import_was_swept_before_the_next_is_named(
    tmp_path: Path, store: EventStore
) -> None:
    live, reader = rows(tmp_path, imported(tmp_path, "one", "a", "b")), EventReader(tmp_path)
    live.refresh(reader, None)
    shutil.rmtree(tmp_path / "one")
    await store.put_rows("items", [Row("c", {"ITEM_ID": "c"}, 1.0)])
    assert not live.refresh(reader, None)
    assert live.table.present.tolist() == [True, True]
    assert live.refresh(reader, [imported(tmp_path, "two", "b")])
    assert live.table.present.tolist() == [False, True, True]


def test_a_process_that_starts_after_its_import_was_swept_hides_nothing(tmp_path: Path, store: EventStore) -> None:
    live, reader = rows(tmp_path, "swept"), EventReader(tmp_path)
    assert not live.refresh(reader, None)
    assert not live.gone(2).any()
    assert live.refresh(reader, [imported(tmp_path, "two", "b")])
