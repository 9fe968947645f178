"""Operations on the event loop wait for engines in threads that nobody else needs."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime
from typing import Any

from clary.core.acting import acting_account, acting_for
from clary.core.call import ANONYMOUS, Call
from clary.services.comprehend.models.custom_models import CustomModels
from clary.services.comprehend.reading import Reading
from clary.services.comprehend.waiting import WaitingThreads

MANY = 20
"""More than an engine lets in of one account; more than the event loop's own threads on a small machine."""


async def test_as_many_wait_at_once_as_an_engine_lets_in_and_the_loop_s_threads_stay_free() -> None:
    threads, together = WaitingThreads(), threading.Barrier(MANY, timeout=60)
    places = await asyncio.gather(*[threads.call(together.wait) for _ in range(MANY)])
    assert sorted(places) == list(range(MANY))
    assert asyncio.get_running_loop()._default_executor is None  # type: ignore[attr-defined]


async def test_who_waits_knows_for_whom() -> None:
    threads = WaitingThreads()
    with acting_for("111111111111"):
        assert await threads.call(acting_account) == "111111111111"
    assert await threads.call(acting_account) == ""


async def test_detect_entities_asks_the_engine_from_such_a_thread_for_its_account() -> None:
    asked: list[tuple[str, str]] = []

    class Engine:
        def call(self, family: str, method: str, *, timeout_seconds: float = 1.0, **arguments: Any) -> Any:
            asked.append((threading.current_thread().name, acting_account()))
            return [[]]

    nothing: Any = None
    models = CustomModels(nothing, nothing, Reading(Engine()), nothing)
    call = Call("comprehend", "DetectEntities", "111111111111", "us-east-1", ANONYMOUS, "id", datetime.now(UTC))
    with acting_for(call.account):
        assert await models.entities(call, {"Text": "Ana", "LanguageCode": "en"}) == {"Entities": []}
    assert asked == [("waiting_0", "111111111111")]
