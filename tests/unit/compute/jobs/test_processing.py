"""Processing jobs: inputs and outputs at places of their own, messages, continuous uploads, kills."""

from __future__ import annotations

import gzip
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clary.compute.contract import Channel, JobSpec, Limits, Output, Program
from clary.compute.jobs.channel_files import DataError
from clary.compute.jobs.processing import exit_message, lay_out_processing
from clary.storage.records import Record
from tests.unit.compute.job_world import World

GROUP = "/aws/sagemaker/ProcessingJobs"
CONFIGURATION = {"ProcessingJobName": "job", "AppSpecification": {"ImageUri": "image"}}
INPUT = Channel("data", "s3://data/raw", folder="processing/input/data")
OUTPUT = Output("processing/output/train", "s3://data/out/train", "files", after_failure=False)
CONTINUOUS = Output("processing/report", "s3://data/out/report", "files", mode="Continuous")
START = """
import json, os, pathlib, sys, time
ml = pathlib.Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
here = ml / "processing"
host = json.loads((ml / "config/resourceconfig.json").read_text())
def say(text):
    (ml / "output").mkdir(exist_ok=True)
    (ml / "output/message").write_bytes(text)
"""


@pytest.fixture
def world(shared_world: World) -> World:
    return shared_world


def start(world: World, script: str, **options: Any) -> str:
    program = Program(argv=(sys.executable, "-c", START + script), environment={"MODE": "test"})
    given = {"processing": CONFIGURATION, "log_group": GROUP, "channels": (INPUT,), "outputs": (OUTPUT, CONTINUOUS)}
    return world.submit("job", program, **{**given, **options})


def finished(world: World, script: str, **options: Any) -> Record:
    return world.finished(start(world, script, **options))


def outputs(world: World) -> dict[str, bytes]:
    found = world.stores.objects.list("data", "out/").objects
    return {stored.key.removeprefix("out/"): world.get(stored.key) for stored in found}


def message(record: Record) -> str:
    return str(record.body["job"].get("exit_message", ""))


def test_inputs_and_outputs_lie_where_the_job_wants_them(world: World) -> None:
    world.put("raw/a.csv", b"1\n2\n")
    world.put("raw/deep/b.csv", b"3\n")
    record = finished(
        world,
        """
rows = sum(len(path.read_text().splitlines()) for path in (here / "input/data").rglob("*.csv"))
(here / "output/train/deep").mkdir()
(here / "output/train/deep/rows.txt").write_text(str(rows))
print(json.loads((ml / "config/processingjobconfig.json").read_text())["AppSpecification"], os.environ["MODE"])
say(b"all good")
""",
    )
    assert record.status == "Completed", record.body
    assert outputs(world) == {"train/deep/rows.txt": b"3"}
    assert message(record) == "all good"
    assert world.stores.log_lines(GROUP, "job/algo-1") == ["{'ImageUri': 'image'} test"]


def test_a_single_object_lies_under_its_name_and_gzip_is_unpacked(world: World) -> None:
    world.put("code/p.py", b"print('hello')")
    world.put("raw/a.csv.gz", gzip.compress(b"1\n2\n"))
    channels = (
        Channel("code", "s3://data/code/p.py", folder="processing/input/code"),
        Channel("raw", "s3://data/raw/", compression="Gzip", folder="processing/input"),
    )
    record = finished(
        world,
        "print((here / 'input/code/p.py').read_text(), (here / 'input/a.csv').read_text().split())",
        channels=channels,
    )
    assert record.status == "Completed", record.body
    assert world.stores.log_lines(GROUP, "job/") == ["print('hello') ['1', '2']"]


def test_hosts_share_the_objects_and_put_their_outputs_and_messages_together(world: World) -> None:
    for number in range(3):
        world.put(f"raw/{number}.csv", b"1\n" * (number + 1))
    record = finished(
        world,
        """
rows = sum(len(path.read_text().splitlines()) for path in (here / "input/data").rglob("*.csv"))
(here / "output/train" / host["current_host"]).write_text(str(rows))
say(f"{host['current_host']} of {len(host['hosts'])}. ".encode())
""",
        hosts=2,
        channels=(Channel("data", "s3://data/raw", distribution="ShardedByS3Key", folder="processing/input/data"),),
    )
    assert outputs(world) == {"train/algo-1": b"4", "train/algo-2": b"2"}
    assert message(record) == "algo-1 of 2. algo-2 of 2. "


def test_a_failed_job_tells_where_and_its_message_and_keeps_what_was_to_be_stored_continuously(world: World) -> None:
    world.put("raw/a.csv", b"1")
    record = finished(
        world,
        """
(here / "output/train/x").write_text("not stored")
(here / "report/r").write_text("stored")
say(b"step 2 failed")
raise ValueError("no rows left")
""",
    )
    assert record.status == "Failed"
    assert record.body["job"]["failure_reason"].startswith("AlgorithmError: ValueError: no rows left")
    assert message(record) == "step 2 failed"
    assert outputs(world) == {"report/r": b"stored"}


def test_a_file_that_is_missing_is_hinted_at_with_the_places_of_a_processing_job(world: World) -> None:
    world.put("raw/a.csv", b"1")
    reason = finished(world, "open('/opt/ml/processing/nowhere.csv')").body["job"]["failure_reason"]
    assert "inputs lie below /opt/ml/processing, each at its LocalPath" in reason


def test_continuous_outputs_are_stored_while_the_program_runs_and_a_stop_keeps_all(
    world: World, until: Callable[[Callable[[], bool]], None]
) -> None:
    world.put("raw/a.csv", b"1")
    arn = start(
        world,
        """
(here / "report/r").write_text("early")
(here / "output/train/t").write_text("late")
time.sleep(60)
""",
    )
    until(lambda: outputs(world) == {"report/r": b"early"})
    world.jobs.stop(arn)
    assert world.finished(arn).status == "Stopped"
    assert outputs(world) == {"report/r": b"early", "train/t": b"late"}


@pytest.mark.parametrize("secondary", ["Starting", "Downloading", "Training"])
def test_a_job_can_be_stopped_in_every_phase(world: World, secondary: str) -> None:
    world.put("raw/a.csv", b"1")
    arn = start(world, "time.sleep(60)")
    world.until(arn, lambda record: secondary in [step["status"] for step in record.body["job"]["transitions"]])
    world.jobs.stop(arn)
    assert world.finished(arn).status == "Stopped"


def test_a_job_whose_supervisor_is_killed_is_run_again_in_a_clean_folder(world: World) -> None:
    world.put("raw/a.csv", b"1")
    arn = start(
        world,
        """
left = sorted(path.name for path in (here / "output/train").iterdir())
print("left:", left, flush=True)
(here / "output/train/half").write_text("x")
(here / "input/data/a.csv").write_text("spoiled") if not left else None
time.sleep(2)
(here / "output/train/whole").write_text((here / "input/data/a.csv").read_text())
""",
    )
    deadline = time.monotonic() + 20
    while not world.stores.log_lines(GROUP, "job/"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(world.supervisor(arn), signal.SIGKILL)
    assert world.finished(arn).status == "Completed"
    assert world.stores.log_lines(GROUP, "job/") == ["left: []", "left: []"]


@pytest.mark.parametrize(
    ("channels", "words"),
    [
        ((Channel("data", "s3://data/nothing", folder="processing/input"),), "No S3 objects found"),
        ((Channel("data", "s3://gone/raw", folder="processing/input"),), "NoSuchBucket"),
    ],
)
def test_an_input_that_is_not_there_fails_the_job(world: World, channels: tuple[Channel, ...], words: str) -> None:
    reason = finished(world, "", channels=channels).body["job"]["failure_reason"]
    assert reason.startswith("ClientError: Data download failed: ")
    assert words in reason


def test_inputs_that_unpack_to_more_than_the_volume_fail_the_job(world: World) -> None:
    world.put("raw/a.csv.gz", gzip.compress(b"0" * 3_000_000))
    record = finished(
        world,
        "",
        limits=Limits(cpus=1, memory_bytes=1 << 30, volume_bytes=1 << 20),
        channels=(Channel("raw", "s3://data/raw/", compression="Gzip", folder="processing/input"),),
    )
    assert "does not fit on the volume" in record.body["job"]["failure_reason"]


def test_a_message_that_is_not_utf_8_fails_the_job(world: World) -> None:
    world.put("raw/a.csv", b"1")
    record = finished(world, "say(b'\\xff\\xfe')")
    assert record.status == "Failed"
    assert record.body["job"]["failure_reason"].startswith("ClientError: the exit message in /opt/ml/output/message")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ([b"done"], "done"),
        ([b"a", b"b"], "ab"),
        ([b"x" * 5000], "x" * 1024),
        (["é".encode() * 5000], "é" * 1024),
        ([b"a" + "é".encode() * 5000, b"never told"], "a" + "é" * 1023),
        ([b""], ""),
    ],
)
def test_of_messages_the_beginning_is_told(tmp_path: Path, written: list[bytes], told: str) -> None:
    roots = [tmp_path / f"algo-{number}" for number in range(len(written))]
    for root, data in zip(roots, written, strict=True):
        (root / "output").mkdir(parents=True)
        (root / "output/message").write_bytes(data)
    assert exit_message(roots) == told


def test_a_message_that_is_a_link_out_of_the_folder_is_not_told(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "algo-1/output").mkdir(parents=True)
    (tmp_path / "algo-1/output/message").symlink_to(tmp_path / "secret")
    assert exit_message([tmp_path / "algo-1"]) == ""


def test_a_message_cut_off_in_the_middle_of_a_character_is_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / "output").mkdir()
    (tmp_path / "output/message").write_bytes("é".encode()[:1])
    with pytest.raises(DataError, match="not encoded in UTF-8"):
        exit_message([tmp_path])


def test_the_folder_holds_the_configuration_and_nothing_of_an_earlier_attempt(tmp_path: Path) -> None:
    spec = JobSpec(
        "id", "kind", "1", "r", "job", "arn", "role", Program(),
        instance_type="ml.m5.large", hosts=2, channels=(INPUT,), outputs=(OUTPUT,), processing=CONFIGURATION,
    )  # fmt: skip
    (tmp_path / "processing/input/data").mkdir(parents=True)
    (tmp_path / "processing/input/data/old").touch()
    lay_out_processing(tmp_path, spec, "algo-2")
    assert json.loads((tmp_path / "config/resourceconfig.json").read_text()) == {
        "current_host": "algo-2",
        "hosts": ["algo-1", "algo-2"],
        "network_interface_name": "lo",
        "current_instance_type": "ml.m5.large",
    }
    assert json.loads((tmp_path / "config/processingjobconfig.json").read_text()) == CONFIGURATION
    assert list((tmp_path / "processing/input/data").iterdir()) == []
    assert (tmp_path / "processing/output/train").is_dir()
