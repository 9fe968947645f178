from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from clary.core.clock import FixedClock
from clary.storage.database import Database
from clary.storage.logs import SCHEMA, GroupExists, Logs, NoSuchGroup, NoSuchStream, StreamExists

ACCOUNT, REGION = "123456789012", "us-east-1"
HERE = (ACCOUNT, REGION)


@pytest.fixture
def clock():
    return FixedClock()


@pytest.fixture
def logs(tmp_path: Path, clock):
    database = Database(tmp_path / "logs.db", SCHEMA)
    yield Logs(database, clock)
    database.close()


def messages(logs: Logs, group: str, stream: str, **arguments) -> list[str]:
    found = logs.stream(logs.group(*HERE, group), stream)
    return [event.message for event in logs.events(found.id, **arguments)]


def test_put_makes_the_group_and_the_stream_that_are_missing(logs):
    logs.put(*HERE, "/g", "s", [(5, "five"), (6, "six")])
    stream = logs.stream(logs.group(*HERE, "/g"), "s")
    assert (stream.first_ms, stream.last_ms, stream.events) == (5, 6, 2)
    assert stream.stored_bytes == len("fivesix") + 2 * 26 == logs.group(*HERE, "/g").stored_bytes


def test_events_come_back_in_order_of_time_then_of_arrival(logs):
    logs.put(*HERE, "/g", "s", [(5, "b"), (3, "a"), (5, "c")])
    logs.put(*HERE, "/g", "s", [(5, "d"), (4, "late")])
    assert messages(logs, "/g", "s") == ["a", "late", "b", "c", "d"]
    assert messages(logs, "/g", "s", newest_first=True) == ["d", "c", "b", "late", "a"]


def test_a_range_includes_its_start_and_excludes_its_end(logs):
    logs.put(*HERE, "/g", "s", [(t, str(t)) for t in range(10)])
    assert messages(logs, "/g", "s", start_ms=3, end_ms=6) == ["3", "4", "5"]
    assert messages(logs, "/g", "s", after=(3, 4), before=(6, 7)) == ["4", "5"]


def test_merging_streams_resumes_after_any_event_without_loss_or_repetition(logs):
    for name in ("a", "b", "c"):
        logs.put(*HERE, "/g", name, [(t // 2, f"{name}{t}") for t in range(6)])
    streams = logs.streams(logs.group(*HERE, "/g"))
    whole = list(logs.merged(streams))
    assert [event.time_ms for event in whole] == sorted(event.time_ms for event in whole)
    assert len(whole) == 18
    for i, event in enumerate(whole):
        assert list(logs.merged(streams, after=event)) == whole[i + 1 :]
        assert list(logs.merged(streams, after=event, newest_first=True)) == whole[:i][::-1]


def test_a_name_that_is_taken_or_missing_is_refused(logs):
    logs.create_group(*HERE, "/g", tags={"a": "b"})
    with pytest.raises(GroupExists):
        logs.create_group(*HERE, "/g")
    group = logs.group(*HERE, "/g")
    logs.create_stream(group, "s")
    with pytest.raises(StreamExists):
        logs.create_stream(group, "s")
    with pytest.raises(NoSuchStream):
        logs.stream(group, "t")
    with pytest.raises(NoSuchGroup):
        logs.group(ACCOUNT, "eu-west-1", "/g")
    assert group.tags == {"a": "b"}


def test_streams_are_paged_by_name_and_by_last_event_in_both_directions(logs):
    for name, time_ms in (("a", 30), ("b", 10), ("c", 20), ("x", 40)):
        logs.put(*HERE, "/g", name, [(time_ms, "m")])
    group = logs.group(*HERE, "/g")
    logs.create_stream(group, "empty")

    def paged(**order) -> list[str]:
        names, after = [], None
        while page := logs.streams(group, limit=2, after=after, **order):
            names += [stream.name for stream in page]
            after = (page[-1].last_ms or 0, page[-1].name)
        return names

    assert paged() == ["a", "b", "c", "empty", "x"]
    assert paged(descending=True) == ["x", "empty", "c", "b", "a"]
    assert paged(by_time=True) == ["empty", "b", "c", "a", "x"]
    assert paged(by_time=True, descending=True) == ["x", "a", "c", "b", "empty"]
    assert [s.name for s in logs.streams(group, prefix="em")] == ["empty"]


def test_groups_are_found_by_prefix_and_by_a_piece_of_their_name(logs):
    for name in ("/aws/A", "/aws/B", "/b"):
        logs.create_group(*HERE, name)
    assert [g.name for g in logs.groups(*HERE, prefix="/aws/")] == ["/aws/A", "/aws/B"]
    assert [g.name for g in logs.groups(*HERE, contains="b")] == ["/aws/B", "/b"]
    assert [g.name for g in logs.groups(*HERE, after="/aws/A", limit=1)] == ["/aws/B"]


def test_a_deleted_group_takes_its_events_with_it_and_its_name_starts_anew(logs):
    logs.put(*HERE, "/g", "s", [(1, "old")])
    logs.delete_group(*HERE, "/g")
    logs.put(*HERE, "/g", "s", [(2, "new")])
    assert messages(logs, "/g", "s") == ["new"]
    assert logs.database.read().execute("SELECT count(*) FROM log_events").fetchone() == (1,)
    logs.delete_stream(logs.stream(logs.group(*HERE, "/g"), "s"))
    assert logs.database.read().execute("SELECT count(*) FROM log_events").fetchone() == (0,)
    assert logs.group(*HERE, "/g").stored_bytes == 0


def test_expired_events_are_removed_and_no_others(logs, clock):
    now_ms = int(clock.time() * 1000)
    day = 86_400_000
    logs.put(*HERE, "/g", "s", [(now_ms - 4 * day, "old"), (now_ms - 2 * day, "young")])
    logs.put(*HERE, "/keep", "s", [(now_ms - 4000 * day, "kept")])
    logs.change_group(logs.group(*HERE, "/g"), retention_days=3, attributes={}, tags={})
    logs.expire()
    assert messages(logs, "/g", "s") == ["young"]
    assert logs.group(*HERE, "/g").stored_bytes == len("young") + 26
    assert logs.stream(logs.group(*HERE, "/g"), "s").first_ms == now_ms - 2 * day
    assert messages(logs, "/keep", "s") == ["kept"]


def test_text_that_utf_8_cannot_hold_does_not_stop_a_log(logs):
    logs.put(*HERE, "/g", "s", [(1, "a\udce4b"), (2, "nul\0 grün 🙂")])
    assert messages(logs, "/g", "s") == ["a?b", "nul\0 grün 🙂"]


def _write_lines(path: Path, worker: int) -> None:
    database = Database(path, SCHEMA)
    logs = Logs(database)
    for i in range(50):
        logs.put(*HERE, "/g", "shared", [(i, f"{worker}:{i}")])
    database.close()


def test_processes_write_to_one_stream_without_losing_a_line(tmp_path):
    path = tmp_path / "shared.db"
    Database(path, SCHEMA).close()
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_write_lines, args=(path, worker)) for worker in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    database = Database(path, SCHEMA)
    lines = messages(Logs(database), "/g", "shared")
    database.close()
    assert sorted(lines) == sorted(f"{worker}:{i}" for worker in range(2) for i in range(50))
