from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clary.compute import processes
from clary.compute.contract import JobSpec, Limits, Program, Spot
from clary.compute.jobs import scheduler as jobs
from clary.compute.jobs import states
from clary.compute.jobs.events import Interrupted, RuntimeExceeded, WaitExceeded
from clary.compute.jobs.life import Life, State
from clary.compute.jobs.spot import CheckpointWatch, next_checkpoint, next_deadline
from clary.storage.records import Record
from tests.unit.compute.job_world import FINISHED, World, entry, transitions

ALL = Limits(cpus=2, memory_bytes=1 << 30)
KEPT = "s3://data/checkpoints/"
Until = Callable[[Callable[[], bool]], None]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path, "stop_seconds=1")
    yield world
    world.close()


def ran(record: Record) -> list[list[str]]:
    """The secondary statuses of each attempt."""
    attempts: list[list[str]] = [[]]
    for status in transitions(record):
        if status == "Starting" and attempts[-1]:
            attempts.append([])
        attempts[-1].append(status)
    return attempts


def test_a_spot_job_gives_way_to_an_on_demand_job_and_goes_on_from_its_checkpoints(world: World, until: Until) -> None:
    spot = world.submit("cheap", entry("count_up", "40"), limits=ALL, spot=Spot(), checkpoint_uri=KEPT)
    world.reaches(spot, "Training")
    until(lambda: (world.job_folder(spot) / "algo-1/checkpoints/step").exists())
    asked = time.time()
    dear = world.submit("dear", entry("hello"), limits=ALL)
    assert world.finished(dear).status == "Completed"
    interrupted = next(t for t in world.record(spot).body["job"]["transitions"] if t["status"] == "Interrupted")
    assert interrupted["start"] >= asked
    assert "to make room for job dear" in interrupted["message"] or "Pending" in interrupted["message"]
    record = world.finished(spot)
    assert record.status == "Completed"
    assert ran(record) == [
        ["Starting", "Downloading", "Training", "Interrupted"],
        ["Starting", "Downloading", "Training", "Uploading", "Completed"],
    ]
    beginnings = [int(line.split()[-1]) for line in world.log("cheap") if line.startswith("beginning")]
    assert beginnings[0] == 0 < beginnings[1] < 40
    job = record.body["job"]
    assert job["interruptions"] == 1
    assert job["billable_seconds"] <= job["training_seconds"] <= job["ended"] - job["started"] + 1


def test_without_checkpoints_in_s3_an_interrupted_job_begins_anew(world: World) -> None:
    spot = world.submit("cheap", entry("count_up", "30"), spot=Spot(after_seconds=(0.3,)))
    record = world.finished(spot)
    assert (record.status, len(ran(record))) == ("Completed", 2)
    assert [line for line in world.log("cheap") if line.startswith("beginning")] == ["beginning at 0"] * 2


def test_interruptions_can_be_asked_for_at_seconds_and_at_checkpoints(world: World) -> None:
    asked = Spot(after_seconds=(0.2,), at_checkpoints=(15, 25))
    spot = world.submit("cheap", entry("count_up", "150"), spot=asked, checkpoint_uri=KEPT)
    record = world.finished(spot)
    assert (record.status, len(ran(record))) == ("Completed", 4)
    said = [t["message"] for t in record.body["job"]["transitions"] if t["status"] == "Interrupted"]
    assert "as asked after 0.2 seconds of training" in said[0]
    assert "as asked at checkpoint 15" in said[1]
    assert "as asked at checkpoint 25" in said[2]
    beginnings = [int(line.split()[-1]) for line in world.log("cheap") if line.startswith("beginning")]
    assert beginnings == sorted(set(beginnings))
    assert len(beginnings) == 4


def test_a_program_that_ignores_the_notice_is_killed_and_the_job_waits_all_the_same(world: World) -> None:
    spot = world.submit("deaf", entry("ignore_the_stop"), spot=Spot(), checkpoint_uri=KEPT)
    world.reaches(spot, "Training")
    until_log(world, "deaf", "training")
    world.jobs.interrupt(spot)
    world.until(spot, lambda record: record.body["job"]["attempt"] == 2)
    world.reaches(spot, "Training")
    world.jobs.stop(spot)
    assert world.finished(spot).status == "Stopped"


def until_log(world: World, name: str, line: str) -> None:
    deadline = time.monotonic() + 10
    while line not in world.log(name):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_only_running_spot_jobs_can_be_interrupted(world: World) -> None:
    dear = world.submit("dear", entry("sleep"), limits=ALL)
    world.reaches(dear, "Training")
    with pytest.raises(jobs.NotInterruptible, match="not created with managed spot training"):
        world.jobs.interrupt(dear)
    waiting = world.submit("cheap", entry("hello"), spot=Spot())
    with pytest.raises(jobs.NotInterruptible, match="waits for capacity"):
        world.jobs.interrupt(waiting)
    world.jobs.stop(dear)
    world.finished(waiting)
    with pytest.raises(jobs.NotInterruptible, match="does not run"):
        world.jobs.interrupt(waiting)


def test_a_spot_job_that_waits_too_long_is_stopped_in_the_queue_and_while_it_trains(world: World) -> None:
    running = world.submit("running", entry("stop_with_model"), limits=replace(ALL, wait_seconds=4), spot=Spot())
    world.reaches(running, "Training")
    never = world.submit("never", entry("hello"), limits=replace(ALL, wait_seconds=1), spot=Spot())
    ended = [world.finished(arn) for arn in (running, never)]
    assert [record.status for record in ended] == ["Stopped", "Stopped"]
    assert [record.body["job"]["secondary_status"] for record in ended] == ["MaxWaitTimeExceeded"] * 2
    assert ended[0].body["job"]["outputs"], "what it had learned is kept"
    assert transitions(ended[1])[-2:] == ["Stopping", "MaxWaitTimeExceeded"]
    assert "training_seconds" not in ended[1].body["job"]


def test_the_longest_runtime_counts_the_training_of_all_attempts(world: World) -> None:
    limits = Limits(cpus=1, memory_bytes=1 << 30, runtime_seconds=1)
    spot = world.submit("long", entry("count_up", "100000"), limits=limits, spot=Spot((0.4, 0.8)), checkpoint_uri=KEPT)
    record = world.finished(spot)
    assert record.body["job"]["secondary_status"] == "MaxRuntimeExceeded"
    assert record.body["job"]["interruptions"] == 2
    assert 1.0 <= record.body["job"]["trained_seconds"] < 5.0


def test_a_job_stopped_while_it_is_interrupted_is_stopped(world: World) -> None:
    spot = world.submit("deaf", entry("ignore_the_stop"), spot=Spot())
    until_log(world, "deaf", "training")
    world.jobs.interrupt(spot)
    world.jobs.stop(spot)
    record = world.finished(spot)
    assert record.status == "Stopped"
    assert record.body["job"]["outputs"] == {"model": "s3://data/deaf/output/model.tar.gz"}


def test_an_error_of_clarys_own_is_retried_as_often_as_the_job_says(tmp_path: Path, until: Until) -> None:
    world = World(tmp_path, most_losses=0)
    try:
        arn = world.submit("retried", entry("count_up", "50"), retries=1, checkpoint_uri=KEPT)
        for _ in range(2):
            world.reaches(arn, "Training")
            until(lambda: (world.job_folder(arn) / "algo-1/checkpoints/step").exists())
            os.kill(world.supervisor(arn), signal.SIGKILL)
            world.until(arn, lambda record: record.body["job"]["secondary_status"] != "Training")
        record = world.finished(arn)
        assert record.status == "Failed"
        assert record.body["job"]["failure_reason"].startswith("InternalServerError")
        assert transitions(record).count("Restarting") == 1
    finally:
        world.close()


@pytest.mark.skipif(not processes.ON_LINUX, reason="finds supervisors in /proc/locks")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_hits_spot_jobs_whenever_all_acknowledged_jobs_end_as_they_should(tmp_path: Path, seed: int) -> None:
    """Interruptions, on-demand jobs, kills of supervisors and stops, at seeded moments in every phase."""
    choice = random.Random(seed)
    world = World(tmp_path, "stop_seconds=1", most_losses=1000)
    stopped: set[str] = set()
    try:
        spots = [
            world.submit(f"spot-{n}", entry("count_up", "25"), spot=Spot(), checkpoint_uri=f"s3://data/c-{n}/")
            for n in range(3)
        ]
        dear: list[str] = []
        for number in range(14):
            time.sleep(choice.random() * 0.15)
            arn = choice.choice(spots)
            match choice.choice(["interrupt", "interrupt", "on demand", "kill", "kill", "stop"]):
                case "interrupt":
                    try:
                        world.jobs.interrupt(arn)
                    except jobs.NotInterruptible:
                        pass
                case "on demand":
                    dear.append(world.submit(f"dear-{number}", entry("hello"), limits=ALL))
                case "kill":
                    try:
                        os.kill(world.supervisor(arn), signal.SIGKILL)
                    except (LookupError, FileNotFoundError, ProcessLookupError):
                        pass
                case "stop" if not stopped:
                    world.jobs.stop(arn)
                    stopped.add(arn)
        for arn in (*spots, *dear):
            record = world.finished(arn, seconds=60)
            assert record.status == "Completed" or (arn in stopped and record.status == "Stopped"), record.body["job"]
            job = record.body["job"]
            assert all(a["end"] == b["start"] for a, b in zip(job["transitions"], job["transitions"][1:], strict=False))
            assert job.get("billable_seconds", 0) <= job.get("training_seconds", 0)
        assert not world.stores.database.read().execute("SELECT * FROM jobs").fetchall()
    finally:
        world.close()


def spec(**changes: object) -> JobSpec:
    made = JobSpec("id", "k", "1", "us-east-1", "n", "arn", "role", Program(entry="a:b"), Limits(runtime_seconds=100))
    return replace(made, **changes)  # type: ignore[arg-type]


def training(trained_seconds: float = 0.0) -> Life:
    return Life(state=State.TRAINING, training_since=1000.0, trained_seconds=trained_seconds)


def test_the_next_deadline_is_the_earliest_of_those_that_still_lie_ahead() -> None:
    assert next_deadline(training(), spec(), 900.0) == (1100.0, RuntimeExceeded(1100.0))
    assert next_deadline(training(60.0), spec(), 900.0) == (1040.0, RuntimeExceeded(1040.0))
    wait = Limits(runtime_seconds=100, wait_seconds=150)
    assert next_deadline(training(), spec(limits=wait), 900.0) == (1050.0, WaitExceeded(1050.0))
    asked = next_deadline(training(20.0), spec(spot=Spot((5.0, 20.0, 30.0))), 900.0)
    assert asked is not None
    assert (asked[0], type(asked[1])) == (1010.0, Interrupted)
    assert next_deadline(Life(state=State.UPLOADING), spec(limits=wait), 900.0) is None
    assert next_deadline(Life(state=State.INTERRUPTING, training_since=1.0), spec(limits=wait), 900.0) is None


def test_the_next_checkpoint_asked_for_is_one_that_was_not_reached() -> None:
    assert next_checkpoint(Life(checkpoints=3), spec(spot=Spot(at_checkpoints=(2, 5, 4)))) == 4
    assert next_checkpoint(Life(checkpoints=5), spec(spot=Spot(at_checkpoints=(2, 5, 4)))) is None
    assert next_checkpoint(Life(), spec()) is None


def test_checkpoints_are_counted_when_they_are_whole_whether_files_or_folders(tmp_path: Path) -> None:
    (tmp_path / "restored").write_text("old")
    watch = CheckpointWatch([tmp_path], 2, 99, lambda: None)
    assert watch.look() == 2
    (tmp_path / "a").write_text("1")
    assert [watch.look(), watch.look(), watch.look()] == [2, 3, 3]
    (tmp_path / "checkpoint-500").mkdir()
    assert [watch.look(), watch.look()] == [3, 3], "an empty folder is none"
    (tmp_path / "checkpoint-500/weights").write_text("1")
    watch.look()
    (tmp_path / "checkpoint-500/optimizer").write_text("22")
    assert watch.look() == 3, "it is still being written"
    assert watch.look() == 4
    (tmp_path / "half.new").write_text("33")
    assert watch.look() == 4
    (tmp_path / "half.new").rename(tmp_path / "whole")
    assert [watch.look(), watch.look(), watch.look()] == [4, 5, 5], "it counts under one of its names"
    (tmp_path / "restored").write_text("newer")
    watch.look()
    (tmp_path / "restored").unlink()
    assert watch.look() == 6, "one that is gone again was there, too"


def test_an_interruption_is_no_use_to_a_job_whose_programs_had_ended() -> None:
    life = replace(
        training(), state=State.INTERRUPTING, transitions=[{"status": "Interrupted", "start": 1, "message": ""}]
    )
    done, instructions = states.apply(life, states.ProgramsEnded(5.0, "", on_their_own=True))
    assert (done.state, instructions) == (State.UPLOADING, [states.Instruction.UPLOAD])
    unkept, _ = states.apply(life, states.ProgramsEnded(5.0, "ClientError: Artifact upload failed: no bucket"))
    assert (unkept.state, unkept.outcome) == (State.UPLOADING, states.Outcome.FAILED)


def test_the_statuses_a_finished_record_has_are_the_ones_this_suite_waits_for() -> None:
    assert set(FINISHED) == {"Completed", "Failed", "Stopped"}
