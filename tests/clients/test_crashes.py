"""`kill -9` at random moments while everything is busy: nothing acknowledged is lost, nothing half-written is visible.

The moments are seeded. `CLARY_CRASH_ROUNDS=200 pytest tests/clients/test_crashes.py` runs longer.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.clients.conftest import RunningClary, start_clary
from tests.clients.datasets import made_up

ROUNDS = int(os.environ.get("CLARY_CRASH_ROUNDS", "6"))
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
PART_BYTES = 5 << 20
GONE = (BotoCoreError, ConnectionError)


class Busy:
    """Clients that work until the server is killed, and what was acknowledged to them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.objects: dict[str, set[str]] = {}  # key -> MD5 of every content the object may have
        self.jobs: set[str] = set()
        self.client: dict[str, Any] = {}
        self.acknowledged = 0
        self.role = ""
        self.problems: list[str] = []
        self._killed = threading.Event()

    def connect(self, clary: RunningClary) -> None:
        """Makes the clients; the server comes back on the same port."""
        key = clary.environment()
        self.session = boto3.session.Session(
            aws_access_key_id=key["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=key["AWS_SECRET_ACCESS_KEY"],
            region_name="us-east-1",
        )
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60, max_pool_connections=20)
        for api in ("s3", "sagemaker", "sagemaker-runtime", "iam"):
            self.client[api] = self.session.client(api, endpoint_url=clary.url, config=config)

    def run(self, clary: RunningClary, acknowledgements: int, further_seconds: float) -> None:
        """Works until so much was acknowledged and a little longer, then kills the server."""
        self._killed.clear()
        wanted = self.acknowledged + acknowledgements
        work = (self._put, self._put, self._multipart, self._train, self._update_endpoint)
        threads = [threading.Thread(target=self._until_killed, args=(step, n)) for n, step in enumerate(work)]
        for thread in threads:
            thread.start()
        until("the work", lambda: self.acknowledged >= wanted or not any(map(threading.Thread.is_alive, threads)))
        time.sleep(further_seconds)
        kill(clary)
        self._killed.set()
        for thread in threads:
            thread.join(120)

    def _until_killed(self, step: Callable[..., None], number: int) -> None:
        turns = random.Random(self.random.random() + number)
        while not self._killed.is_set():
            try:
                step(self.client["s3"], self.client["sagemaker"], turns, number)
                self.acknowledged += 1
            except GONE:
                return
            except ClientError as error:
                self.problems.append(str(error))
                return

    def _write(self, key: str, content: bytes, write: Callable[[], Any]) -> None:
        """An overwrite that was not acknowledged may have happened or not; one that was must have."""
        digest = hashlib.md5(content).hexdigest()
        self.objects.setdefault(key, {""}).add(digest)
        write()
        self.objects[key] = {digest}

    def _put(self, s3: Any, _: Any, turns: random.Random, number: int) -> None:
        # No two writers share a key, so that the last acknowledgement is the truth.
        key = f"put/{number}/{turns.randrange(40)}"
        content = turns.randbytes(turns.choice((10, 3_000, 200_000)))
        self._write(key, content, lambda: s3.put_object(Bucket="crash", Key=key, Body=content))

    def _multipart(self, s3: Any, _: Any, turns: random.Random, number: int) -> None:
        key = f"multipart/{turns.randrange(5)}"
        parts = [turns.randbytes(PART_BYTES), turns.randbytes(1000)]
        upload = s3.create_multipart_upload(Bucket="crash", Key=key)["UploadId"]
        sent = [
            s3.upload_part(Bucket="crash", Key=key, UploadId=upload, PartNumber=part_number, Body=part)["ETag"]
            for part_number, part in enumerate(parts, 1)
        ]
        listed = {"Parts": [{"PartNumber": at, "ETag": etag} for at, etag in enumerate(sent, 1)]}
        self._write(
            key,
            b"".join(parts),
            lambda: s3.complete_multipart_upload(Bucket="crash", Key=key, UploadId=upload, MultipartUpload=listed),
        )

    def _train(self, _: Any, sagemaker: Any, turns: random.Random, number: int) -> None:
        name = f"job-{turns.getrandbits(60)}"
        train(sagemaker, name, self.role)
        self.jobs.add(name)
        time.sleep(turns.random() * 0.5)  # jobs queue up otherwise

    def _update_endpoint(self, _: Any, sagemaker: Any, turns: random.Random, number: int) -> None:
        config = turns.choice(("config-1", "config-2"))
        try:
            sagemaker.update_endpoint(EndpointName="busy", EndpointConfigName=config)
        except ClientError as error:
            assert "Cannot update in-progress endpoint" in str(error), error
        time.sleep(0.05)


def train(sagemaker: Any, name: str, role: str) -> None:
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://crash/train.csv", "S3DataDistributionType": "FullyReplicated"}
    sagemaker.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn=role,
        InputDataConfig=[{"ChannelName": "train", "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}],
        OutputDataConfig={"S3OutputPath": "s3://crash/output"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
        HyperParameters={"objective": "binary:logistic", "num_round": "20"},
    )


def kill(clary: RunningClary) -> None:
    """Kills the server itself; supervisors and the fork server are left to find out."""
    pid = json.loads((clary.data / "running.json").read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=10)


def until(what: str, check: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.1)


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "data"
    RunningClary(tmp_path / "data", "").command("down")


def prepare(busy: Busy, folder: Path) -> None:
    s3, sagemaker = busy.client["s3"], busy.client["sagemaker"]
    busy.role = busy.client["iam"].get_role(RoleName="ClaryExecutionRole")["Role"]["Arn"]
    s3.create_bucket(Bucket="crash")
    np.savetxt(folder / "train.csv", made_up()[:1000], delimiter=",", fmt="%.6g")
    s3.upload_file(str(folder / "train.csv"), "crash", "train.csv")
    train(sagemaker, "first", busy.role)
    until("the first job", lambda: status_of(sagemaker, "first") == "Completed")
    artifact = sagemaker.describe_training_job(TrainingJobName="first")["ModelArtifacts"]["S3ModelArtifacts"]
    container = {"Image": IMAGE, "ModelDataUrl": artifact}
    sagemaker.create_model(ModelName="model", PrimaryContainer=container, ExecutionRoleArn=busy.role)
    for config in ("config-1", "config-2"):
        variant = {"VariantName": config, "ModelName": "model", "InitialInstanceCount": 1}
        sagemaker.create_endpoint_config(
            EndpointConfigName=config, ProductionVariants=[{**variant, "InstanceType": "ml.m5.large"}]
        )
    sagemaker.create_endpoint(EndpointName="busy", EndpointConfigName="config-1")
    until("the endpoint", lambda: endpoint_status(sagemaker) == "InService")


def status_of(sagemaker: Any, name: str) -> str:
    return sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"]


def endpoint_status(sagemaker: Any) -> str:
    return sagemaker.describe_endpoint(EndpointName="busy")["EndpointStatus"]


def check_objects(busy: Busy, s3: Any) -> None:
    listed: dict[str, str] = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="crash"):
        listed.update({entry["Key"]: entry["ETag"] for entry in page.get("Contents", [])})
    for key, allowed in busy.objects.items():
        if key not in listed:
            assert "" in allowed, f"{key} was acknowledged and is gone"
            continue
        answer = s3.get_object(Bucket="crash", Key=key)
        digest = hashlib.md5(answer["Body"].read()).hexdigest()
        assert digest in allowed, f"{key} has a content that nobody finished writing"
        assert answer["ETag"] == listed[key]
        busy.objects[key] = {digest}


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(data: Path, tmp_path: Path) -> None:
    busy = Busy(seed=20)
    clary = start_clary(data)
    port = int(clary.url.rsplit(":", 1)[1])
    busy.connect(clary)
    prepare(busy, tmp_path)
    sagemaker = busy.client["sagemaker"]
    for _ in range(ROUNDS):
        busy.run(clary, busy.random.randrange(5, 60), busy.random.uniform(0, 0.1))
        clary = start_clary(data, port)
        check_objects(busy, busy.client["s3"])
        for name in busy.jobs:
            assert status_of(sagemaker, name) in ("InProgress", "Completed"), name
    until("the end of all jobs", lambda: all(status_of(sagemaker, name) == "Completed" for name in busy.jobs))
    until("the endpoint's return", lambda: endpoint_status(sagemaker) == "InService")
    row = ",".join(f"{value:g}" for value in made_up()[0, 1:])
    answer = busy.client["sagemaker-runtime"].invoke_endpoint(EndpointName="busy", ContentType="text/csv", Body=row)
    assert 0 < float(answer["Body"].read()) < 1
    assert busy.problems == []
    assert busy.jobs
    assert len(busy.objects) > 10
