"""Keeps a variant's replicas running: one slot each, restarted after a crash, watched while healthy."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clary.compute.contract import EndpointPlan, VariantPlan
from clary.compute.hosting.logs import LogShipper, ReplicaLog
from clary.compute.hosting.metrics import VariantMetrics
from clary.compute.hosting.replica import Launcher, Replica, ReplicaFailed

_FIRST_ATTEMPTS = 3
_MISSED_PINGS = 3
_STABLE_SECONDS = 60.0
_SUSPECT_SECONDS = 0.25
_MOST_LOG_CHARACTERS = 700  # of a FailureReason, which has 1024

_log = logging.getLogger(__name__)


class Slot:
    """The place of one replica: an "instance" in SageMaker's words.

    Args:
        variant: what this is a part of.
        log: where the replica's output goes; all processes of a slot share the stream.
    """

    def __init__(self, variant: RunningVariant, log: ReplicaLog) -> None:
        self._variant = variant
        self._log = log
        self._replica: Replica | None = None
        self._first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._keep_running())

    async def until_healthy(self) -> None:
        """Waits until the replica was healthy for the first time.

        Raises:
            ReplicaFailed: it did not become so.
        """
        await asyncio.shield(self._first)

    async def stop(self) -> None:
        """Lets the replica finish its requests, then ends it."""
        replica = self._replica
        if replica is not None:
            self._variant.withdraw(replica)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if not self._first.done():
            self._first.cancel()
        replica = self._replica
        if replica is not None:
            self._variant.withdraw(replica)
            await replica.until_idle(self._variant.launcher.times.invocation)
            await replica.stop()
        await self._variant.shipper.close(self._log)

    async def _keep_running(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            try:
                await self._start()
            except ReplicaFailed as failure:
                failures += 1
                if not self._first.done() and (failure.final or failures >= _FIRST_ATTEMPTS):
                    self._first.set_exception(failure)
                    return
                _log.warning("a replica of %s failed: %s", self._variant.title, failure.reason)
            else:
                since = loop.time()
                if not self._first.done():
                    self._first.set_result(None)
                await self._watch()
                failures = 1 if loop.time() - since > _STABLE_SECONDS else failures + 1
            times = self._variant.launcher.times
            await asyncio.sleep(min(times.first_backoff * 2 ** (failures - 1), times.longest_backoff))

    async def _start(self) -> None:
        variant = self._variant
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            self._replica = await variant.launcher.launch(variant.plan.plan, variant.root, self._log)
            await self._replica.until_healthy(variant.plan.plan.startup_seconds)
        except ReplicaFailed as failure:
            if self._replica is not None:
                await self._replica.stop()
                self._replica = None
            if not failure.started:
                raise
            raise ReplicaFailed(_with_log(failure.reason, self._log), final=failure.final) from failure
        variant.metrics.set_up(loop.time() - began)
        variant.offer(self._replica)

    async def _watch(self) -> None:
        """Returns when the replica has ended, or was ended because it does not answer."""
        replica = self._replica
        assert replica is not None
        missed = 0
        while not replica.exited.done():
            suspicion: asyncio.Future[Any] = asyncio.ensure_future(replica.suspected.wait())
            try:
                waited: list[asyncio.Future[Any]] = [replica.exited, suspicion]
                watch = self._variant.launcher.times.watch
                pause = watch if replica.available else min(watch, _SUSPECT_SECONDS)
                await asyncio.wait(waited, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
            finally:
                suspicion.cancel()
            if replica.exited.done():
                break
            replica.suspected.clear()
            if await replica.ping():
                missed = 0
                if not replica.available:
                    replica.available = True
                    self._variant.offer(replica)
                continue
            missed += 1
            if missed >= _MISSED_PINGS and not replica.in_flight:
                _log.warning("a replica of %s does not answer /ping and is replaced", self._variant.title)
                break
        self._variant.withdraw(replica)
        await replica.stop()
        self._replica = None


def _with_log(reason: str, log: ReplicaLog) -> str:
    """The reason with the last lines of the log: as many as leave the last one, which says most, its place."""
    told: list[str] = []
    left = _MOST_LOG_CHARACTERS
    for line in reversed(log.last_lines):
        left -= len(line) + 3
        if told and left < 0:
            break
        told.insert(0, line[-_MOST_LOG_CHARACTERS:])
    return f"{reason} Last log lines: {' | '.join(told)}" if told else reason


class RunningVariant:
    """A variant's replicas, and which of them gets the next request.

    Args:
        root: the folder that stands for `/opt/ml`; its `model` is unpacked.
        changed: called when a replica becomes available.
    """

    def __init__(
        self,
        endpoint: EndpointPlan,
        plan: VariantPlan,
        root: Path,
        *,
        launcher: Launcher,
        shipper: LogShipper,
        metrics: VariantMetrics,
        changed: Callable[[], None],
    ) -> None:
        self.name = plan.name
        self.generation = endpoint.generation
        self.plan = plan
        self.root = root
        self.weight = plan.weight
        self.current = 0.0  # of the smooth weighted round robin
        self.launcher = launcher
        self.shipper = shipper
        self.metrics = metrics
        self.ready: list[Replica] = []
        self._endpoint = endpoint
        self._changed = changed
        self._slots: list[Slot] = []
        self._turn = 0

    @property
    def title(self) -> str:
        """For log lines: "endpoint/variant"."""
        return f"{self._endpoint.name}/{self.name}"

    @property
    def replicas(self) -> int:
        """How many replicas there are or shall be."""
        return len(self._slots)

    def next_replica(self) -> Replica | None:
        """The available replica with the fewest requests, in turn where several have; None where there is none."""
        ready = self.ready
        count = len(ready)
        if count <= 1:
            return ready[0] if ready else None
        self._turn = (self._turn + 1) % count
        best = ready[self._turn]
        for replica in ready:
            if replica.in_flight < best.in_flight:
                best = replica
        return best

    def offer(self, replica: Replica) -> None:
        """Lets a healthy replica have requests."""
        if replica not in self.ready:
            self.ready.append(replica)
        self._changed()

    def withdraw(self, replica: Replica) -> None:
        """Gives a replica no further requests."""
        replica.available = False
        if replica in self.ready:
            self.ready.remove(replica)

    def suspect(self, replica: Replica) -> None:
        """Gives a replica that broke a connection no further requests until it has answered a ping."""
        self.withdraw(replica)
        replica.suspected.set()

    async def scale(self, replicas: int) -> None:
        """Starts replicas until there are that many and all new ones are healthy, or ends the surplus.

        Raises:
            ReplicaFailed: a new one does not become healthy; the new ones are ended.
        """
        surplus = self._slots[replicas:]
        del self._slots[replicas:]
        new = [self._new_slot() for _ in range(replicas - len(self._slots))]
        self._slots += new
        try:
            await asyncio.gather(*[slot.until_healthy() for slot in new])
        except (ReplicaFailed, asyncio.CancelledError):
            self._slots = [slot for slot in self._slots if slot not in new]
            await _stop_all(new)
            raise
        await _stop_all(surplus)

    async def stop(self) -> None:
        """Ends all replicas, each after its last answer."""
        slots, self._slots = self._slots, []
        await _stop_all(slots)

    def _new_slot(self) -> Slot:
        endpoint = self._endpoint
        stream = f"{self.name}/i-{secrets.token_hex(9)[:17]}"
        return Slot(self, self.shipper.open(endpoint.account, endpoint.region, endpoint.log_group, stream))


async def _stop_all(slots: list[Slot]) -> None:
    for outcome in await asyncio.gather(*[slot.stop() for slot in slots], return_exceptions=True):
        if isinstance(outcome, Exception):
            _log.error("a replica could not be ended in order", exc_info=outcome)
