from __future__ import annotations

import pytest

from clary.compute.jobs import events as job_events
from clary.compute.jobs import states
from clary.compute.jobs import words as job_words
from clary.compute.jobs.states import Life
from clary.compute.jobs.words import Words


def run(kind: str, *events: job_events.Event) -> Life:
    life = states.submitted(1.0, kind)
    for event in events:
        life, _ = states.apply(life, event)
    return life


TO_THE_END = (
    job_events.Admitted(2.0),
    job_events.SupervisorStarted(3.0),
    job_events.InputsReady(4.0),
    job_events.ProgramsEnded(5.0, ""),
    job_events.Uploaded(6.0, {}),
)


@pytest.mark.parametrize("kind", [*job_words.WORDS, "clary:unheard-of"])
def test_every_kind_has_a_message_for_every_step(kind: str) -> None:
    words = job_words.words_of(kind)
    for secondary in (
        "Submitted",
        *(outcome.value for outcome in states.Outcome),
        "Starting",
        "Restarting",
        "Uploading",
    ):
        message = words.message(secondary)
        assert message
        assert "{" not in message


def test_a_processing_job_does_not_speak_of_training() -> None:
    told = [transition["message"] for transition in run("sagemaker:processing-job", *TO_THE_END).transitions]
    assert told[0] == "Preparing the instances for processing"
    assert told[-1] == "Processing job completed"
    assert not any("raining" in message for message in told)


def test_a_kind_has_statuses_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    words = Words(
        "dataset import job",
        waiting="CREATE PENDING",
        running="CREATE IN_PROGRESS",
        stopping="CREATE STOPPING",
        completed="ACTIVE",
        failed="CREATE FAILED",
        stopped="CREATE STOPPED",
    )
    monkeypatch.setattr(job_words, "WORDS", {"personalize:dataset-import-job": words})
    kind = "personalize:dataset-import-job"
    assert run(kind).status == "CREATE PENDING"
    assert run(kind, *TO_THE_END[:1]).status == "CREATE IN_PROGRESS"
    assert run(kind, *TO_THE_END).status == "ACTIVE"
    assert run(kind, *TO_THE_END[:3], job_events.StopRequested(5.0)).status == "CREATE STOPPING"
    assert run(kind, job_events.StopRequested(5.0)).status == "CREATE STOPPED"
    assert run(kind, *TO_THE_END[:2], job_events.InputsFailed(5.0, "no data")).status == "CREATE FAILED"
    assert words.final == {"ACTIVE", "CREATE FAILED", "CREATE STOPPED"}
