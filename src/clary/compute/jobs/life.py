"""What is kept of a job's course: the value that `states` changes and the record holds as `body["job"]`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """Where a job stands."""

    WAITING = "Waiting"
    STARTING = "Starting"
    DOWNLOADING = "Downloading"
    TRAINING = "Training"
    INTERRUPTING = "Interrupting"
    STOPPING = "Stopping"
    UPLOADING = "Uploading"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"


TERMINAL = frozenset({State.COMPLETED, State.FAILED, State.STOPPED})


class Outcome(StrEnum):
    """How a job will end once its outputs are uploaded; the values are SageMaker's last secondary statuses."""

    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"
    MAX_RUNTIME_EXCEEDED = "MaxRuntimeExceeded"
    MAX_WAIT_TIME_EXCEEDED = "MaxWaitTimeExceeded"


@dataclass(frozen=True, slots=True)
class Life:
    """Everything about a job that changes.

    Attributes:
        kind: the record's kind, which selects the words (`words`).
        state: where it stands in the table.
        status: the record's status.
        secondary_status: SageMaker's SecondaryStatus.
        transitions: {"status", "start", "end" (absent in the last one while it lasts), "message"}, oldest first.
        outcome: how it will end, once that is known.
        started: when it first began to download its inputs.
        training_started: when its programs first ran.
        ended: when it reached a terminal state.
        attempt: grows each time the job is started over; 1 for the first.
        retries_left: how often it may still be started over after an error of Clary's own.
        interruptions: how often its spot capacity was taken back.
        checkpoints: how many checkpoints were counted before the last interruption (where one was asked for by number).
        held_since, training_since: since when this attempt has held its part of the machine, and since when its
            programs have run; None while it does not.
        held_seconds, trained_seconds: the same of earlier attempts, as durations. Neither waiting nor a time in which
            nobody looked after the job is in them.
        billed_share: the part of its seconds that a spot job is billed for.
        price_note: what its last message says of its price.
        failure_reason: SageMaker's FailureReason.
        metrics: {"name", "value", "time"}: the last value of each metric.
        outputs: which uploads were made: the folder's first part ("model") -> URI.
        exit_message: what its programs left to be told of them.
        training_seconds, billable_seconds: told once the job has ended.
    """

    kind: str = "sagemaker:training-job"
    state: State = State.WAITING
    status: str = "InProgress"
    secondary_status: str = "Starting"
    transitions: list[dict[str, Any]] = field(default_factory=list)
    outcome: Outcome | None = None
    started: float | None = None
    training_started: float | None = None
    ended: float | None = None
    attempt: int = 1
    retries_left: int = 0
    interruptions: int = 0
    checkpoints: int = 0
    held_since: float | None = None
    training_since: float | None = None
    held_seconds: float = 0.0
    trained_seconds: float = 0.0
    billed_share: float = 1.0
    price_note: str = ""
    failure_reason: str = ""
    metrics: list[dict[str, Any]] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    exit_message: str = ""
    training_seconds: int | None = None
    billable_seconds: int | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON-compatible values; what is not known yet is absent."""
        return {key: value for key, value in asdict(self).items() if value not in (None, "")}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Life:
        """Reads what `to_json` wrote."""
        outcome = value.get("outcome")
        return cls(**{**value, "state": State(value["state"]), "outcome": Outcome(outcome) if outcome else None})

    def held(self, now: float) -> float:
        """Seconds for which it has held its part of the machine, in all attempts."""
        return self.held_seconds + (0.0 if self.held_since is None else max(0.0, now - self.held_since))

    def trained(self, now: float) -> float:
        """Seconds for which its programs have run, in all attempts."""
        return self.trained_seconds + (0.0 if self.training_since is None else max(0.0, now - self.training_since))

    def latest_metrics(self, told: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The last value of each metric: what an attempt told, and what earlier ones had told of the others."""
        return list({metric["name"]: metric for metric in [*self.metrics, *told]}.values())
