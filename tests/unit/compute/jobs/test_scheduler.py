from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clary.compute import processes
from clary.compute.contract import Channel, Limits, MetricDefinition, Output, Program
from clary.compute.executors import isolation
from clary.compute.forking.server import ForkServer
from clary.compute.jobs import scheduler as jobs
from clary.compute.machine import Machine
from clary.storage.records import Record, RecordExists
from tests.unit.compute.job_world import FINISHED, World, entry, transitions

Until = Callable[[Callable[[], bool]], None]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def member(archive: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        file = opened.extractfile(name)
        assert file is not None
        return file.read()


def reason(record: Record) -> str:
    return str(record.body["job"].get("failure_reason", ""))


def test_a_job_reads_its_channel_writes_its_log_and_leaves_its_model(world: World, until: Until) -> None:
    world.put("train/a.csv", b"1,2\n3,4\n")
    world.put("train/more/b.csv", b"5,6\n")
    arn = world.submit(
        "sums",
        entry("train_sum"),
        channels=(Channel("train", "s3://data/train/", content_type="text/csv"),),
        hyperparameters={"scale": "2"},
        metrics=(MetricDefinition("train:sum", r"sum=(\S+)"),),
    )
    record = world.finished(arn)
    job = record.body["job"]
    assert (record.status, reason(record)) == ("Completed", "")
    assert transitions(record) == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert [(m["name"], m["value"]) for m in job["metrics"]] == [("train:sum", 42.0)]
    assert job["outputs"] == {"model": "s3://data/sums/output/model.tar.gz"}
    assert job["started"] <= job["training_started"] <= job["ended"]
    assert job["billable_seconds"] >= 1
    assert member(world.get("sums/output/model.tar.gz"), "model.txt") == b"42.0"
    assert world.log("sums") == ["epoch 1 sum=21.0", "epoch 2 sum=42.0"]
    until(lambda: not world.job_folder(arn).exists())
    until(lambda: not processes.descendants(world.server.pid))


def test_a_second_job_of_the_same_name_is_refused_and_leaves_no_trace(world: World) -> None:
    arn = world.submit("once", entry("hello"))
    with pytest.raises(RecordExists):
        world.submit("once", entry("fail"))
    assert world.finished(arn).status == "Completed"


@pytest.mark.skipif(not isolation.probe().bubblewrap, reason=isolation.probe().description)
def test_a_program_that_the_user_brought_runs_as_a_job(world: World) -> None:
    script = "cat /opt/ml/input/data/train/a.csv; cp /opt/ml/input/data/train/a.csv /opt/ml/model/"
    world.put("train/a.csv", b"1,2\n")
    arn = world.submit(
        "own", Program(argv=("/bin/sh", "-c", script)), channels=(Channel("train", "s3://data/train/a.csv"),)
    )
    assert reason(world.finished(arn)) == ""
    assert world.log("own") == ["1,2"]
    assert member(world.get("own/output/model.tar.gz"), "a.csv") == b"1,2\n"


def test_a_failed_program_says_what_where_and_how_it_ended(world: World) -> None:
    record = world.finished(world.submit("broken", entry("fail"), metrics=()))
    assert record.status == "Failed"
    assert transitions(record) == ["Starting", "Downloading", "Training", "Uploading", "Failed"]
    told = reason(record)
    assert told.startswith("AlgorithmError: RuntimeError: the data is bad (job_programs.py, line ")
    assert ", exit code: 1" in told
    assert "Last log lines:" in told
    assert len(told) <= 1024


def test_what_an_algorithm_wrote_to_its_failure_file_is_the_reason(world: World) -> None:
    record = world.finished(world.submit("broken", entry("fail_as_an_algorithm")))
    assert reason(record).startswith(
        "AlgorithmError: ValueError: row 3, column 2 of train/a.csv is not a number: 'x', exit code: 1"
    )


def test_a_program_that_needs_more_memory_than_its_instance_is_told_so(world: World) -> None:
    limits = Limits(cpus=1, memory_bytes=400 << 20)
    record = world.finished(world.submit("big", entry("take_memory", "600"), limits=limits))
    assert "AlgorithmError: MemoryError" in reason(record)
    assert "exceeded the memory of ml.m5.large (0.391 GiB)" in reason(record)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("s3://data/nothing/", 'No S3 objects found under S3 URL "s3://data/nothing/"'),
        ("s3://no-such-bucket/train/", "NoSuchBucket for s3://no-such-bucket/train/"),
    ],
)
def test_data_that_is_not_there_fails_the_job_before_it_trains(world: World, uri: str, expected: str) -> None:
    record = world.finished(world.submit("empty", entry("hello"), channels=(Channel("train", uri),)))
    assert reason(record).startswith("ClientError: Data download failed: ")
    assert expected in reason(record)
    assert transitions(record) == ["Starting", "Downloading", "Failed"]


def test_data_that_the_role_may_not_read_fails_the_job_with_the_action_and_the_role(world: World) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}
    world.put("train/a.csv", b"1")
    world.stores.objects.set_bucket("data", "policy", {"Version": "2012-10-17", "Statement": [deny]})
    record = world.finished(world.submit("denied", entry("hello"), channels=(Channel("train", "s3://data/train/"),)))
    assert "Insufficient privileges: AccessDenied (403) for s3://data/train/a.csv" in reason(record)
    assert "s3:GetObject" in reason(record)


def test_a_model_that_cannot_be_stored_fails_the_job(world: World) -> None:
    outputs = (Output("model", "s3://no-such-bucket/model.tar.gz"),)
    record = world.finished(world.submit("lost", entry("wait_for_file", "/"), outputs=outputs))
    assert reason(record).startswith("ClientError: Artifact upload failed: NoSuchBucket")


def test_a_stopped_program_gets_a_signal_and_its_model_is_kept(world: World, until: Until) -> None:
    arn = world.submit("stopped", entry("stop_with_model"))
    until(lambda: world.log("stopped") == ["training"])
    world.jobs.stop(arn)
    assert world.record(arn).status in ("Stopping", "Stopped")
    record = world.finished(arn)
    assert (record.status, record.body["job"]["secondary_status"]) == ("Stopped", "Stopped")
    assert transitions(record) == ["Starting", "Downloading", "Training", "Stopping", "Uploading", "Stopped"]
    assert member(world.get("stopped/output/model.tar.gz"), "model.txt") == b"early"


def test_a_program_that_ignores_the_signal_is_killed_when_its_time_is_up(tmp_path: Path, until: Until) -> None:
    world = World(tmp_path, "stop_seconds=0.3")
    try:
        arn = world.submit("stubborn", entry("ignore_the_stop"))
        until(lambda: world.log("stubborn") == ["training"])
        world.jobs.stop(arn)
        assert world.finished(arn).status == "Stopped"
        assert member(world.get("stubborn/output/model.tar.gz"), "model.txt") == b"half"
    finally:
        world.close()


def test_a_job_that_reaches_its_longest_runtime_is_stopped(world: World) -> None:
    limits = Limits(cpus=1, memory_bytes=1 << 30, runtime_seconds=1)
    record = world.finished(world.submit("long", entry("stop_with_model"), limits=limits))
    assert (record.status, record.body["job"]["secondary_status"]) == ("Stopped", "MaxRuntimeExceeded")
    assert record.body["job"]["transitions"][-1]["message"].startswith("Training job runtime exceeded")
    assert member(world.get("long/output/model.tar.gz"), "model.txt") == b"early"


def test_jobs_wait_for_capacity_say_for_whom_and_run_in_order(world: World) -> None:
    both = Limits(cpus=8, memory_bytes=1 << 30)  # more than the machine has counts as all of it
    first = world.submit("first", entry("wait_for_file", "go"), limits=both)
    world.reaches(first, "Training")
    others = [world.submit(f"later-{number}", entry("hello"), limits=both) for number in range(3)]
    waiting = world.reaches(others[0], "Pending")
    assert waiting.status == "InProgress"
    message = "Pending: waiting for capacity, 2 of 2 CPUs in use by job first"
    assert waiting.body["job"]["transitions"][-1]["message"] == message
    behind = world.reaches(others[2], "Pending").body["job"]["transitions"][-1]["message"]
    assert behind == "Pending: waiting for capacity, other jobs are ahead"
    world.let_go(first)
    records = [world.finished(arn) for arn in (first, *others)]
    assert [record.status for record in records] == ["Completed"] * 4
    assert transitions(records[1])[:3] == ["Starting", "Pending", "Starting"]
    started = [record.body["job"]["training_started"] for record in records]
    assert started == sorted(started)


def test_two_small_jobs_run_side_by_side_on_cpus_of_their_own(world: World) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("needs two CPUs")
    arns = [world.submit(f"small-{n}", entry("wait_for_file", "go")) for n in range(2)]
    for arn in arns:
        world.reaches(arn, "Training")
    assert [os.sched_getaffinity(world.supervisor(arn)) for arn in arns] == [{0}, {1}]
    for arn in arns:
        world.let_go(arn)
    assert [world.finished(arn).status for arn in arns] == ["Completed", "Completed"]


def test_memory_is_a_capacity_too(tmp_path: Path) -> None:
    world = World(tmp_path, machine=Machine((0, 1), 3 << 30))
    try:
        limits = Limits(cpus=1, memory_bytes=2 << 30)
        first = world.submit("first", entry("wait_for_file", "go"), limits=limits)
        second = world.submit("second", entry("hello"), limits=limits)
        message = world.reaches(second, "Pending").body["job"]["transitions"][-1]["message"]
        assert message == "Pending: waiting for capacity, 2 GiB of 3 GiB of memory in use by job first"
        world.let_go(first)
        assert [world.finished(arn).status for arn in (first, second)] == ["Completed", "Completed"]
    finally:
        world.close()


def test_a_waiting_job_can_be_stopped_and_one_that_waited_too_long_fails(world: World) -> None:
    all_cpus = Limits(cpus=2, memory_bytes=1 << 30)
    first = world.submit("first", entry("wait_for_file", "go"), limits=all_cpus)
    stopped = world.submit("stopped", entry("hello"))
    impatient = world.submit("impatient", entry("hello"), limits=Limits(memory_bytes=1 << 30, pending_seconds=1))
    world.reaches(stopped, "Pending")
    world.jobs.stop(stopped)
    assert world.record(stopped).status == "Stopped"
    record = world.finished(impatient)
    assert (record.status, reason(record).partition(":")[0]) == ("Failed", "CapacityError")
    world.let_go(first)
    assert world.finished(first).status == "Completed"
    world.jobs.stop(first)
    assert world.record(first).status == "Completed"


def test_hosts_share_sharded_data_and_all_must_succeed(world: World) -> None:
    for number in range(3):
        world.put(f"train/{number}.csv", str(number).encode())
    world.put("all/x.csv", b"x")
    arn = world.submit(
        "hosts",
        entry("show_inputs"),
        hosts=2,
        channels=(
            Channel("train", "s3://data/train/", distribution="ShardedByS3Key"),
            Channel("all", "s3://data/all/"),
        ),
        outputs=(Output("output/data", "s3://data/hosts/output/output.tar.gz"),),
    )
    assert reason(world.finished(arn)) == ""
    hosts = "['algo-1', 'algo-2']"
    assert world.log("hosts") == [
        "all/x.csv x",
        "train/0.csv 0",
        "train/2.csv 2",
        f"algo-1 {hosts}",
        "all/x.csv x",
        "train/1.csv 1",
        f"algo-2 {hosts}",
    ]
    output = world.get("hosts/output/output.tar.gz")
    assert member(output, "algo-1.txt") == member(output, "algo-2.txt") == b"done"


def test_the_first_host_that_fails_ends_the_others(world: World) -> None:
    record = world.finished(world.submit("hosts", entry("fail_on_the_second_host"), hosts=2))
    assert record.status == "Failed"
    assert reason(record).startswith("AlgorithmError: algo-2: the program failed, exit code: 1")


def test_a_pipe_channel_is_fed_for_every_epoch(world: World) -> None:
    world.put("train/a", gzip.compress(b"abcde"))
    channel = Channel("train", "s3://data/train/", mode="Pipe", compression="Gzip", record_wrapper="RecordIO")
    arn = world.submit("pipe", entry("read_pipe", "3"), channels=(channel,))
    assert reason(world.finished(arn)) == ""
    record = "0a23d7ce" + "05000000" + b"abcde".hex() + "000000"
    assert world.log("pipe") == [f"{epoch} {record}" for epoch in range(3)]


def test_a_manifest_names_the_files(world: World) -> None:
    for name in ("a", "b", "deep/c"):
        world.put(f"pool/{name}.csv", name.encode())
    world.put("list.manifest", json.dumps([{"prefix": "s3://data/pool/"}, "deep/c.csv", "a.csv"]).encode())
    channel = Channel("train", "s3://data/list.manifest", source_type="ManifestFile")
    arn = world.submit("manifest", entry("show_inputs"), channels=(channel,))
    world.finished(arn)
    assert world.log("manifest")[:2] == ["train/a.csv a", "train/deep/c.csv deep/c"]


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def test_a_job_goes_on_when_clary_and_its_fork_server_are_killed(world: World, tmp_path: Path) -> None:
    arn = world.submit("lasting", entry("wait_for_file", "go"))
    world.reaches(arn, "Training")
    supervisor = world.supervisor(arn)
    kill(world.server.pid)
    world.jobs.close()
    again = World(tmp_path)
    try:
        time.sleep(0.2)
        assert world.supervisor(arn) == supervisor
        world.let_go(arn)
        record = again.finished(arn)
        assert record.status == "Completed"
        assert "Restarting" not in transitions(record)
    finally:
        again.close()


def test_a_supervisor_that_is_killed_while_it_trains_is_replaced_and_goes_on_from_the_checkpoint(
    world: World, until: Until
) -> None:
    arn = world.submit("counting", entry("count_up", "60"))
    until(lambda: (world.job_folder(arn) / "algo-1/checkpoints/step").exists())
    programs = processes.descendants(world.supervisor(arn))
    kill(world.supervisor(arn))
    record = world.finished(arn)
    assert all(processes.start_ticks(pid) is None for pid in programs)
    assert record.status == "Completed"
    assert "Restarting" in transitions(record)
    begun = [line for line in world.log("counting") if line.startswith("beginning")]
    assert begun[0] == "beginning at 0" and int(begun[1].split()[-1]) > 0
    assert member(world.get("counting/output/model.tar.gz"), "model.txt") == b"60"


def test_a_job_whose_supervisor_keeps_dying_fails_and_says_why(tmp_path: Path) -> None:
    world = World(tmp_path, most_losses=1)
    try:
        arn = world.submit("doomed", entry("sleep"))
        for attempt in (1, 2):
            world.until(
                arn,
                lambda record, attempt=attempt: (
                    record.body["job"]["attempt"] == attempt and record.body["job"]["state"] == "Training"
                ),
            )
            kill(world.supervisor(arn))
        record = world.finished(arn)
        assert record.status == "Failed"
        assert reason(record).startswith(
            "InternalServerError: the process that looked after the job ended unexpectedly"
        )
    finally:
        world.close()


def test_checkpoints_are_kept_in_s3_and_restored_at_the_start(world: World) -> None:
    world.put("checkpoints/step", b"57")
    arn = world.submit("restored", entry("count_up", "60"), checkpoint_uri="s3://data/checkpoints")
    assert reason(world.finished(arn)) == ""
    assert world.log("restored") == ["beginning at 57"]
    assert world.get("checkpoints/step") == b"60"


def test_a_supervisor_that_cannot_be_started_is_started_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_RETRY_SECONDS", 0.05)
    world = World(tmp_path)
    spawn, failures = world.server.spawn, [OSError("no process is left"), OSError("no process is left")]

    def fail_twice(*args: Any, **options: Any) -> Any:
        if failures:
            raise failures.pop()
        return spawn(*args, **options)

    monkeypatch.setattr(world.server, "spawn", fail_twice)
    try:
        assert world.finished(world.submit("late", entry("hello"))).status == "Completed"
        assert not failures
    finally:
        world.close()


def test_a_kept_folder_stays_when_clary_starts_again(tmp_path: Path, until: Until) -> None:
    world = World(tmp_path, "keep_folders=yes")
    arn = world.submit("kept", entry("wait_for_file", "/"))
    assert world.finished(arn).status == "Completed"
    until(lambda: not processes.descendants(world.server.pid))
    world.close()
    again = World(tmp_path)
    again.finished(again.submit("another", entry("hello")))  # by then old folders were looked through
    again.close()
    assert (world.job_folder(arn) / "algo-1/model/model.txt").read_text() == "learned"
    assert sorted(path.name for path in world.job_folder(arn).iterdir()) == ["algo-1"]


KILLED = """
import sys, time
from pathlib import Path
from tests.unit.compute.job_world import World, entry
world = World(Path(sys.argv[1]))
for line in sys.stdin:
    name = line.strip()
    world.submit(name, entry("count_up", "5"))
    print(name, flush=True)
"""


def test_no_acknowledged_job_is_lost_when_clary_is_killed_again_and_again(tmp_path: Path) -> None:
    root = Path(__file__).parents[4]
    environment = {**os.environ, "PYTHONPATH": f"{os.environ['PYTHONPATH']}:{root}"}
    acknowledged = []
    for round_number in range(4):
        clary = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert clary.stdin is not None and clary.stdout is not None
        for number in range(2):
            clary.stdin.write(f"job-{round_number}-{number}\n")
            clary.stdin.flush()
            acknowledged.append(clary.stdout.readline().strip())
        time.sleep(0.15 * round_number)
        clary.kill()
        clary.communicate()
    world = World(tmp_path)
    try:
        for name in acknowledged:
            record = world.finished(f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}")
            assert (record.status, reason(record)) == ("Completed", "")
            assert member(world.get(f"{name}/output/model.tar.gz"), "model.txt") == b"5"
        assert not world.stores.database.read().execute("SELECT * FROM jobs").fetchall()
    finally:
        world.close()


def test_the_platform_without_a_fork_server_runs_jobs_too(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.server.close()
    world.jobs.close()
    plain = World(tmp_path, server=ForkServer(fork=False))
    try:
        assert plain.finished(plain.submit("plain", entry("hello"))).status in FINISHED[:1]
    finally:
        plain.close()


@pytest.mark.skipif(not processes.ON_LINUX, reason="finds supervisors in /proc/locks")
def test_a_job_starts_again_only_when_the_programs_of_its_lost_supervisor_are_gone(world: World, until: Until) -> None:
    arn = world.submit("lost", entry("count_up", "40"))
    step = world.job_folder(arn) / "algo-1/checkpoints/step"
    until(step.exists)
    supervisor = world.supervisor(arn)
    (launcher,) = processes.children(supervisor)
    os.kill(launcher, signal.SIGSTOP)  # so that it cannot see yet that its programs must end
    os.kill(supervisor, signal.SIGKILL)
    try:
        deadline = time.monotonic() + 1.0
        while time.monotonic() < deadline:
            assert world.record(arn).body["job"]["attempt"] == 1
            time.sleep(0.02)
    finally:
        os.kill(launcher, signal.SIGCONT)
    record = world.finished(arn)
    assert (record.status, record.body["job"]["attempt"]) == ("Completed", 2), reason(record)


@pytest.mark.parametrize("busy", [False, True])
def test_jobs_that_start_on_an_idle_machine_come_from_the_eager_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, busy: bool
) -> None:
    class Counting(ForkServer):
        started = 0

        def spawn(self, *arguments: Any, **options: Any) -> Any:
            self.started += 1
            return super().spawn(*arguments, **options)

    monkeypatch.setattr(jobs, "is_busy", lambda: busy)
    eager = Counting(["job_stores"], log=tmp_path / "log")
    world = World(tmp_path, eager=eager)
    try:
        assert world.finished(world.submit("a-job", entry("hello"))).status == "Completed"
        assert eager.started == (0 if busy else 1)
    finally:
        world.close()
        eager.close()
