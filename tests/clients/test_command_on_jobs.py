"""`clary logs` and `clary status` beside jobs and endpoints that really run."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from tests.clients.conftest import CLARY, RunningClary

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"


@pytest.fixture(scope="module")
def session(clary: RunningClary) -> Callable[[str], Any]:
    key = clary.environment()
    made = boto3.Session(key["AWS_ACCESS_KEY_ID"], key["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1")
    return lambda api: made.client(api, endpoint_url=clary.url)


@pytest.fixture(scope="module")
def role(session: Callable[[str], Any]) -> str:
    s3 = session("s3")
    s3.create_bucket(Bucket="command-jobs")
    rows = "".join(f"{number % 2},{number % 2},{number}\n" for number in range(4000))
    s3.put_object(Bucket="command-jobs", Key="train.csv", Body=rows)
    return f"arn:aws:iam::{session('sts').get_caller_identity()['Account']}:role/ClaryExecutionRole"


@pytest.fixture
def train(session: Callable[[str], Any], role: str) -> Iterator[Callable[..., None]]:
    sagemaker = session("sagemaker")
    made = []

    def submit(name: str, rounds: int) -> None:
        source = {"S3DataType": "S3Prefix", "S3Uri": "s3://command-jobs/train.csv"}
        channel = {"ChannelName": "train", "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}
        sagemaker.create_training_job(
            TrainingJobName=name,
            AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            RoleArn=role,
            HyperParameters={"num_round": str(rounds), "nthread": "1"},
            InputDataConfig=[channel],
            OutputDataConfig={"S3OutputPath": "s3://command-jobs/out"},
            ResourceConfig={"InstanceType": "ml.m5.24xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 600},
        )
        made.append(name)

    yield submit
    for name in reversed(made):
        if sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] == "InProgress":
            sagemaker.stop_training_job(TrainingJobName=name)


def secondary_status(sagemaker: Any, job: str, wanted: str) -> None:
    deadline = time.monotonic() + 60
    while (found := sagemaker.describe_training_job(TrainingJobName=job)["SecondaryStatus"]) != wanted:
        assert time.monotonic() < deadline, f"{job} is {found}"
        time.sleep(0.05)


def test_status_tells_which_job_waits_for_the_machine(clary: RunningClary, session, train) -> None:
    train("status-runs", 100_000)
    secondary_status(session("sagemaker"), "status-runs", "Training")
    train("status-waits", 1)
    secondary_status(session("sagemaker"), "status-waits", "Pending")
    wide = {**os.environ, "COLUMNS": "200"}
    command = [str(CLARY), "status", "--data", str(clary.data)]
    lines = subprocess.run(command, env=wide, capture_output=True, text=True, check=True).stdout.splitlines()
    assert "InProgress: Pending" in next(line for line in lines if "status-waits" in line)
    assert "InProgress: Training" in next(line for line in lines if "status-runs" in line)


def test_logs_follows_a_job_to_its_end(clary: RunningClary, train) -> None:
    train("logs-job", 300)
    lines = clary.command("logs", "logs-job", "--follow").splitlines()
    assert lines[0].endswith("Running XGBoost Sagemaker in algorithm mode")
    assert lines[-1].startswith("[299]#011train-rmse:")


def test_logs_follows_an_endpoint_until_it_is_gone(clary: RunningClary, session, role: str, train) -> None:
    sagemaker = session("sagemaker")
    train("logs-model", 1)
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(
        TrainingJobName="logs-model", WaiterConfig={"Delay": 1}
    )
    model = "s3://command-jobs/out/logs-model/output/model.tar.gz"
    sagemaker.create_model(
        ModelName="logs", ExecutionRoleArn=role, PrimaryContainer={"Image": IMAGE, "ModelDataUrl": model}
    )
    variant = {"VariantName": "A", "ModelName": "logs", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName="logs", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="logs-endpoint", EndpointConfigName="logs")
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="logs-endpoint", WaiterConfig={"Delay": 1})
    command = [str(CLARY), "logs", "--data", str(clary.data), "logs-endpoint", "--follow"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        assert following.stdout.readline() == "The xgboost model is loaded; requests are answered.\n"
        assert following.poll() is None
        sagemaker.delete_endpoint(EndpointName="logs-endpoint")
        assert following.wait(30) == 0


def test_logs_prints_every_stream_of_an_endpoint(clary: RunningClary, session) -> None:
    logs = session("logs")
    group = "/aws/sagemaker/Endpoints/many-replicas"
    logs.create_log_group(logGroupName=group)
    for number in range(55):
        stream = f"AllTraffic/i-{number:03}"
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        event = {"timestamp": int(time.time() * 1000), "message": f"replica {number}"}
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])
    assert clary.command("logs", "many-replicas").splitlines() == [f"replica {number}" for number in range(55)]


def test_a_reader_that_has_had_enough_is_no_error(clary: RunningClary, session) -> None:
    logs = session("logs")
    group = "/aws/sagemaker/Endpoints/long-log"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="a")
    for _ in range(3):
        events = [{"timestamp": int(time.time() * 1000), "message": "x" * 200}] * 2000
        logs.put_log_events(logGroupName=group, logStreamName="a", logEvents=events)
    shell = f"{CLARY} logs --data {clary.data} long-log | head -n 1"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("x" * 200 + "\n", "")
