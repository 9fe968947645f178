from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clary.compute.contract import Channel, KeepAlive, Limits
from tests.unit.compute.job_world import World, entry

ALL = Limits(cpus=2, memory_bytes=1 << 30)
Until = Callable[[Callable[[], bool]], None]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def kept(seconds: int = 600, matches: str = "like me") -> KeepAlive:
    return KeepAlive(matches, seconds)


def status(world: World, arn: str) -> str | None:
    pool = world.jobs.warm_pools.of(arn)
    return None if pool is None else pool.status


def test_the_next_job_like_it_gets_the_place_and_the_cache(world: World) -> None:
    first = world.submit("first", entry("use_the_cache"), keep_alive=kept())
    world.finished(first)
    pool = world.jobs.warm_pools.of(first)
    assert pool is not None
    assert (pool.status, len(pool.cpus), pool.memory_bytes) == ("Available", 1, 2 << 30)
    other = world.submit("other", entry("use_the_cache"), keep_alive=kept(0, "another"))
    world.finished(other)
    second = world.submit("second", entry("use_the_cache"), keep_alive=kept())
    world.finished(second)
    reused = world.jobs.warm_pools.of(first)
    assert reused is not None
    assert (reused.status, reused.used_by) == ("Reused", "second")
    left = world.jobs.warm_pools.of(second)
    assert left is not None
    assert (left.status, left.cpus, left.made) == ("Available", pool.cpus, pool.made)
    assert (world.log("first"), world.log("other")) == (["found"], ["found"])
    assert world.log("second") == ["found from-first"]


def test_a_job_that_asks_for_no_pool_ends_the_one_it_used(world: World) -> None:
    first = world.submit("first", entry("hello"), keep_alive=kept())
    world.finished(first)
    second = world.submit("second", entry("hello"), keep_alive=kept(0))
    world.finished(second)
    assert (status(world, first), status(world, second)) == ("Reused", None)
    assert world.jobs.warm_pools.idle() == []


def test_a_pool_yields_to_a_job_that_would_not_fit_otherwise(world: World, until: Until) -> None:
    first = world.submit("first", entry("use_the_cache"), keep_alive=kept())
    world.finished(first)
    world.finished(world.submit("beside", entry("hello")))
    assert status(world, first) == "Available"
    world.finished(world.submit("large", entry("hello"), limits=ALL))
    assert status(world, first) == "Terminated"
    until(lambda: not list((world.folder / "warm-pools").glob("*")))


def test_a_pool_ends_when_its_time_is_over_and_when_it_is_told_to(world: World, until: Until) -> None:
    short = world.submit("short", entry("hello"), keep_alive=kept(1))
    world.finished(short)
    until(lambda: status(world, short) == "Terminated")
    pool = world.jobs.warm_pools.of(short)
    assert pool is not None
    assert pool.ended == pool.until == pool.since + 1
    long = world.submit("long", entry("hello"), keep_alive=kept())
    world.finished(long)
    told = world.jobs.warm_pools.of(long)
    assert told is not None
    world.jobs.keep_pool(told, 1200)
    changed = world.jobs.warm_pools.of(long)
    assert changed is not None
    assert changed.until == changed.since + 1200
    world.jobs.keep_pool(changed, 0)
    assert status(world, long) == "Terminated"


def test_failed_and_stopped_jobs_leave_pools_and_those_that_never_started_do_not(world: World) -> None:
    failed = world.submit("failed", entry("fail"), keep_alive=kept(matches="a"))
    assert world.finished(failed).status == "Failed"
    assert status(world, failed) == "Available"
    without_data = world.submit(
        "no-data", entry("hello"), keep_alive=kept(matches="b"), channels=(Channel("train", "s3://data/none/"),)
    )
    assert world.finished(without_data).status == "Failed"
    assert status(world, without_data) == "Available"
    running = world.submit("running", entry("stop_with_model"), limits=ALL)
    world.reaches(running, "Training")
    waiting = world.submit("waiting", entry("hello"), keep_alive=kept(matches="c"))
    world.reaches(waiting, "Pending")
    world.jobs.stop(waiting)
    assert world.finished(waiting).status == "Stopped"
    assert status(world, waiting) is None
    world.jobs.stop(running)
    world.finished(running)


def test_pools_are_there_again_after_a_restart(tmp_path: Path) -> None:
    world = World(tmp_path)
    first = world.submit("first", entry("use_the_cache"), keep_alive=kept())
    world.finished(first)
    world.close()
    again = World(tmp_path)
    try:
        assert status(again, first) == "Available"
        again.finished(again.submit("second", entry("use_the_cache"), keep_alive=kept()))
        assert again.log("second") == ["found from-first"]
    finally:
        again.close()
