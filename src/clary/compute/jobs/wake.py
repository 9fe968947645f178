"""Hearing that somebody wrote into a job's wake pipe."""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections.abc import Callable


class Wake:
    """Calls a function, with itself, whenever something arrives in a pipe; a context manager.

    Args:
        descriptor: the non-blocking reading end; closed with the context.
        woken: called in a thread of its own.
    """

    def __init__(self, descriptor: int, woken: Callable[[Wake], None]) -> None:
        self._descriptor = descriptor
        self._woken = woken
        self._ended_read, self._ended_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name="wake", daemon=True)

    def __enter__(self) -> Wake:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._ended_write)
        self._thread.join()
        os.close(self._ended_read)
        os.close(self._descriptor)

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        poll.register(self._ended_read, select.POLLIN)
        while True:
            ready = dict(poll.poll())
            if self._ended_read in ready:
                return
            with contextlib.suppress(BlockingIOError):
                os.read(self._descriptor, 4096)
            self._woken(self)
