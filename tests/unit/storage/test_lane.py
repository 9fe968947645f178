"""Work on blocks in a thread: in order, one at a time, never too far behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from clary.storage.lane import Lane


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


async def test_blocks_are_worked_on_in_order_and_never_two_at_a_time(pool: ThreadPoolExecutor) -> None:
    done: list[int] = []
    busy = threading.Lock()

    def work(block: int) -> None:
        assert busy.acquire(blocking=False), "two blocks at a time"
        done.append(block)
        busy.release()

    lane = Lane(pool, work, depth=3)
    for block in range(500):
        await lane.put(block)
    await lane.finish()
    assert done == list(range(500))


async def test_no_more_than_its_depth_is_taken_in_before_it_is_worked_on(pool: ThreadPoolExecutor) -> None:
    go = threading.Event()
    lane = Lane[int](pool, lambda block: go.wait(30) and None, depth=2)
    await lane.put(1)
    await lane.put(2)
    third = asyncio.ensure_future(lane.put(3))
    done, _ = await asyncio.wait([third], timeout=0.05)
    assert not done
    go.set()
    await third
    await lane.finish()


async def test_a_failure_is_told_at_the_next_block_or_at_the_end_and_later_blocks_are_left(
    pool: ThreadPoolExecutor,
) -> None:
    seen: list[int] = []

    def work(block: int) -> None:
        seen.append(block)
        raise OSError(28, "the disk is full")

    lane = Lane(pool, work, depth=8)
    await lane.put(1)
    with pytest.raises(OSError, match="full"):
        for block in range(2, 10_000):
            await lane.put(block)
    with pytest.raises(OSError, match="full"):
        await lane.finish()
    assert seen == [1]


async def test_an_abandoned_lane_forgets_what_waits(pool: ThreadPoolExecutor) -> None:
    go, begun = threading.Event(), threading.Event()
    seen: list[int] = []

    def work(block: int) -> None:
        begun.set()
        go.wait(30)
        seen.append(block)

    lane = Lane(pool, work, depth=8)
    for block in range(5):
        await lane.put(block)
    await asyncio.get_running_loop().run_in_executor(None, begun.wait, 30)
    lane.abandon()
    go.set()
    pool.shutdown(wait=True)
    assert seen == [0]
