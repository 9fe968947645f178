"""How a program's end is told: once, to whoever waits for it."""

from __future__ import annotations

import signal
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout

_SIGNALLED = 128


class Exit:
    """What classes of programs have in common whose exit code somebody finds out.

    Attributes:
        exited: resolves to the exit code; negative: the signal that ended the program.
    """

    def __init__(self) -> None:
        self.exited: Future[int] = Future()

    def wait(self, timeout_seconds: float | None = None) -> int | None:
        """The exit code, or None when the program still runs after the timeout."""
        try:
            return self.exited.result(timeout_seconds)
        except FutureTimeout:
            return None


def signal_or_code(code: int) -> int:
    """A code as a shell, bubblewrap or a container engine tells it, 128 and the number for a signal: negative then."""
    return _SIGNALLED - code if code - _SIGNALLED in set(signal.Signals) else code
