"""What can happen to a job: the events of the table in `states`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a job.

    Attributes:
        time: when, in seconds since 1970.
    """

    time: float


@dataclass(frozen=True, slots=True)
class NoCapacity(Event):
    """The machine is full; `message` says with what."""

    message: str


@dataclass(frozen=True, slots=True)
class Admitted(Event):
    """The machine has room: a supervisor is about to be started."""


@dataclass(frozen=True, slots=True)
class PendingExceeded(Event):
    """The job waited longer than it wanted to."""


@dataclass(frozen=True, slots=True)
class SupervisorStarted(Event):
    """A supervisor has taken the job over: its first one, or a later one after a loss."""


@dataclass(frozen=True, slots=True)
class SupervisorLost(Event):
    """The supervisor is gone and the job is not finished; `final` when it shall not be tried again."""

    final: bool


@dataclass(frozen=True, slots=True)
class InputsReady(Event):
    """Every channel is staged."""


@dataclass(frozen=True, slots=True)
class InputsFailed(Event):
    """A channel cannot be staged."""

    reason: str


@dataclass(frozen=True, slots=True)
class ProgramsEnded(Event):
    """All programs of the job have ended; `reason` is "" when all succeeded."""

    reason: str
    metrics: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class StopRequested(Event):
    """The user wants the job to stop."""


@dataclass(frozen=True, slots=True)
class RuntimeExceeded(Event):
    """The job trained for as long as it may."""


@dataclass(frozen=True, slots=True)
class Uploaded(Event):
    """The outputs are stored."""

    outputs: dict[str, str]


@dataclass(frozen=True, slots=True)
class UploadFailed(Event):
    """The outputs cannot be stored."""

    reason: str


@dataclass(frozen=True, slots=True)
class Broken(Event):
    """Clary itself failed while it looked after the job."""

    reason: str
