"""A small Clary for the tests of jobs: stores, a fork server and a scheduler."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from clary.compute.contract import JobSpec, Limits, Output, Program
from clary.compute.forking.server import ForkServer
from clary.compute.jobs.scheduler import Jobs, SupervisorProgram
from clary.compute.machine import Machine
from clary.storage.object_values import Attributes
from clary.storage.records import Record
from tests.programs.job_stores import ROLE, Stores

KIND = "sagemaker:training-job"
FINISHED = ("Completed", "Failed", "Stopped")
TWO_CPUS = Machine((0, 1), 8 << 30)


class World:
    """Stores in a folder, a fork server and a scheduler, as one Clary has them."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        machine: Machine = TWO_CPUS,
        server: ForkServer | None = None,
        shared: bool = False,
        **options: Any,
    ) -> None:
        self._shared = shared  # the server runs already, and goes on running
        self.folder = folder
        self.stores = Stores(folder)
        self.server = server or ForkServer(["job_stores"], log=folder / "log")
        program = SupervisorProgram("job_stores:supervise_job", (folder, *arguments), folder / "log")
        self.jobs = Jobs(self.stores.records, self.server, folder / "jobs", program, machine=machine, **options)
        if not shared:
            self.server.start()
        self.jobs.start()

    def close(self) -> None:
        self.jobs.close()
        if not self._shared:
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
        return self.until(arn, lambda record: record.status in FINISHED, seconds)

    def reaches(self, arn: str, secondary: str) -> Record:
        return self.until(arn, lambda record: record.body["job"]["secondary_status"] == secondary)

    def job_folder(self, arn: str) -> Path:
        return self.folder / "jobs" / f"id-{arn.rpartition('/')[2]}"

    def let_go(self, arn: str) -> None:
        """Lets a job end that waits for a file (`wait_for_file`), once it trains."""
        self.reaches(arn, "Training")
        (self.job_folder(arn) / "algo-1" / "go").touch()

    def supervisor(self, arn: str) -> int:
        """The process that holds the job's lock."""
        inode = (self.job_folder(arn) / "lock").stat().st_ino
        for line in Path("/proc/locks").read_text().splitlines():
            fields = line.split()
            if fields[1] == "FLOCK" and int(fields[5].rpartition(":")[2]) == inode:
                return int(fields[4])
        raise LookupError(arn)

    def until(self, arn: str, condition: Callable[[Record], bool], seconds: float = 30.0) -> Record:
        deadline = time.monotonic() + seconds
        while not condition(record := self.record(arn)):
            assert time.monotonic() < deadline, (record.status, record.body, (self.folder / "log").read_text())
            time.sleep(0.005)
        return record

    def log(self, name: str) -> list[str]:
        return self.stores.log_lines("/aws/sagemaker/TrainingJobs", f"{name}/")


def entry(name: str, *args: str) -> Program:
    """A program of `tests.programs.job_programs`."""
    return Program(entry=f"job_programs:{name}", args=args)


def transitions(record: Record) -> list[str]:
    """The secondary statuses a job went through."""
    return [transition["status"] for transition in record.body["job"]["transitions"]]
