"""One endpoint: takes its plans one after the other, and keeps its record in step with what runs."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from typing import Any

from clary.compute.contract import EndpointPlan
from clary.compute.hosting import endpoint_states
from clary.compute.hosting.endpoint_states import Event
from clary.compute.hosting.generation import Generation, GenerationFailed
from clary.compute.hosting.replica import Launcher
from clary.storage.records import Record, RecordChanged, Records

MOST_REASON_CHARACTERS = 1024  # of SageMaker's FailureReason
PREVIOUS = "previous"
"""Key of an updating endpoint's body: the body to go back to when the update fails."""

_RECORD_RETRY_SECONDS = 1.0
_log = logging.getLogger(__name__)


class EndpointGone(Exception):
    """The endpoint is not there, or cannot serve requests."""


class Endpoint:
    """What runs for one endpoint.

    Promises:
        **No lost request.** While a plan replaces another, requests go to the old replicas until all new ones are
        healthy; then, at one instant, to the new ones; the old ones end after their last answer.
        **Order.** Plans are carried out one after the other; `remove` breaks off what is under way.

    Attributes:
        serving: the generation that gets the requests; None while there is none.
    """

    def __init__(
        self,
        arn: str,
        *,
        records: Records,
        launcher: Launcher,
        generation: Callable[[EndpointPlan, Callable[[], None]], Generation],
    ) -> None:
        self.arn = arn
        self.serving: Generation | None = None
        self._records = records
        self._launcher = launcher
        self._make_generation = generation
        self._expecting = 0
        self._waiters: set[asyncio.Future[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._retiring: set[asyncio.Task[None]] = set()
        self._closed = False

    def apply(self, plan: EndpointPlan) -> None:
        """Carries out a plan after those before it."""
        self._then(lambda: self._roll_out(plan))

    def restore(self, plan: EndpointPlan, following: EndpointPlan | None) -> None:
        """Brings the endpoint back after a restart of Clary; requests wait for it.

        Args:
            plan: what served before.
            following: the update that was under way.
        """
        self._expecting += 1
        self._then(lambda: self._come_back(plan, following))

    async def remove(self, forget: Callable[[], None]) -> None:
        """Ends everything, then calls `forget` in a thread to delete files and record."""
        self._closed = True
        self._wake()
        await _cancel(self._task)
        await self._record(Event.REMOVE)
        await self._stop()
        await self._launcher.blocking(forget)

    async def close(self) -> None:
        """Ends the replicas; record and model files stay, for the next start of Clary."""
        self._closed = True
        self._wake()
        await _cancel(self._task)
        await self._stop()

    async def until_changed(self, deadline: float) -> bool:
        """Waits until a replica may have become available; False at the deadline (of the monotonic clock).

        Raises:
            EndpointGone: none will.
        """
        if self._closed or (self.serving is None and not self._expecting):
            raise EndpointGone(self.arn)
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            done, _ = await asyncio.wait([waiter], timeout=max(0.0, deadline - time.monotonic()))
        finally:
            self._waiters.discard(waiter)
        return bool(done)

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _then(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if self._closed:
            return
        before = self._task
        self._task = asyncio.create_task(self._in_order(before, work))

    async def _in_order(self, before: asyncio.Task[None] | None, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            if before is not None:
                await asyncio.wait([before])
            await work()
        except asyncio.CancelledError:
            await _cancel(before)
            raise
        except Exception:
            _log.exception("the plan of %s could not be carried out", self.arn)
            await self._record(Event.BROKEN, "Clary failed to carry the plan out; its own log says why.")

    async def _roll_out(self, plan: EndpointPlan) -> None:
        serving = self.serving
        if serving is not None and serving.plan.generation == plan.generation:
            try:
                await serving.adjust(plan)
            except GenerationFailed as failure:
                await self._record(Event.BROKEN, str(failure))
            else:
                await self._record(Event.READY)
            return
        generation = self._make_generation(plan, self._wake)
        try:
            await generation.start()
        except GenerationFailed as failure:
            await generation.remove()
            await self._record(Event.BROKEN, str(failure))
            return
        self.serving = generation
        self._wake()
        await self._record(Event.READY)
        if serving is not None:
            self._retire(serving)

    async def _come_back(self, plan: EndpointPlan, following: EndpointPlan | None) -> None:
        try:
            served = await self._start_again(plan, keep_trying=following is None)
        finally:
            self._expecting -= 1
            self._wake()
        if following is not None:
            await self._roll_out(following)
        elif served:
            await self._record(Event.READY)

    async def _start_again(self, plan: EndpointPlan, *, keep_trying: bool) -> bool:
        """Starts what served before Clary was restarted.

        It ran once, so what keeps it from running now may pass (memory, a full disk): it is tried again and again, as
        a replica that crashes is, until another plan waits to be carried out.
        """
        me = asyncio.current_task()
        times = self._launcher.times
        backoff_seconds = times.first_backoff
        while True:
            generation = self._make_generation(plan, self._wake)
            self.serving = generation  # requests may go to the first replica that is there
            try:
                await generation.start()
            except GenerationFailed as failure:
                self.serving = None
                _log.warning("%s does not come back: %s", self.arn, failure)
            else:
                return True
            if not keep_trying or self._task is not me:
                return False
            await asyncio.sleep(backoff_seconds)
            backoff_seconds = min(2 * backoff_seconds, times.longest_backoff)

    def _retire(self, generation: Generation) -> None:
        """Ends a generation that gets no more requests, without anybody waiting for it."""
        task = asyncio.create_task(generation.remove())
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _stop(self) -> None:
        serving, self.serving = self.serving, None
        if serving is not None:
            await serving.stop()
        await asyncio.gather(*self._retiring, return_exceptions=True)

    async def _record(self, event: Event, reason: str = "") -> None:
        """Tells the record what happened; while the disk takes nothing (it may be full), tries again and again."""
        while True:
            try:
                return await self._launcher.blocking(self._record_now, event, reason)
            except sqlite3.Error:
                _log.exception("the record of %s could not be written; Clary tries again", self.arn)
                await asyncio.sleep(_RECORD_RETRY_SECONDS)

    def _record_now(self, event: Event, reason: str) -> None:
        while True:
            record = self._records.by_arn(self.arn)
            if record is None:
                return
            status, body = self._outcome(record, event, reason)
            if status == record.status and body == record.body:
                return
            try:
                self._records.update(record, status=status, body=body)
            except RecordChanged:
                continue
            return

    def _outcome(self, record: Record, event: Event, reason: str) -> tuple[str, dict[str, Any]]:
        """The record's status and body after an event."""
        status = endpoint_states.following(record.status, event)
        body = {key: value for key, value in record.body.items() if key != PREVIOUS}
        if status == endpoint_states.ROLLING_BACK:
            body = dict(record.body.get(PREVIOUS, body))
            rolled_back = Event.ROLLED_BACK if self.serving is not None else Event.ROLLBACK_BROKEN
            status = endpoint_states.following(status, rolled_back)
        hosting = dict(body.get("hosting", {}))
        if reason:
            hosting["failure_reason"] = reason[:MOST_REASON_CHARACTERS]
        elif event is Event.READY and status == endpoint_states.IN_SERVICE and record.status != status:
            hosting.pop("failure_reason", None)
        if self.serving is not None:
            hosting["variants"] = self.serving.summary()
            body["plan"] = asdict(self.serving.plan)
        return status, {**body, "hosting": hosting}


async def _cancel(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
