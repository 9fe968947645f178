"""Calls the handler of an operation: on the event loop when it is `async`, else in a worker thread."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from clary.core.acting import acting_for
from clary.core.call import Call
from clary.core.errors import OperationNotImplemented
from clary.core.operations import BoundOperation


class Dispatcher:
    """The table `(api, operation) -> handler` with the threads that blocking handlers run in.

    Args:
        operations: what `clary.core.operations.collect` made.
        threads: how many blocking handlers run at once; further ones wait.
    """

    def __init__(self, operations: Mapping[tuple[str, str], BoundOperation], threads: int) -> None:
        self._operations = {
            key: (bound, inspect.iscoroutinefunction(bound.handler)) for key, bound in operations.items()
        }
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="handler")

    def find(self, api: str, operation: str) -> BoundOperation:
        """The bound operation.

        Raises:
            OperationNotImplemented: Clary does not have it.
        """
        entry = self._operations.get((api, operation))
        if entry is None:
            raise OperationNotImplemented(api=api, operation=operation)
        return entry[0]

    async def call(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Runs the handler; what it raises reaches the caller."""
        bound, is_async = self._operations[call.api, call.operation]
        if is_async:
            with acting_for(call.account):  # of this request's task alone, and of the threads that it asks
                result = await bound.handler(call, request)
        else:
            result = await asyncio.get_running_loop().run_in_executor(self._threads, _carried_out, bound, call, request)
        return result if result is not None else {}

    def close(self) -> None:
        """Waits for running handlers to end."""
        self._threads.shutdown(wait=True, cancel_futures=True)


def _carried_out(bound: BoundOperation, call: Call, request: dict[str, Any]) -> Any:
    """What the handler answers; whom it works for is known to what it shares with other accounts."""
    with acting_for(call.account):
        return bound.handler(call, request)
