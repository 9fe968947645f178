"""The life of a job as a pure table: events in, instructions out.

`TABLE[state, type of event]` is a function that takes the life so far and the event, and gives the life afterwards and
what must be done now. No process, file or clock is touched here; whoever applies an event stores the new life first and
then carries out the instructions, so that a life read from disk always tells where to go on.

Secondary statuses are SageMaker's own words; the record's statuses and the messages are those of the job's kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from clary.compute.job_events import (
    Admitted,
    Broken,
    Event,
    InputsFailed,
    InputsReady,
    NoCapacity,
    PendingExceeded,
    ProgramsEnded,
    RuntimeExceeded,
    StopRequested,
    SupervisorLost,
    SupervisorStarted,
    Uploaded,
    UploadFailed,
)
from clary.compute.job_words import words_of

MOST_REASON_CHARACTERS = 1024


class State(StrEnum):
    """Where a job stands."""

    WAITING = "Waiting"
    STARTING = "Starting"
    DOWNLOADING = "Downloading"
    TRAINING = "Training"
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


@dataclass(frozen=True, slots=True)
class Life:
    """Everything about a job that changes: the record's `body["job"]`.

    Attributes:
        kind: the record's kind, which selects the words (`job_words`).
        state: where it stands in the table.
        status: the record's status.
        secondary_status: SageMaker's SecondaryStatus.
        transitions: {"status", "start", "end" (absent in the last one while it lasts), "message"}, oldest first.
        outcome: how it will end, once that is known.
        started: when it began to download its inputs: the billed time counts from here.
        training_started: when its programs first ran: the maximum runtime counts from here.
        ended: when it reached a terminal state.
        attempt: grows each time the job is started over; 1 for the first.
        metrics: {"name", "value", "time"}: the last value of each metric.
        outputs: which uploads were made: the folder's first part ("model") -> URI.
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
    failure_reason: str = ""
    metrics: list[dict[str, Any]] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
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


class Instruction(StrEnum):
    """What must be done after an event."""

    STAGE_INPUTS = "stage the inputs"
    START_PROGRAMS = "start the programs"
    END_PROGRAMS = "end the programs"
    UPLOAD = "upload model, outputs and checkpoints"
    UPLOAD_WITHOUT_MODEL = "upload what a failed job leaves"
    FINISH = "clean up"


Step = tuple[Life, list[Instruction]]


def submitted(time: float, kind: str = "sagemaker:training-job") -> Life:
    """The life of a job that was just put into the queue; `kind` is its record's."""
    words = words_of(kind)
    return _enter(Life(kind=kind, status=words.waiting), "Starting", time, words.message("Submitted"))


def apply(life: Life, event: Event) -> Step:
    """The life after the event, and what to do now. A finished job stays as it is, whatever happens.

    Raises:
        ImpossibleEvent: the table has no entry for this state and event.
    """
    if life.state in TERMINAL:
        return life, []
    function = TABLE.get((life.state, type(event)))
    if function is None:
        raise ImpossibleEvent(f"{type(event).__name__} in {life.state}")
    return function(life, event)


class ImpossibleEvent(Exception):
    """An event that cannot happen in the job's state did."""


def _enter(life: Life, secondary: str, time: float, message: str = "") -> Life:
    """Closes the transition that lasts and opens another."""
    transitions = [dict(transition) for transition in life.transitions]
    if transitions:
        transitions[-1].setdefault("end", time)
    transitions.append(
        {"status": secondary, "start": time, "message": message or words_of(life.kind).message(secondary)}
    )
    return replace(life, secondary_status=secondary, transitions=transitions)


def _say(life: Life, message: str) -> Life:
    """Changes the message of the transition that lasts."""
    transitions = [*life.transitions[:-1], {**life.transitions[-1], "message": message}]
    return replace(life, transitions=transitions)


def _finish(life: Life, outcome: Outcome, time: float, reason: str = "") -> Step:
    state = State.STOPPED if outcome is Outcome.MAX_RUNTIME_EXCEEDED else State(outcome.value)
    seconds = None if life.started is None else max(0, round(time - life.started))
    life = _enter(life, outcome.value, time)
    life.transitions[-1]["end"] = time
    life = replace(
        life,
        state=state,
        status=words_of(life.kind).ended(state.value),
        outcome=outcome,
        ended=time,
        failure_reason=(life.failure_reason or reason)[:MOST_REASON_CHARACTERS] if outcome is Outcome.FAILED else "",
        training_seconds=seconds,
        billable_seconds=None if seconds is None else max(1, seconds),
    )
    return life, [Instruction.FINISH]


def _no_capacity(life: Life, event: NoCapacity) -> Step:
    if life.secondary_status == "Pending":
        return _say(life, event.message), []
    return _enter(life, "Pending", event.time, event.message), []


def _admitted(life: Life, event: Admitted) -> Step:
    life = replace(life, status=words_of(life.kind).running)
    if life.secondary_status == "Starting":
        return replace(_say(life, words_of(life.kind).message("Starting")), state=State.STARTING), []
    return replace(_enter(life, "Starting", event.time), state=State.STARTING), []


def _pending_exceeded(life: Life, event: PendingExceeded) -> Step:
    return _finish(
        life, Outcome.FAILED, event.time, "CapacityError: the job waited longer than MaxPendingTimeInSeconds"
    )


def _stop_unstarted(life: Life, event: StopRequested) -> Step:
    return _finish(life, Outcome.STOPPED, event.time)


def _download(life: Life, event: SupervisorStarted) -> Step:
    """Stages from the start: the first time, or again after a supervisor was lost before it had trained."""
    life = _enter(life, "Downloading", event.time)
    started = event.time if life.started is None else life.started
    return replace(life, state=State.DOWNLOADING, started=started), [Instruction.STAGE_INPUTS]


def _train(life: Life, event: InputsReady) -> Step:
    life = _enter(life, "Training", event.time)
    started = event.time if life.training_started is None else life.training_started
    return replace(life, state=State.TRAINING, training_started=started), [Instruction.START_PROGRAMS]


def _inputs_failed(life: Life, event: InputsFailed) -> Step:
    return _finish(life, Outcome.FAILED, event.time, event.reason)


def _programs_ended(life: Life, event: ProgramsEnded) -> Step:
    """After training, or after the order to stop: whatever the programs left is uploaded."""
    outcome = life.outcome or (Outcome.FAILED if event.reason else Outcome.COMPLETED)
    life = replace(
        _enter(life, "Uploading", event.time),
        state=State.UPLOADING,
        outcome=outcome,
        failure_reason=event.reason if outcome is Outcome.FAILED else "",
        metrics=event.metrics,
    )
    return life, [_upload(outcome)]


def _upload(outcome: Outcome | None) -> Instruction:
    return Instruction.UPLOAD_WITHOUT_MODEL if outcome is Outcome.FAILED else Instruction.UPLOAD


def _stop_training(life: Life, event: StopRequested) -> Step:
    life = replace(_enter(life, "Stopping", event.time), state=State.STOPPING, status=words_of(life.kind).stopping)
    return replace(life, outcome=Outcome.STOPPED), [Instruction.END_PROGRAMS]


def _runtime_exceeded(life: Life, event: RuntimeExceeded) -> Step:
    life = replace(_enter(life, "Stopping", event.time), state=State.STOPPING, status=words_of(life.kind).stopping)
    return replace(life, outcome=Outcome.MAX_RUNTIME_EXCEEDED), [Instruction.END_PROGRAMS]


def _stop_staging(life: Life, event: StopRequested) -> Step:
    """The inputs are still being staged: the supervisor tells when it has let go of them."""
    life = replace(_enter(life, "Stopping", event.time), state=State.STOPPING, status=words_of(life.kind).stopping)
    return replace(life, outcome=Outcome.STOPPED), []


def _stop_uploading(life: Life, event: StopRequested) -> Step:
    """The uploads go on: what was learned is kept, and the job counts as stopped."""
    if life.outcome is Outcome.COMPLETED:
        return replace(life, outcome=Outcome.STOPPED, status=words_of(life.kind).stopping), []
    return life, []


def _stopped_before_training(life: Life, event: InputsReady | InputsFailed) -> Step:
    return _finish(life, life.outcome or Outcome.STOPPED, event.time)


def _uploaded(life: Life, event: Uploaded) -> Step:
    life = replace(life, outputs=event.outputs)
    return _finish(life, life.outcome or Outcome.COMPLETED, event.time)


def _upload_failed(life: Life, event: UploadFailed) -> Step:
    return _finish(life, Outcome.FAILED, event.time, event.reason)


def _broken(life: Life, event: Broken) -> Step:
    return _finish(life, Outcome.FAILED, event.time, f"InternalServerError: {event.reason}")


def _lost(life: Life, event: SupervisorLost) -> Step:
    """A lost job is started over (from its checkpoints, if it wrote any), unless that was tried too often."""
    if event.final:
        reason = "InternalServerError: the process that looked after the job ended unexpectedly more than once"
        return _finish(replace(life, failure_reason=""), Outcome.FAILED, event.time, reason)
    life = _enter(life, "Restarting", event.time)
    return replace(life, state=State.STARTING, attempt=life.attempt + 1), []


def _lost_with_results(life: Life, event: SupervisorLost) -> Step:
    """The programs are over: the next supervisor uploads what lies in the job's folder."""
    if event.final:
        return _lost(life, event)
    return replace(life, attempt=life.attempt + 1), []


def _resume_upload(life: Life, event: SupervisorStarted) -> Step:
    return life, [_upload(life.outcome)]


def _resume_stop(life: Life, event: SupervisorStarted) -> Step:
    """The programs ended with the supervisor that was lost; what they had written by then is uploaded."""
    if life.training_started is None:
        return _finish(life, life.outcome or Outcome.STOPPED, event.time)
    return replace(_enter(life, "Uploading", event.time), state=State.UPLOADING), [_upload(life.outcome)]


def _nothing(life: Life, event: Event) -> Step:
    return life, []


TABLE: dict[tuple[State, type[Event]], Callable[[Life, Any], Step]] = {
    (State.WAITING, NoCapacity): _no_capacity,
    (State.WAITING, Admitted): _admitted,
    (State.WAITING, PendingExceeded): _pending_exceeded,
    (State.WAITING, StopRequested): _stop_unstarted,
    (State.WAITING, Broken): _broken,
    (State.STARTING, SupervisorStarted): _download,
    (State.STARTING, StopRequested): _stop_staging,
    (State.STARTING, SupervisorLost): _lost,
    (State.STARTING, Broken): _broken,
    (State.DOWNLOADING, InputsReady): _train,
    (State.DOWNLOADING, InputsFailed): _inputs_failed,
    (State.DOWNLOADING, StopRequested): _stop_staging,
    (State.DOWNLOADING, SupervisorLost): _lost,
    (State.DOWNLOADING, Broken): _broken,
    (State.TRAINING, ProgramsEnded): _programs_ended,
    (State.TRAINING, StopRequested): _stop_training,
    (State.TRAINING, RuntimeExceeded): _runtime_exceeded,
    (State.TRAINING, SupervisorLost): _lost,
    (State.TRAINING, Broken): _broken,
    (State.STOPPING, SupervisorStarted): _resume_stop,
    (State.STOPPING, InputsReady): _stopped_before_training,
    (State.STOPPING, InputsFailed): _stopped_before_training,
    (State.STOPPING, ProgramsEnded): _programs_ended,
    (State.STOPPING, StopRequested): _nothing,
    (State.STOPPING, RuntimeExceeded): _nothing,
    (State.STOPPING, SupervisorLost): _lost_with_results,
    (State.STOPPING, Broken): _broken,
    (State.UPLOADING, SupervisorStarted): _resume_upload,
    (State.UPLOADING, StopRequested): _stop_uploading,
    (State.UPLOADING, Uploaded): _uploaded,
    (State.UPLOADING, UploadFailed): _upload_failed,
    (State.UPLOADING, SupervisorLost): _lost_with_results,
    (State.UPLOADING, Broken): _broken,
}
