from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from clary.compute.contract import JobSpec, Program
from clary.compute.jobs import events as job_events
from clary.compute.jobs.preparation import JobPreparation
from clary.compute.jobs.states import State, apply, submitted
from clary.core.clock import SystemClock

SPEC = JobSpec(
    "id", "sagemaker:training-job", "1", "r", "job", "arn", "role", Program(argv=("a",), framework="f"), log_group="g"
)


class Builder:
    """Tells of what it does, and puts a mark into each host's folder."""

    def is_ready(self, program: Program) -> bool:
        return False

    def prepare(
        self, program: Program, root: Path, tell: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> Program:
        tell("Building")
        tell("")
        (root / "mark").touch()
        return replace(program, argv=("prepared",))


class LogLines:
    """Takes log events in place of the store."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def put(self, account: str, region: str, group: str, stream: str, events: list[tuple[int, str]]) -> None:
        self.lines += [(stream, text) for _, text in events]


def test_every_hosts_program_is_made_ready_and_the_log_and_the_status_tell_of_it(tmp_path: Path) -> None:
    roots = [tmp_path / "algo-1", tmp_path / "algo-2"]
    for root in roots:
        root.mkdir()
    logs, happened = LogLines(), list[job_events.Event]()
    preparation = JobPreparation(Builder(), SPEC, roots, logs, SystemClock(), happened.append, threading.Event())  # type: ignore[arg-type]
    assert preparation.prepare().program.argv == ("prepared",)
    assert all((root / "mark").exists() for root in roots)
    stream = f"job/algo-1-{preparation.epoch()}"
    assert logs.lines == [(stream, "Building"), (stream, " ")] * 2
    assert [event.message for event in happened if isinstance(event, job_events.ImageDownloading)] == ["Building"]


def test_while_something_is_built_the_job_downloads_its_training_image() -> None:
    life = submitted(0.0)
    for event in (job_events.Admitted(1), job_events.SupervisorStarted(2), job_events.ImageDownloading(3, "1 of 9")):
        life, _ = apply(life, event)
    assert (life.state, life.secondary_status) == (State.DOWNLOADING, "DownloadingTrainingImage")
    life, _ = apply(life, job_events.ImageDownloading(4, "9 of 9"))
    assert [step["status"] for step in life.transitions] == ["Starting", "Downloading", "DownloadingTrainingImage"]
    assert life.transitions[-1]["message"] == "9 of 9"
    life, _ = apply(life, job_events.InputsReady(5))
    assert life.secondary_status == "Training"
