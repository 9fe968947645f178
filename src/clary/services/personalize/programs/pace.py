"""Work that would hold answers up, kept to a small share of the time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator


class Pace:
    """Says when work is due that may take one part in `parts` of the time; the first time at once.

    Args:
        parts: 20 lets work of 0.1 s be done every 2 s.
        now: seconds of a clock that never goes back.
    """

    def __init__(self, parts: float = 20.0, now: Callable[[], float] = time.monotonic) -> None:
        self._parts = parts
        self._now = now
        self._next = float("-inf")

    @property
    def due(self) -> bool:
        """Whether the work may be done now."""
        return self._now() >= self._next

    @contextlib.contextmanager
    def work(self) -> Iterator[None]:
        """Measures the work."""
        began = self._now()
        yield
        ended = self._now()
        self._next = ended + (self._parts - 1) * (ended - began)
