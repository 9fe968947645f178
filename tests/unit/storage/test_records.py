"""The table of resources: unique, optimistic, paged in a stable order."""

from __future__ import annotations

from pathlib import Path

import pytest

from clary.core.clock import FixedClock
from clary.core.pages import InvalidToken
from clary.storage.database import Database
from clary.storage.records import SCHEMA, Filters, Record, RecordChanged, RecordExists, Records

KIND = "sagemaker:training-job"
PLACE = (KIND, "123456789012", "us-east-1")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def records(tmp_path: Path, clock: FixedClock):
    database = Database(tmp_path / "records.db", SCHEMA)
    yield Records(database, clock)
    database.close()


def job(name: str, **more: object) -> Record:
    return Record(*PLACE, name, f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}", **more)  # type: ignore[arg-type]


def test_a_record_comes_back_as_it_was_stored(records: Records, clock: FixedClock) -> None:
    stored = records.insert(job("a", status="InProgress", body={"n": [1, {"x": None}]}))
    assert records.get(*PLACE, "a") == stored == records.by_arn(stored.arn)
    assert (stored.created, stored.version, stored.body) == (clock.seconds, 1, {"n": [1, {"x": None}]})


def test_a_name_is_taken_once(records: Records) -> None:
    records.insert(job("a"))
    with pytest.raises(RecordExists):
        records.insert(job("a"))


def test_an_update_of_a_stale_record_is_refused(records: Records) -> None:
    first = records.insert(job("a"))
    second = records.update(first, status="Completed")
    assert (second.status, second.version) == ("Completed", 2)
    with pytest.raises(RecordChanged):
        records.update(first, status="Failed")
    with pytest.raises(RecordChanged):
        records.delete(first)
    assert records.get(*PLACE, "a") == second


def test_deleting_a_record_takes_its_tags_along(records: Records) -> None:
    record = records.insert(job("a"))
    records.set_tags(record.arn, {"team": "ml"})
    records.delete(record)
    assert records.get(*PLACE, "a") is None
    assert records.tags(record.arn) == {}


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", ["name", "created", "modified", "status"])
def test_pages_show_every_record_once_in_order(
    records: Records, clock: FixedClock, sort: str, descending: bool
) -> None:
    for number in range(23):
        records.insert(job(f"job-{number * 7 % 23:02}", status=("Completed", "Failed")[number % 2]))
        clock.advance(number % 3)  # equal times occur
    seen: list[Record] = []
    token = None
    while True:
        page = records.page(*PLACE, sort=sort, descending=descending, limit=5, token=token)
        seen += page.records
        token = page.next_token
        if token is None:
            break
    keys = [(getattr(record, sort), record.name) for record in seen]
    assert len(seen) == 23
    assert keys == sorted(keys, reverse=descending)


def test_filters_hold_together(records: Records, clock: FixedClock) -> None:
    for number in range(10):
        records.insert(job(f"Model-{number}", status=("Completed", "Failed")[number % 2]))
        clock.advance(1)
    start = clock.seconds - 10
    filters = Filters(status="Failed", name_contains="model", created_after=start + 2, created_before=start + 9)
    assert [record.name for record in records.page(*PLACE, filters=filters).records] == [
        "Model-3",
        "Model-5",
        "Model-7",
    ]


def test_all_children_of_a_record_are_found_however_many_pages_they_fill(
    records: Records, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clary.storage.records._BATCH", 3)
    parent = records.insert(job("parent"))
    for number in range(8):
        records.insert(job(f"child-{7 - number}", parent=parent.arn))
        clock.advance(1)
    records.insert(job("stranger", parent="arn:of:another"))
    assert [record.name for record in records.children(KIND, parent)] == [f"child-{7 - number}" for number in range(8)]
    assert len(records.every(*PLACE)) == 10


def test_a_foreign_token_is_refused(records: Records) -> None:
    with pytest.raises(InvalidToken):
        records.page(*PLACE, token="not-a-token")


def test_the_cost_of_a_page_does_not_grow_with_the_number_of_records(records: Records) -> None:
    """Counts SQLite's virtual machine steps, which no busy machine changes."""

    def steps() -> int:
        count = 0

        def tick() -> int:
            nonlocal count
            count += 1
            return 0

        connection = records.database.read()
        connection.set_progress_handler(tick, 10)
        token = None
        for _ in range(3):
            token = records.page(*PLACE, limit=10, descending=True, token=token).next_token
        records.get(*PLACE, "job-5")
        connection.set_progress_handler(None, 0)
        return count

    def fill(start: int, stop: int) -> None:
        records.database.write(
            lambda connection: [
                records.insert_in(connection, job(f"job-{n}", created=float(n + 1))) for n in range(start, stop)
            ]
        )

    fill(0, 200)
    few = steps()
    fill(200, 5000)
    assert steps() <= few * 1.2


def test_tags_are_added_replaced_and_removed(records: Records) -> None:
    arn = records.insert(job("a")).arn
    records.set_tags(arn, {"b": "1", "a": "2"})
    records.set_tags(arn, {"b": "3"})
    assert records.tags(arn) == {"a": "2", "b": "3"}
    records.remove_tags(arn, ["a", "unknown"])
    assert records.tags(arn) == {"b": "3"}
