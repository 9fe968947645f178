from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clary.compute.contract import Channel, JobSpec, Limits, MetricDefinition, Output, Program
from clary.compute.forkserver import ForkServer
from clary.compute.jobs import Jobs, SupervisorProgram
from clary.compute.machine import Machine, this_machine
from clary.storage.object_values import Attributes
from clary.storage.records import Record
from tests.programs.job_stores import ROLE, Stores

KIND = "sagemaker:training-job"


class World:
    """Stores in a folder, a fork server and a scheduler, as one Clary has them."""

    def __init__(self, folder: Path, machine: Machine | None = None, **options: Any) -> None:
        self.folder = folder
        self.stores = Stores(folder)
        self.server = ForkServer(["job_stores"], log=folder / "log")
        program = SupervisorProgram("job_stores:supervise_job", (folder,), folder / "log")
        self.jobs = Jobs(
            self.stores.records, self.server, folder / "jobs", program, machine=machine or this_machine(), **options
        )
        self.server.start()
        self.jobs.start()

    def close(self) -> None:
        self.jobs.close()
        self.server.close()
        self.stores.close()

    def put(self, key: str, data: bytes) -> None:
        self.stores.objects.put_bytes("data", key, data, Attributes())

    def get(self, key: str) -> bytes:
        with self.stores.objects.open(self.stores.objects.head("data", key)) as file:
            return file.read()

    def submit(self, name: str, program: Program, **options: Any) -> str:
        arn = f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}"
        spec = JobSpec(
            id=f"id-{name}",
            record_kind=KIND,
            account="123456789012",
            region="us-east-1",
            name=name,
            arn=arn,
            role_arn=ROLE,
            program=program,
            limits=Limits(cpus=1, memory_bytes=2 << 30),
            outputs=(Output("model", f"s3://data/{name}/output/model.tar.gz"),),
            log_group="/aws/sagemaker/TrainingJobs",
            metric_namespace="/aws/sagemaker/TrainingJobs",
            metric_dimension="TrainingJobName",
        )
        self.jobs.submit(Record(KIND, spec.account, spec.region, name, arn), replace(spec, **options))
        return arn

    def record(self, arn: str) -> Record:
        record = self.stores.records.by_arn(arn)
        assert record is not None
        return record

    def finished(self, arn: str, seconds: float = 30.0) -> Record:
        return self.until(arn, lambda record: record.status in ("Completed", "Failed", "Stopped"), seconds)

    def until(self, arn: str, condition: Any, seconds: float = 30.0) -> Record:
        deadline = time.monotonic() + seconds
        while not condition(record := self.record(arn)):
            assert time.monotonic() < deadline, (record.status, record.body, (self.folder / "log").read_text())
            time.sleep(0.005)
        return record

    def log(self, name: str) -> list[str]:
        return self.stores.log_lines("/aws/sagemaker/TrainingJobs", f"{name}/")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def entry(name: str, *args: str) -> Program:
    return Program(entry=f"job_programs:{name}", args=args)


def transitions(record: Record) -> list[str]:
    return [transition["status"] for transition in record.body["job"]["transitions"]]


def test_a_job_reads_its_channel_writes_its_log_and_leaves_its_model(world: World) -> None:
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
    assert (record.status, job.get("failure_reason")) == ("Completed", None)
    assert transitions(record) == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert [(m["name"], m["value"]) for m in job["metrics"]] == [("train:sum", 42.0)]
    assert job["outputs"] == {"model": "s3://data/sums/output/model.tar.gz"}
    with tarfile.open(fileobj=io.BytesIO(world.get("sums/output/model.tar.gz"))) as archive:
        model = archive.extractfile("model.txt")
        assert model is not None
        assert model.read() == b"42.0"
    lines = world.log("sums")
    assert "epoch 1 sum=21.0" in lines and "epoch 2 sum=42.0" in lines
    assert not (world.folder / "jobs" / "id-sums").exists()
