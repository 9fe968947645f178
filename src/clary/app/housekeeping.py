"""What has to be done now and then: expired logs and metrics are removed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

INTERVAL_SECONDS = 3600.0

_log = logging.getLogger(__name__)


class Housekeeping:
    """Runs duties one after the other, in a thread, at the start and then every hour.

    A duty that fails is reported and tried again the next time.

    Args:
        duties: functions that may block.
    """

    def __init__(self, duties: Sequence[Callable[[], object]], interval_seconds: float = INTERVAL_SECONDS) -> None:
        self._duties = tuple(duties)
        self._interval_seconds = interval_seconds
        self._task: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def start(self) -> None:
        """Begins, on the running event loop."""
        self._task = asyncio.create_task(self._run(), name="housekeeping")

    async def close(self) -> None:
        """Waits for the duty at hand and does no other."""
        self._closing.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while not self._closing.is_set():
            for duty in self._duties:
                if self._closing.is_set():
                    return
                try:
                    await asyncio.to_thread(duty)
                except Exception:
                    _log.exception("housekeeping failed; it is tried again in %s s", self._interval_seconds)
            try:
                await asyncio.wait_for(self._closing.wait(), self._interval_seconds)
            except TimeoutError:
                continue
