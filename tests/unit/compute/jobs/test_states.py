from __future__ import annotations

from typing import Any

import pytest

from clary.compute.jobs import events as job_events
from clary.compute.jobs import states
from clary.compute.jobs.events import Event
from clary.compute.jobs.states import TABLE, TERMINAL, Instruction, Life, Outcome, State

EVENTS: dict[type[Event], Event] = {
    type(event): event
    for event in (
        job_events.NoCapacity(10.0, "Pending: waiting"),
        job_events.Admitted(10.0),
        job_events.PendingExceeded(10.0),
        job_events.WaitExceeded(10.0),
        job_events.Interrupted(10.0),
        job_events.SupervisorStarted(10.0),
        job_events.SupervisorLost(10.0, final=False),
        job_events.InputsReady(10.0),
        job_events.InputsFailed(10.0, "ClientError: no data"),
        job_events.ProgramsEnded(10.0, ""),
        job_events.StopRequested(10.0),
        job_events.RuntimeExceeded(10.0),
        job_events.Uploaded(10.0, {"model": "s3://b/m"}),
        job_events.UploadFailed(10.0, "ClientError: no bucket"),
        job_events.Broken(10.0, "OSError: disk full"),
    )
}

# What cannot happen, with the reason.
IMPOSSIBLE: dict[State, dict[type[Event], str]] = {
    State.WAITING: {
        job_events.SupervisorStarted: "only admitted jobs have a supervisor",
        job_events.SupervisorLost: "only admitted jobs have a supervisor",
        job_events.InputsReady: "nothing is staged yet",
        job_events.InputsFailed: "nothing is staged yet",
        job_events.ProgramsEnded: "nothing runs yet",
        job_events.RuntimeExceeded: "the runtime counts from training",
        job_events.Uploaded: "there is nothing to upload",
        job_events.UploadFailed: "there is nothing to upload",
    },
    State.STARTING: {
        job_events.WaitExceeded: "the supervisor says first that it started",
        job_events.NoCapacity: "it has its capacity",
        job_events.Admitted: "it is admitted",
        job_events.PendingExceeded: "it waits no more",
        job_events.InputsReady: "the supervisor says first that it started",
        job_events.InputsFailed: "the supervisor says first that it started",
        job_events.ProgramsEnded: "nothing runs yet",
        job_events.RuntimeExceeded: "the runtime counts from training",
        job_events.Uploaded: "there is nothing to upload",
        job_events.UploadFailed: "there is nothing to upload",
    },
    State.DOWNLOADING: {
        job_events.NoCapacity: "it has its capacity",
        job_events.Admitted: "it is admitted",
        job_events.PendingExceeded: "it waits no more",
        job_events.SupervisorStarted: "a loss is told before another supervisor starts",
        job_events.ProgramsEnded: "nothing runs yet",
        job_events.RuntimeExceeded: "the runtime counts from training",
        job_events.Uploaded: "there is nothing to upload",
        job_events.UploadFailed: "there is nothing to upload",
    },
    State.TRAINING: {
        job_events.NoCapacity: "it has its capacity",
        job_events.Admitted: "it is admitted",
        job_events.PendingExceeded: "it waits no more",
        job_events.SupervisorStarted: "a loss is told before another supervisor starts",
        job_events.InputsReady: "the inputs are staged once",
        job_events.InputsFailed: "the inputs are staged",
        job_events.Uploaded: "uploads come after the programs",
        job_events.UploadFailed: "uploads come after the programs",
    },
    State.INTERRUPTING: {
        job_events.NoCapacity: "it has its capacity as yet",
        job_events.Admitted: "it is admitted as yet",
        job_events.PendingExceeded: "it does not wait yet",
        job_events.Uploaded: "only checkpoints are stored, and not by an event",
        job_events.UploadFailed: "only checkpoints are stored, and not by an event",
    },
    State.STOPPING: {
        job_events.NoCapacity: "it has its capacity",
        job_events.Admitted: "it is admitted",
        job_events.PendingExceeded: "it waits no more",
        job_events.Uploaded: "uploads come after the programs",
        job_events.UploadFailed: "uploads come after the programs",
    },
    State.UPLOADING: {
        job_events.NoCapacity: "it has its capacity",
        job_events.Admitted: "it is admitted",
        job_events.PendingExceeded: "it waits no more",
        job_events.InputsReady: "the inputs were staged before",
        job_events.InputsFailed: "the inputs were staged before",
        job_events.ProgramsEnded: "all programs have ended",
        job_events.RuntimeExceeded: "the programs have ended",
        job_events.WaitExceeded: "the programs have ended",
    },
}


def life_in(state: State) -> Life:
    """A life that came to the state by events."""
    life = states.submitted(1.0)
    if state is State.WAITING:
        return life
    way: dict[State, list[Event]] = {
        State.STARTING: [job_events.Admitted(2.0)],
        State.DOWNLOADING: [job_events.Admitted(2.0), job_events.SupervisorStarted(3.0)],
        State.TRAINING: [job_events.Admitted(2.0), job_events.SupervisorStarted(3.0), job_events.InputsReady(4.0)],
    }
    way[State.INTERRUPTING] = [*way[State.TRAINING], job_events.Interrupted(5.0)]
    way[State.STOPPING] = [*way[State.TRAINING], job_events.StopRequested(5.0)]
    way[State.UPLOADING] = [*way[State.TRAINING], job_events.ProgramsEnded(5.0, "")]
    for event in way[state]:
        life, _ = states.apply(life, event)
    assert life.state is state
    return life


def run(*events: Event) -> Life:
    life = states.submitted(1.0)
    for event in events:
        life, _ = states.apply(life, event)
    return life


UP_TO_TRAINING = (job_events.Admitted(2.0), job_events.SupervisorStarted(3.0), job_events.InputsReady(4.0))


@pytest.mark.parametrize("state", [state for state in State if state not in TERMINAL])
@pytest.mark.parametrize("kind", EVENTS)
def test_every_event_is_handled_in_every_state_or_listed_as_impossible(state: State, kind: type[Event]) -> None:
    handled = (state, kind) in TABLE
    assert handled != (kind in IMPOSSIBLE[state])
    if not handled:
        with pytest.raises(states.ImpossibleEvent):
            states.apply(life_in(state), EVENTS[kind])


@pytest.mark.parametrize("state", [state for state in State if state not in TERMINAL])
@pytest.mark.parametrize("kind", EVENTS)
def test_every_step_keeps_the_transitions_in_order_and_survives_the_disk(state: State, kind: type[Event]) -> None:
    if (state, kind) not in TABLE:
        return
    before = life_in(state)
    kept = before.to_json()
    life, instructions = states.apply(before, EVENTS[kind])
    assert before.to_json() == kept, "a step must not change the life it was given"
    assert Life.from_json(life.to_json()) == life
    for earlier, later in zip(life.transitions, life.transitions[1:], strict=False):
        assert earlier["end"] == later["start"]
    assert life.transitions[-1]["status"] == life.secondary_status
    assert ("end" in life.transitions[-1]) == (life.state in TERMINAL)
    assert (Instruction.FINISH in instructions) == (life.state in TERMINAL)


def test_every_unfinished_state_is_left_by_a_stop_and_by_a_lost_supervisor() -> None:
    for state in State:
        if state in TERMINAL or state is State.WAITING:
            continue
        lost, _ = states.apply(life_in(state), job_events.SupervisorLost(10.0, final=True))
        assert (lost.state, lost.status) == (State.FAILED, "Failed")


@pytest.mark.parametrize("state", sorted(TERMINAL))
@pytest.mark.parametrize("kind", EVENTS)
def test_nothing_happens_to_a_finished_job(state: State, kind: type[Event]) -> None:
    life = Life(state=state)
    assert states.apply(life, EVENTS[kind]) == (life, [])


def test_a_job_goes_through_the_statuses_and_messages_of_sagemaker() -> None:
    life = run(*UP_TO_TRAINING, job_events.ProgramsEnded(9.6, ""), job_events.Uploaded(11.0, {"model": "s3://b/m"}))
    told = [(t["status"], t["start"], t["end"], t["message"]) for t in life.transitions]
    assert told == [
        ("Starting", 1.0, 3.0, "Preparing the instances for training"),
        ("Downloading", 3.0, 4.0, "Downloading input data"),
        ("Training", 4.0, 9.6, "Training image download completed. Training in progress."),
        ("Uploading", 9.6, 11.0, "Uploading generated training model"),
        ("Completed", 11.0, 11.0, "Training job completed"),
    ]
    assert (life.status, life.started, life.training_started, life.ended) == ("Completed", 3.0, 4.0, 11.0)
    assert (life.training_seconds, life.billable_seconds) == (8, 8)
    assert life.outputs == {"model": "s3://b/m"}


def test_a_waiting_job_changes_its_message_but_has_one_pending_transition() -> None:
    life = run(job_events.NoCapacity(2.0, "Pending: a"), job_events.NoCapacity(3.0, "Pending: b"))
    assert [(t["status"], t["message"]) for t in life.transitions] == [
        ("Starting", "Starting the training job"),
        ("Pending", "Pending: b"),
    ]


@pytest.mark.parametrize(
    ("stop", "outcome", "last"),
    [
        (job_events.StopRequested(5.0), Outcome.STOPPED, "Training job stopped"),
        (
            job_events.RuntimeExceeded(5.0),
            Outcome.MAX_RUNTIME_EXCEEDED,
            "Training job runtime exceeded MaxRuntimeInSeconds provided",
        ),
    ],
)
def test_a_stopped_job_is_stopped_whatever_its_programs_end_with(stop: Event, outcome: Outcome, last: str) -> None:
    life = run(*UP_TO_TRAINING)
    life, instructions = states.apply(life, stop)
    assert (life.status, instructions) == ("Stopping", [Instruction.END_PROGRAMS])
    life, instructions = states.apply(life, job_events.ProgramsEnded(6.0, "AlgorithmError: exit code: 143"))
    assert instructions == [Instruction.UPLOAD]
    life, _ = states.apply(life, job_events.Uploaded(7.0, {}))
    assert (life.state, life.status, life.secondary_status) == (State.STOPPED, "Stopped", outcome)
    assert life.transitions[-1]["message"] == last
    assert life.failure_reason == ""


def test_a_failed_job_uploads_no_model_and_keeps_its_reason_within_the_limit_of_aws() -> None:
    life = run(*UP_TO_TRAINING)
    life, instructions = states.apply(life, job_events.ProgramsEnded(6.0, "AlgorithmError: " + "x" * 2000))
    assert instructions == [Instruction.UPLOAD_WITHOUT_MODEL]
    life, _ = states.apply(life, job_events.Uploaded(7.0, {}))
    assert life.status == "Failed"
    assert len(life.failure_reason) == states.MOST_REASON_CHARACTERS


def test_a_stop_while_the_model_is_uploaded_keeps_the_model() -> None:
    life = run(*UP_TO_TRAINING, job_events.ProgramsEnded(6.0, ""), job_events.StopRequested(6.5))
    assert (life.state, life.status) == (State.UPLOADING, "Stopping")
    life, _ = states.apply(life, job_events.Uploaded(7.0, {"model": "s3://b/m"}))
    assert (life.status, life.outputs) == ("Stopped", {"model": "s3://b/m"})


def test_a_failed_job_that_is_stopped_meanwhile_stays_failed() -> None:
    life = run(*UP_TO_TRAINING, job_events.ProgramsEnded(6.0, "AlgorithmError: x"), job_events.StopRequested(6.5))
    assert states.apply(life, job_events.Uploaded(7.0, {}))[0].status == "Failed"


@pytest.mark.parametrize("state", [State.STARTING, State.DOWNLOADING, State.TRAINING])
def test_a_lost_job_that_has_no_results_starts_over_and_says_so(state: State) -> None:
    life, instructions = states.apply(life_in(state), job_events.SupervisorLost(10.0, final=False))
    assert (life.state, life.status, life.secondary_status) == (State.STARTING, "InProgress", "Restarting")
    assert (life.attempt, instructions) == (2, [])
    life, instructions = states.apply(life, job_events.SupervisorStarted(11.0))
    assert instructions == [Instruction.STAGE_INPUTS]
    assert life.started == (3.0 if state is not State.STARTING else 11.0), "it is told when it first began"


def test_the_time_in_which_nobody_looked_after_a_lost_job_is_not_the_jobs() -> None:
    life = run(
        *UP_TO_TRAINING,
        job_events.SupervisorLost(1000.0, final=False, last_sign=10.0),
        job_events.SupervisorStarted(1001.0),
        job_events.InputsReady(1002.0),
    )
    assert (life.training_started, life.trained(1005.0), life.held(1005.0)) == (4.0, 9.0, 11.0)


def test_a_job_lost_while_it_uploads_uploads_again_and_trains_no_second_time() -> None:
    life, instructions = states.apply(life_in(State.UPLOADING), job_events.SupervisorLost(10.0, final=False))
    assert instructions == []
    life, instructions = states.apply(life, job_events.SupervisorStarted(11.0))
    assert (life.state, instructions) == (State.UPLOADING, [Instruction.UPLOAD])


def test_a_job_lost_while_it_stops_uploads_what_it_had() -> None:
    life, _ = states.apply(life_in(State.STOPPING), job_events.SupervisorLost(10.0, final=False))
    life, instructions = states.apply(life, job_events.SupervisorStarted(11.0))
    assert (life.state, life.status, instructions) == (State.UPLOADING, "Stopping", [Instruction.UPLOAD])
    assert states.apply(life, job_events.Uploaded(12.0, {}))[0].status == "Stopped"


@pytest.mark.parametrize("event", [job_events.InputsReady(6.0), job_events.InputsFailed(6.0, "ClientError: stopped")])
def test_a_job_stopped_while_its_inputs_are_staged_never_trains(event: Any) -> None:
    life = run(job_events.Admitted(2.0), job_events.SupervisorStarted(3.0), job_events.StopRequested(5.0))
    assert life.status == "Stopping"
    life, instructions = states.apply(life, event)
    assert (life.status, life.failure_reason, instructions) == ("Stopped", "", [Instruction.FINISH])


def test_a_job_stopped_before_its_supervisor_began_never_trains() -> None:
    life = run(job_events.Admitted(2.0), job_events.StopRequested(2.5))
    life, instructions = states.apply(life, job_events.SupervisorStarted(3.0))
    assert (life.status, instructions) == ("Stopped", [Instruction.FINISH])


def test_the_metrics_of_an_interrupted_job_are_the_last_that_any_attempt_told() -> None:
    def told(name: str, value: float) -> dict[str, object]:
        return {"name": name, "value": value, "time": value}

    life = run(
        *UP_TO_TRAINING,
        job_events.Interrupted(5.0),
        job_events.ProgramsEnded(6.0, "", [told("train:loss", 0.5), told("validation:loss", 0.6)]),
        job_events.Admitted(7.0),
        job_events.SupervisorStarted(8.0),
        job_events.InputsReady(9.0),
    )
    life, _ = states.apply(life, job_events.ProgramsEnded(10.0, "", [told("train:loss", 0.4)], on_their_own=True))
    assert life.metrics == [told("train:loss", 0.4), told("validation:loss", 0.6)]
