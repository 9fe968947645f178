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
class WaitExceeded(Event):
    """The time that a spot job may wait and run, together, is over."""


@dataclass(frozen=True, slots=True)
class Interrupted(Event):
    """The capacity of a spot job is taken back.

    Attributes:
        message: why, for the transition; "" for the common words.
    """

    message: str = ""


@dataclass(frozen=True, slots=True)
class SupervisorStarted(Event):
    """A supervisor has taken the job over: its first one, or a later one after a loss."""


@dataclass(frozen=True, slots=True)
class SupervisorLost(Event):
    """The supervisor is gone and the job is not finished.

    Attributes:
        final: whether it shall not be tried again.
        last_sign: when the supervisor was last known to live, in seconds since 1970; None: until now.
    """

    final: bool
    last_sign: float | None = None

    @property
    def alive(self) -> float:
        """Until when the supervisor lived; nothing of the time after that is the job's."""
        return self.time if self.last_sign is None else min(self.last_sign, self.time)


@dataclass(frozen=True, slots=True)
class ImageDownloading(Event):
    """What the program runs in is being downloaded or built; `message` tells how far."""

    message: str


@dataclass(frozen=True, slots=True)
class InputsReady(Event):
    """Every channel is staged."""


@dataclass(frozen=True, slots=True)
class InputsFailed(Event):
    """A channel cannot be staged."""

    reason: str


@dataclass(frozen=True, slots=True)
class ProgramsEnded(Event):
    """All programs of the job have ended.

    Attributes:
        reason: why they failed, "" when all succeeded. Of programs that were told to end because of an interruption it
            is why their checkpoints could not be stored.
        metrics: {"name", "value", "time"}: the last value of each metric.
        on_their_own: whether nobody had told them to end.
        message: what they left to be told of them (SageMaker's ExitMessage).
        checkpoints: how many checkpoints they had written, in all attempts, where those are counted.
    """

    reason: str
    metrics: list[dict[str, Any]] = field(default_factory=list)
    on_their_own: bool = False
    message: str = ""
    checkpoints: int | None = None


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
