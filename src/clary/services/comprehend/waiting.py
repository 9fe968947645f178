"""Threads in which operations that run on the event loop wait for an engine."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

_THREADS: Final = 32
"""More than an engine lets in at a time: who is too many is told so, and does not wait unseen for a thread."""


class WaitingThreads:
    """Runs what blocks beside the event loop, and not in the loop's own few threads, which others need at once."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="waiting")

    async def call(
        self, function: Callable[Arguments, Answer], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Answer:
        """Waits for what a function returns; it works for the account that the caller works for.

        Args:
            function: may block.
            args: its arguments.
            kwargs: its arguments by name.
        """
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: context.run(function, *args, **kwargs))
