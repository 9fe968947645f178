"""Time as a collaborator, so that tests decide what time it is."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def time(self) -> float:
        """Seconds since 1970-01-01T00:00:00Z."""
        ...

    def now(self) -> datetime:
        """The time as an aware datetime in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def time(self) -> float:
        """Seconds since 1970-01-01T00:00:00Z."""
        return time.time()

    def now(self) -> datetime:
        """The time as an aware datetime in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is moved."""

    def __init__(self, seconds: float = 1_700_000_000.0) -> None:
        self.seconds = seconds

    def time(self) -> float:
        """Seconds since 1970-01-01T00:00:00Z."""
        return self.seconds

    def now(self) -> datetime:
        """The time as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.seconds, UTC)

    def advance(self, seconds: float) -> None:
        """Moves the clock forward."""
        self.seconds += seconds


def timestamp(seconds: float) -> datetime:
    """Seconds since 1970 as the aware datetime that answers carry, to the millisecond as AWS tells times."""
    return datetime.fromtimestamp(round(seconds, 3), UTC)
