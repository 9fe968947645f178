"""Batch transform jobs with a fake model: order, retries, failures, stops and `kill -9`."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from clary.compute.contract import Channel, Program, ReplicaPlan, TransformPlan
from clary.storage.records import Record
from tests.programs.job_stores import ROLE
from tests.unit.compute.job_world import World

GROUP = "/aws/sagemaker/TransformJobs"


@pytest.fixture
def world(shared_world: World) -> World:
    return shared_world


def plan(*, wishes: str = "", entry: str = "serving", **changes: Any) -> TransformPlan:
    args = (wishes,) if entry == "serving" else ()
    program = Program(entry=f"batch_programs:{entry}", args=args, environment={"SAGEMAKER_BATCH": "true"})
    made = TransformPlan(
        replica=ReplicaPlan(program, "", ROLE, startup_seconds=20),
        input=Channel("TransformInput", "s3://data/in/", distribution="ShardedByS3Key", content_type="text/csv"),
        output_uri="s3://data/out",
        split="Line",
        strategy="SingleRecord",
        assemble="Line",
        accept="text/csv",
        invocation_seconds=30,
    )
    return replace(made, **changes)


def start(world: World, made: TransformPlan, name: str = "job", **options: Any) -> str:
    return world.submit(name, Program(), transform=made, outputs=(), log_group=GROUP, **options)


def finished(world: World, made: TransformPlan, **options: Any) -> Record:
    return world.finished(start(world, made, **options))


def outputs(world: World) -> dict[str, bytes]:
    found = world.stores.objects.list("data", "out/").objects
    return {stored.key.removeprefix("out/"): world.get(stored.key) for stored in found}


def log(world: World) -> list[str]:
    return world.stores.log_lines(GROUP, "job/")


def reason(record: Record) -> str:
    assert record.status == "Failed", record.body
    return str(record.body["job"]["failure_reason"])


def until_logged(world: World, words: str, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not any(words in line for line in log(world)):
        assert time.monotonic() < deadline, log(world)
        time.sleep(0.01)


def test_every_object_gets_an_output_of_its_name_with_its_records_in_order(world: World) -> None:
    lines = [f"jitter {number}" for number in range(60)]
    world.put("in/a.csv", "\n".join(lines).encode())
    world.put("in/deep/er/b.csv", b"one\ntwo\n")
    record = finished(world, plan(concurrent=8))
    assert record.status == "Completed"
    assert outputs(world) == {
        "a.csv.out": "\n".join(lines).upper().encode() + b"\n",
        "deep/er/b.csv.out": b"ONE\nTWO\n",
    }
    stored = world.stores.objects.head("data", "out/a.csv.out")
    assert stored.headers["Content-Type"] == "text/csv"


def test_several_records_travel_together_up_to_the_payload(world: World) -> None:
    world.put("in/a.csv", b"\n".join(b"row%03d" % number for number in range(100)))
    assert finished(world, plan(strategy="MultiRecord", payload_bytes=69)).status == "Completed"
    assert outputs(world)["a.csv.out"] == b"".join(b"ROW%03d\n" % number for number in range(100))
    counts = [int(found[1]) for line in log(world) if (found := re.search(r"\((\d+) lines", line))]
    assert counts == [10] * 10


def test_without_assembling_answers_are_put_together_as_they_are(world: World) -> None:
    world.put("in/a.txt", b"one\ntwo")
    assert finished(world, plan(assemble="None", accept="")).status == "Completed"
    assert outputs(world) == {"a.txt.out": b"ONETWO"}


def test_the_model_is_asked_how_it_wants_its_requests(world: World) -> None:
    wishes = json.dumps({"MaxConcurrentTransforms": 3, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 2})
    world.put("in/a.csv", b"\n".join(b"sleep 0.05 %d" % number for number in range(12)))
    assert finished(world, plan(wishes=wishes, strategy="", concurrent=0)).status == "Completed"
    assert any(
        "MaxConcurrentTransforms=3, MaxPayloadInMB=2, BatchStrategy=SINGLE_RECORD" in line for line in log(world)
    )
    at_once = [int(found[1]) for line in log(world) if (found := re.search(r"(\d+) at once", line))]
    assert max(at_once) == 3


def test_what_the_job_asks_for_wins_over_what_the_model_wishes(world: World) -> None:
    wishes = json.dumps({"MaxConcurrentTransforms": 50, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 50})
    world.put("in/a.csv", b"a\nb")
    assert finished(world, plan(wishes=wishes, concurrent=1, payload_bytes=1 << 20)).status == "Completed"
    assert any(
        "MaxConcurrentTransforms=1, MaxPayloadInMB=1, BatchStrategy=SINGLE_RECORD" in line for line in log(world)
    )


def test_the_model_sees_content_type_accept_and_that_it_serves_a_batch(world: World) -> None:
    world.put("in/a.csv", b"headers")
    finished(world, plan())
    assert json.loads(outputs(world)["a.csv.out"]) == {
        "Content-Type": "text/csv",
        "Accept": "text/csv",
        "batch": "true",
    }


def test_the_model_cannot_reach_the_outputs_on_their_way(world: World) -> None:
    world.put("in/1.csv", b"one")
    world.put("in/2.csv", b"ls")
    finished(world, plan(concurrent=1))
    assert set(outputs(world)["2.csv.out"].decode().split()) <= {"model", "sockets"}


def test_a_failure_that_passes_is_tried_again(world: World) -> None:
    world.put("in/a.csv", b"flaky 3 times\nfine")
    assert finished(world, plan()).status == "Completed"
    assert outputs(world)["a.csv.out"] == b"FLAKY 3 TIMES\nFINE\n"


@pytest.mark.parametrize(("retries", "requests"), [(0, 1), (2, 3)])
def test_a_failure_that_does_not_pass_is_tried_as_often_as_the_job_says(
    world: World, retries: int, requests: int
) -> None:
    world.put("in/a.csv", b"broken for good")
    record = finished(world, plan(invocation_retries=retries))
    assert reason(record).startswith(
        "AlgorithmError: See job logs for more information: data/in/a.csv: Bad HTTP status received from algorithm: 500"
    )
    assert sum(line.startswith("request") for line in log(world)) == requests


def test_a_bad_record_fails_the_job_naming_object_and_status_and_the_other_objects_are_transformed(
    world: World,
) -> None:
    world.put("in/1.csv", b"fine")
    world.put("in/2.csv", b"fine\nbad record\nfine")
    world.put("in/3.csv", b"fine")
    record = finished(world, plan())
    assert reason(record) == (
        "ClientError: See job logs for more information: data/in/2.csv: Bad HTTP status received from algorithm: 400 "
        "(this record is not good)"
    )
    assert set(outputs(world)) == {"1.csv.out", "3.csv.out"}
    data_log = [line.split("[sagemaker logs]: ")[1] for line in log(world) if "data/in/2.csv" in line]
    assert data_log == [
        "data/in/2.csv: Bad HTTP status received from algorithm: 400",
        "data/in/2.csv: ",
        "data/in/2.csv: Message:",
        "data/in/2.csv: this record is not good",
        "data/in/2.csv: and this is why",
    ]
    assert sum("bad record" in line for line in log(world)) == 1  # it is the data's fault: no second try


def test_an_answer_that_does_not_come_in_time_is_told(world: World) -> None:
    world.put("in/a.csv", b"sleep 20")
    record = finished(world, plan(invocation_seconds=1, invocation_retries=0))
    assert "data/in/a.csv: Unable to get response from algorithm" in reason(record)
    assert "within 1 seconds" in reason(record)


def test_a_model_that_dies_fails_the_job_with_its_last_words(world: World) -> None:
    world.put("in/a.csv", b"fine\ndie\nfine")
    text = reason(finished(world, plan()))
    assert text.startswith("AlgorithmError: ")
    assert "exit code 9" in text
    assert "out of luck" in text


def test_a_model_that_does_not_start_fails_the_job_with_its_last_words(world: World) -> None:
    world.put("in/a.csv", b"fine")
    text = reason(finished(world, plan(entry="never_healthy")))
    assert "exit code 4" in text
    assert "the model file is not a model" in text


def test_compressed_objects_are_unpacked(world: World) -> None:
    world.put("in/a.csv.gz", gzip.compress(b"one\n") + gzip.compress(b"two\n"))
    channel = replace(plan().input, compression="Gzip")
    assert finished(world, plan(input=channel)).status == "Completed"
    assert outputs(world) == {"a.csv.gz.out": b"ONE\nTWO\n"}


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"no gzip at all", "not a gzip file"), (gzip.compress(b"x\n" * 100_000)[:-20], "ends too early")],
)
def test_a_broken_gzip_file_fails_the_job_naming_it(world: World, data: bytes, words: str) -> None:
    world.put("in/a.csv.gz", data)
    text = reason(finished(world, plan(input=replace(plan().input, compression="Gzip"), strategy="MultiRecord")))
    assert text.startswith("ClientError: ")
    assert "data/in/a.csv.gz" in text
    assert words in text
    assert outputs(world) == {}


def test_a_record_larger_than_the_payload_is_told_in_sagemakers_words(world: World) -> None:
    world.put("in/a.csv", b"x" * 2000)
    assert "data/in/a.csv: Too much data for max payload size" in reason(finished(world, plan(payload_bytes=1000)))


def test_an_object_that_vanishes_meanwhile_fails_the_job_and_no_other_object(world: World) -> None:
    world.put("in/1.csv", b"sleep 1")
    world.put("in/2.csv", b"fine")
    world.put("in/3.csv", b"fine")
    arn = start(world, plan(concurrent=1))
    until_logged(world, "sleep 1")
    world.stores.objects.delete("data", "in/2.csv")
    text = reason(world.finished(arn))
    assert "data/in/2.csv" in text
    assert "NoSuchKey" in text
    assert set(outputs(world)) == {"1.csv.out", "3.csv.out"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"input": Channel("TransformInput", "s3://data/nothing/")}, "No S3 objects found under S3 URL"),
        ({"output_uri": "s3://gone/out"}, "NoSuchBucket"),
        ({"replica": ReplicaPlan(Program(entry="batch_programs:serving"), "s3://data/m.tar.gz", ROLE)}, "model data"),
    ],
)
def test_what_cannot_be_had_fails_the_job_before_the_model_is_started(
    world: World, changes: dict[str, Any], words: str
) -> None:
    world.put("in/a.csv", b"fine")
    record = finished(world, plan(**changes))
    assert reason(record).startswith("ClientError: ")
    assert words in reason(record)
    assert log(world) == []


def test_several_hosts_share_the_objects(world: World) -> None:
    for number in range(5):
        world.put(f"in/{number}.csv", b"row %d" % number)
    assert finished(world, plan(), hosts=2).status == "Completed"
    assert outputs(world) == {f"{number}.csv.out": b"ROW %d\n" % number for number in range(5)}
    found = world.stores.database.read().execute("SELECT name FROM log_streams").fetchall()
    assert len([name for (name,) in found if not name.endswith("/data-log")]) == 2


def test_a_failing_object_of_one_host_leaves_the_other_host_alone(world: World) -> None:
    world.put("in/1.csv", b"bad")
    world.put("in/2.csv", b"sleep 0.5\nfine")
    assert "data/in/1.csv" in reason(finished(world, plan(), hosts=2))
    assert outputs(world) == {"2.csv.out": b"SLEEP 0.5\nFINE\n"}


def test_joined_records_come_out_with_their_answers(world: World) -> None:
    world.put("in/a.csv", b"7,red\n8,blue\n")
    made = plan(strategy="MultiRecord", input_filter="$[1]", output_filter="$[0,-1]", join="Input")
    assert finished(world, made).status == "Completed"
    assert outputs(world) == {"a.csv.out": b"7,RED\n8,BLUE\n"}


def test_a_join_with_too_few_answers_is_told(world: World) -> None:
    world.put("in/a.csv", b"few,1\nmany,2\n")
    made = plan(strategy="MultiRecord", join="Input", input_filter="$[0]")
    assert "mismatched line count" in reason(finished(world, made))


def test_what_was_read_and_written_is_noted_where_the_job_wants_it(world: World) -> None:
    world.put("in/1.csv", b"fine")
    world.put("in/2.csv", b"bad")
    finished(world, plan(capture_uri="s3://data/captured"))
    found = [stored.key for stored in world.stores.objects.list("data", "captured/").objects]
    assert [key.split("/")[1] for key in found] == ["input", "output"]
    assert all(re.fullmatch(r"captured/(in|out)put/\d{4}/\d\d/\d\d/\d\d/[0-9a-f-]{36}\.json", key) for key in found)
    assert [json.loads(world.get(key)) for key in found] == [
        [{"prefix": "s3://data/"}, "in/1.csv"],
        [{"prefix": "s3://data/out/"}, "1.csv.out"],
    ]


def test_a_stopped_job_keeps_the_objects_that_are_done(world: World) -> None:
    world.put("in/1.csv", b"fine")
    world.put("in/2.csv", b"sleep 60")
    arn = start(world, plan(concurrent=1))
    until_logged(world, "sleep 60")
    began = time.monotonic()
    world.jobs.stop(arn)
    record = world.finished(arn)
    assert record.status == "Stopped"
    assert time.monotonic() - began < 10
    assert set(outputs(world)) == {"1.csv.out"}


@pytest.mark.parametrize("secondary", ["Starting", "Downloading", "Training"])
def test_a_job_can_be_stopped_in_every_phase(world: World, secondary: str) -> None:
    world.put("in/1.csv", b"sleep 60")
    arn = start(world, plan())
    world.until(arn, lambda record: secondary in [step["status"] for step in record.body["job"]["transitions"]])
    world.jobs.stop(arn)
    assert world.finished(arn).status == "Stopped"
    assert outputs(world) == {}


def test_a_job_whose_supervisor_is_killed_goes_on_with_the_objects_that_are_left(
    world: World, until: Callable[[Callable[[], bool]], None]
) -> None:
    world.put("in/1.csv", b"first")
    world.put("in/2.csv", b"sleep 2\nlast")
    arn = start(world, plan(concurrent=1))
    until_logged(world, "sleep 2")
    until(lambda: set(outputs(world)) == {"1.csv.out"})
    os.kill(world.supervisor(arn), signal.SIGKILL)
    assert world.finished(arn).status == "Completed"
    assert outputs(world) == {"1.csv.out": b"FIRST\n", "2.csv.out": b"SLEEP 2\nLAST\n"}
    assert sum(line.endswith(": first (1 lines, 1 at once)") for line in log(world)) == 1
