from __future__ import annotations

import asyncio
import threading

from clary.app.housekeeping import Housekeeping


async def done(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, 10)


async def test_duties_are_done_again_and_again_even_after_one_failed():
    rounds = 0
    thrice = threading.Event()

    def fail() -> None:
        raise OSError("disk")

    def count() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 3:
            thrice.set()

    housekeeping = Housekeeping([fail, count], interval_seconds=0.001)
    housekeeping.start()
    await done(thrice)
    await housekeeping.close()


async def test_closing_waits_for_the_duty_at_hand_and_begins_no_other():
    started, go, finished = threading.Event(), threading.Event(), threading.Event()
    later: list[str] = []

    def slow() -> None:
        started.set()
        go.wait(10)
        finished.set()

    housekeeping = Housekeeping([slow, lambda: later.append("begun")], interval_seconds=60)
    housekeeping.start()
    await done(started)
    closing = asyncio.create_task(housekeeping.close())
    await asyncio.sleep(0)
    go.set()
    await closing
    assert finished.is_set()
    assert later == []


async def test_closing_what_never_started_is_fine():
    await Housekeeping([]).close()
