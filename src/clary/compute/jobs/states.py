"""The life of a job as a pure table: events in, instructions out.

`TABLE[state, type of event]` is a function that takes the life so far and the event, and gives the life afterwards and
what must be done now. No process, file or clock is touched here; whoever applies an event stores the new life first and
then carries out the instructions, so that a life read from disk always tells where to go on.

Secondary statuses are SageMaker's own words; the record's statuses and the messages are those of the job's kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import Any

from clary.compute.jobs.events import (
    Admitted,
    Broken,
    Event,
    ImageDownloading,
    InputsFailed,
    InputsReady,
    Interrupted,
    NoCapacity,
    PendingExceeded,
    ProgramsEnded,
    RuntimeExceeded,
    StopRequested,
    SupervisorLost,
    SupervisorStarted,
    Uploaded,
    UploadFailed,
    WaitExceeded,
)
from clary.compute.jobs.life import TERMINAL, Life, Outcome, State
from clary.compute.jobs.words import words_of

__all__ = ["TABLE", "TERMINAL", "ImpossibleEvent", "Instruction", "Life", "Outcome", "State", "apply", "submitted"]

MOST_REASON_CHARACTERS = 1024


class Instruction(StrEnum):
    """What must be done after an event."""

    STAGE_INPUTS = "stage the inputs"
    START_PROGRAMS = "start the programs"
    END_PROGRAMS = "end the programs"
    UPLOAD = "upload model, outputs and checkpoints"
    UPLOAD_WITHOUT_MODEL = "upload what a failed job leaves"
    SAVE_CHECKPOINTS = "store the checkpoints that lie in the job's folder"
    LEAVE = "clean up; a later supervisor goes on when the job is admitted again"
    FINISH = "clean up"


Step = tuple[Life, list[Instruction]]


def submitted(
    time: float, kind: str = "sagemaker:training-job", *, retries: int = 0, billed_share: float = 1.0, note: str = ""
) -> Life:
    """The life of a job that was just put into the queue.

    Args:
        kind: its record's kind.
        retries: how often it is started over after an error of Clary's own.
        billed_share: the part of its seconds that it is billed for.
        note: what is to be said of its price once it has ended.
    """
    words = words_of(kind)
    life = Life(kind=kind, status=words.waiting, retries_left=retries, billed_share=billed_share, price_note=note)
    return _enter(life, "Starting", time, words.message("Submitted"))


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
        time = max(time, transitions[-1]["start"])  # a clock that was set back does not turn the course around
        transitions[-1].setdefault("end", time)
    message = message or words_of(life.kind).message(secondary)
    transitions.append({"status": secondary, "start": time, "message": message})
    return replace(life, secondary_status=secondary, transitions=transitions)


def _say(life: Life, message: str) -> Life:
    """Changes the message of the transition that lasts."""
    transitions = [*life.transitions[:-1], {**life.transitions[-1], "message": message}]
    return replace(life, transitions=transitions)


def _programs_over(life: Life, time: float) -> Life:
    """The programs run no more: their time is added up."""
    return replace(life, trained_seconds=life.trained(time), training_since=None)


def _given_up(life: Life, time: float) -> Life:
    """The job no longer holds its part of the machine: both times are added up."""
    return replace(_programs_over(life, time), held_seconds=life.held(time), held_since=None)


def _back_to_waiting(life: Life, time: float, secondary: str, message: str = "") -> Step:
    """Gives its part of the machine up and waits for another."""
    words = words_of(life.kind)
    life = _given_up(life, time)
    if life.secondary_status != secondary:
        life = _enter(life, secondary, time, message)
    life = replace(life, state=State.WAITING, status=words.waiting, outcome=None, failure_reason="")
    return replace(life, attempt=life.attempt + 1), [Instruction.LEAVE]


def _finish(life: Life, outcome: Outcome, time: float, reason: str = "") -> Step:
    state = {Outcome.COMPLETED: State.COMPLETED, Outcome.FAILED: State.FAILED}.get(outcome, State.STOPPED)
    life = _enter(_given_up(life, time), outcome.value, time)
    if life.price_note and life.started is not None:
        life = _say(life, f"{life.transitions[-1]['message']}. {life.price_note}")
    time = life.transitions[-1]["start"]
    life.transitions[-1]["end"] = time
    seconds = None if life.started is None else max(1, round(life.held_seconds))
    life = replace(
        life,
        state=state,
        status=words_of(life.kind).ended(state.value),
        outcome=outcome,
        ended=time,
        failure_reason=(life.failure_reason or reason)[:MOST_REASON_CHARACTERS] if outcome is Outcome.FAILED else "",
        training_seconds=seconds,
        billable_seconds=None if seconds is None else max(1, min(seconds, round(seconds * life.billed_share))),
    )
    return life, [Instruction.FINISH]


def _no_capacity(life: Life, event: NoCapacity) -> Step:
    if life.secondary_status == "Pending":
        return _say(life, event.message), []
    if life.secondary_status in ("Interrupted", "Restarting"):
        return _say(life, f"{words_of(life.kind).message(life.secondary_status)}. {event.message}"), []
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


def _wait_exceeded(life: Life, event: WaitExceeded) -> Step:
    """The time ran out while the job had no capacity."""
    return _finish(_enter(life, "Stopping", event.time), Outcome.MAX_WAIT_TIME_EXCEEDED, event.time)


def _stop_unstarted(life: Life, event: StopRequested) -> Step:
    return _finish(life, Outcome.STOPPED, event.time)


def _download(life: Life, event: SupervisorStarted) -> Step:
    """Stages from the start: the first time, or again after a supervisor was lost before it had trained."""
    life = _enter(life, "Downloading", event.time)
    started = event.time if life.started is None else life.started
    return replace(life, state=State.DOWNLOADING, started=started, held_since=event.time), [Instruction.STAGE_INPUTS]


def _download_image(life: Life, event: ImageDownloading) -> Step:
    if life.secondary_status == "DownloadingTrainingImage":
        return _say(life, event.message), []
    return _enter(life, "DownloadingTrainingImage", event.time, event.message), []


def _train(life: Life, event: InputsReady) -> Step:
    life = _enter(life, "Training", event.time)
    started = event.time if life.training_started is None else life.training_started
    life = replace(life, state=State.TRAINING, training_started=started, training_since=event.time)
    return life, [Instruction.START_PROGRAMS]


def _inputs_failed(life: Life, event: InputsFailed) -> Step:
    return _finish(life, Outcome.FAILED, event.time, event.reason)


def _programs_ended(life: Life, event: ProgramsEnded) -> Step:
    """After training, or after the order to stop: whatever the programs left is uploaded."""
    outcome = life.outcome or (Outcome.FAILED if event.reason else Outcome.COMPLETED)
    life = replace(
        _enter(_programs_over(life, event.time), "Uploading", event.time),
        state=State.UPLOADING,
        outcome=outcome,
        failure_reason=event.reason if outcome is Outcome.FAILED else "",
        metrics=life.latest_metrics(event.metrics),
        exit_message=event.message,
    )
    return life, [_upload(outcome)]


def _upload(outcome: Outcome | None) -> Instruction:
    return Instruction.UPLOAD_WITHOUT_MODEL if outcome is Outcome.FAILED else Instruction.UPLOAD


def _interrupt(life: Life, event: Interrupted) -> Step:
    """The spot capacity is taken back: what runs is ended, and the job waits for capacity again."""
    message = event.message or words_of(life.kind).message("Interrupted")
    life = replace(
        _enter(life, "Interrupted", event.time, message),
        state=State.INTERRUPTING,
        interruptions=life.interruptions + 1,
    )
    return life, [Instruction.END_PROGRAMS]


def _interrupted(life: Life, event: InputsReady | InputsFailed) -> Step:
    """The inputs of an interrupted job were being staged; they are let go of."""
    return _back_to_waiting(life, event.time, "Interrupted")


def _interrupted_programs_ended(life: Life, event: ProgramsEnded) -> Step:
    """What was reached is in the checkpoints; unless those cannot be kept, or the programs had ended before."""
    if event.reason or event.on_their_own:
        return _programs_ended(life, event)
    counted = life.checkpoints if event.checkpoints is None else event.checkpoints
    life = replace(life, checkpoints=counted, metrics=life.latest_metrics(event.metrics))
    return _back_to_waiting(life, event.time, "Interrupted")


def _resume_interruption(life: Life, event: SupervisorStarted) -> Step:
    """The programs ended with the supervisor that was lost; what they had written by then is stored."""
    return replace(life, held_since=event.time), [Instruction.SAVE_CHECKPOINTS]


def _stopping(life: Life, time: float, outcome: Outcome) -> Life:
    life = _enter(life, "Stopping", time)
    return replace(life, state=State.STOPPING, status=words_of(life.kind).stopping, outcome=outcome)


def _stop_training(life: Life, event: StopRequested) -> Step:
    return _stopping(life, event.time, Outcome.STOPPED), [Instruction.END_PROGRAMS]


def _runtime_exceeded(life: Life, event: RuntimeExceeded) -> Step:
    return _stopping(life, event.time, Outcome.MAX_RUNTIME_EXCEEDED), [Instruction.END_PROGRAMS]


def _too_late(life: Life, event: WaitExceeded) -> Step:
    """The time to wait and run is over while the job runs, or stages; the supervisor knows what to end."""
    return _stopping(life, event.time, Outcome.MAX_WAIT_TIME_EXCEEDED), [Instruction.END_PROGRAMS]


def _stop_staging(life: Life, event: StopRequested) -> Step:
    """The inputs are still being staged: the supervisor tells when it has let go of them."""
    return _stopping(life, event.time, Outcome.STOPPED), []


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
    return _fail_or_retry(life, event.time, f"InternalServerError: {event.reason}")


def _fail_or_retry(life: Life, time: float, reason: str) -> Step:
    """After an error of Clary's own: another attempt, as long as the job's retry strategy has one left."""
    if life.retries_left and life.outcome in (None, Outcome.COMPLETED):
        return _back_to_waiting(replace(life, retries_left=life.retries_left - 1), time, "Restarting")
    return _finish(replace(life, failure_reason=""), Outcome.FAILED, time, reason)


def _lost(life: Life, event: SupervisorLost) -> Step:
    """A lost job is started over (from its checkpoints, if it wrote any), unless that was tried too often."""
    life = _given_up(life, event.alive)
    if event.final:
        reason = "InternalServerError: the process that looked after the job ended unexpectedly more than once"
        return _fail_or_retry(life, event.time, reason)
    life = _enter(life, "Restarting", event.time)
    return replace(life, state=State.STARTING, attempt=life.attempt + 1), []


def _lost_with_results(life: Life, event: SupervisorLost) -> Step:
    """The programs are over: the next supervisor stores what lies in the job's folder."""
    if event.final:
        return _lost(life, event)
    return replace(_given_up(life, event.alive), attempt=life.attempt + 1), []


def _resume_upload(life: Life, event: SupervisorStarted) -> Step:
    return replace(life, held_since=event.time), [_upload(life.outcome)]


def _resume_stop(life: Life, event: SupervisorStarted) -> Step:
    """The programs ended with the supervisor that was lost; what they had written by then is uploaded."""
    if life.training_started is None:
        return _finish(life, life.outcome or Outcome.STOPPED, event.time)
    life = replace(_enter(life, "Uploading", event.time), state=State.UPLOADING, held_since=event.time)
    return life, [_upload(life.outcome)]


def _nothing(life: Life, event: Event) -> Step:
    return life, []


TABLE: dict[tuple[State, type[Event]], Callable[[Life, Any], Step]] = {
    (State.WAITING, NoCapacity): _no_capacity,
    (State.WAITING, Admitted): _admitted,
    (State.WAITING, PendingExceeded): _pending_exceeded,
    (State.WAITING, WaitExceeded): _wait_exceeded,
    (State.WAITING, Interrupted): _nothing,
    (State.WAITING, StopRequested): _stop_unstarted,
    (State.WAITING, Broken): _broken,
    (State.STARTING, SupervisorStarted): _download,
    (State.STARTING, StopRequested): _stop_staging,
    (State.STARTING, SupervisorLost): _lost,
    (State.STARTING, Interrupted): _interrupt,
    (State.STARTING, Broken): _broken,
    (State.DOWNLOADING, ImageDownloading): _download_image,
    (State.DOWNLOADING, InputsReady): _train,
    (State.DOWNLOADING, InputsFailed): _inputs_failed,
    (State.DOWNLOADING, StopRequested): _stop_staging,
    (State.DOWNLOADING, SupervisorLost): _lost,
    (State.DOWNLOADING, Interrupted): _interrupt,
    (State.DOWNLOADING, WaitExceeded): _too_late,
    (State.DOWNLOADING, Broken): _broken,
    (State.TRAINING, ProgramsEnded): _programs_ended,
    (State.TRAINING, StopRequested): _stop_training,
    (State.TRAINING, RuntimeExceeded): _runtime_exceeded,
    (State.TRAINING, WaitExceeded): _too_late,
    (State.TRAINING, Interrupted): _interrupt,
    (State.TRAINING, SupervisorLost): _lost,
    (State.TRAINING, Broken): _broken,
    (State.INTERRUPTING, SupervisorStarted): _resume_interruption,
    (State.INTERRUPTING, ImageDownloading): _nothing,
    (State.INTERRUPTING, InputsReady): _interrupted,
    (State.INTERRUPTING, InputsFailed): _interrupted,
    (State.INTERRUPTING, ProgramsEnded): _interrupted_programs_ended,
    (State.INTERRUPTING, Interrupted): _nothing,
    (State.INTERRUPTING, StopRequested): _stop_training,
    (State.INTERRUPTING, RuntimeExceeded): _runtime_exceeded,
    (State.INTERRUPTING, WaitExceeded): _too_late,
    (State.INTERRUPTING, SupervisorLost): _lost_with_results,
    (State.INTERRUPTING, Broken): _broken,
    (State.STOPPING, SupervisorStarted): _resume_stop,
    (State.STOPPING, ImageDownloading): _nothing,
    (State.STOPPING, InputsReady): _stopped_before_training,
    (State.STOPPING, InputsFailed): _stopped_before_training,
    (State.STOPPING, ProgramsEnded): _programs_ended,
    (State.STOPPING, StopRequested): _nothing,
    (State.STOPPING, RuntimeExceeded): _nothing,
    (State.STOPPING, WaitExceeded): _nothing,
    (State.STOPPING, Interrupted): _nothing,
    (State.STOPPING, SupervisorLost): _lost_with_results,
    (State.STOPPING, Broken): _broken,
    (State.UPLOADING, SupervisorStarted): _resume_upload,
    (State.UPLOADING, StopRequested): _stop_uploading,
    (State.UPLOADING, Interrupted): _nothing,
    (State.UPLOADING, Uploaded): _uploaded,
    (State.UPLOADING, UploadFailed): _upload_failed,
    (State.UPLOADING, SupervisorLost): _lost_with_results,
    (State.UPLOADING, Broken): _broken,
}
