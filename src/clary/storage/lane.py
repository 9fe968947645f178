"""Work on the blocks of a stream, in order, in a thread, while the next blocks arrive."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Generic, TypeVar

Block = TypeVar("Block")


class Lane(Generic[Block]):
    """Carries out a function on one block after the other.

    It takes a thread of the pool only while there are blocks, and keeps that thread from one block to the next: a
    hand-over through the event loop for each of them would leave the thread idle in between.

    Args:
        function: called in a thread, never twice at a time.
        depth: how many blocks may wait or be worked on; `put` waits for room.
    """

    def __init__(self, pool: Executor, function: Callable[[Block], None], depth: int) -> None:
        self._pool = pool
        self._function = function
        self._depth = depth
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Semaphore(depth)
        self._guard = threading.Lock()
        self._blocks: deque[Block] = deque()
        self._draining = False
        self._error: BaseException | None = None

    async def put(self, block: Block) -> None:
        """Adds a block.

        Raises:
            BaseException: what the function raised for an earlier block.
        """
        await self._room.acquire()
        if self._error is not None:
            self._room.release()
            raise self._error
        with self._guard:
            self._blocks.append(block)
            if self._draining:
                return
            self._draining = True
        self._pool.submit(self._drain)

    async def finish(self) -> None:
        """Waits until every block is done.

        Raises:
            BaseException: what the function raised.
        """
        for _ in range(self._depth):
            await self._room.acquire()
        if self._error is not None:
            raise self._error

    def abandon(self) -> None:
        """Forgets the blocks that wait; the one that is being worked on is finished in its thread."""
        with self._guard:
            self._blocks.clear()

    def _drain(self) -> None:
        while True:
            with self._guard:
                if not self._blocks:
                    self._draining = False
                    return
                block = self._blocks.popleft()
            try:
                if self._error is None:
                    self._function(block)
            except BaseException as error:
                self._error = error
            try:
                self._loop.call_soon_threadsafe(self._room.release)
            except RuntimeError:  # the event loop is closed: nobody waits for room
                self.abandon()
