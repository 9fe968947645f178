"""Scripts of the kind that the public workshops use, trained with both SDKs as they are."""

from __future__ import annotations

import json
import subprocess
import tarfile
import time
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.clients.conftest import RunningClary, client_python
from tests.clients.datasets import made_up, write_parts
from tests.clients.frameworks import SCRIPTS, framework_python

PROGRAMS = Path(__file__).parent / "programs"


def run(clary: RunningClary, sdk: str, program: str, folder: Path) -> dict:
    for name in ("scikit-learn-1.2", "pytorch-2.13", "tensorflow-2.21"):
        framework_python(name)  # built before the clocks of the jobs run
    write_parts(made_up(), folder)
    command = [str(client_python(sdk)), str(PROGRAMS / program), str(folder), str(SCRIPTS)]
    done = subprocess.run(command, env=clary.environment(), capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_the_sdk_v2_trains_scikit_learn_pytorch_and_keras_scripts(clary: RunningClary, tmp_path: Path) -> None:
    answers = run(clary, "sdk2", "script_v2.py", tmp_path)
    assert {name: answer["status"] for name, answer in answers.items()} == {
        "scikit-learn": "Completed",
        "pytorch": "Completed",
        "tensorflow": "Completed",
    }, answers
    assert answers["scikit-learn"]["metrics"]["accuracy"] > 0.7
    assert answers["pytorch"]["metrics"]["loss"] > 0
    assert answers["tensorflow"]["metrics"]["loss"] > 0
    contents = {name: files_of(clary, answer["model"], tmp_path) for name, answer in answers.items()}
    assert contents["scikit-learn"] == {"model.joblib"}
    assert contents["pytorch"] == {"model.pth"}
    assert "00000001/saved_model.pb" in contents["tensorflow"]
    log = clary.command("logs", answers["tensorflow"]["name"])
    assert "model_dir is s3://" in log


@pytest.mark.slow
def test_the_sdk_v3_trains_scripts_with_its_own_drivers(clary: RunningClary, tmp_path: Path) -> None:
    answers = run(clary, "sdk3", "script_v3.py", tmp_path)
    assert {name: answer["status"] for name, answer in answers.items()} == {
        "scikit-learn": "Completed",
        "pytorch": "Completed",
        "tensorflow": "Completed",
    }, answers
    assert answers["scikit-learn"]["metrics"]["accuracy"] > 0.7
    assert answers["pytorch"]["metrics"]["loss"] > 0
    assert answers["tensorflow"]["metrics"]["loss"] > 0


MEETING = """
import json, os
import torch
import torch.distributed as dist

hosts, me = json.loads(os.environ["SM_HOSTS"]), os.environ["SM_CURRENT_HOST"]
dist.init_process_group("gloo", rank=hosts.index(me), world_size=len(hosts))
total = torch.tensor([dist.get_rank() + 1.0])
dist.all_reduce(total)
print(f"{me} sum={total.item()};")
dist.destroy_process_group()
"""


@pytest.mark.slow
def test_the_hosts_of_a_job_find_each_other_and_add_up(clary: RunningClary, tmp_path: Path) -> None:
    framework_python("pytorch-2.13")
    (tmp_path / "train.py").write_text(MEETING)
    with tarfile.open(tmp_path / "source.tar.gz", "w:gz") as packed:
        packed.add(tmp_path / "train.py", "train.py")
    s3, sagemaker = client(clary, "s3"), client(clary, "sagemaker")
    s3.create_bucket(Bucket="meeting")
    s3.upload_file(str(tmp_path / "source.tar.gz"), "meeting", "source.tar.gz")
    sagemaker.create_training_job(
        TrainingJobName="meeting",
        AlgorithmSpecification={
            "TrainingImage": "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.0.0-cpu-py310",
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "sum", "Regex": "sum=([0-9.]+);"}],
        },
        RoleArn="arn:aws:iam::123456789012:role/ClaryExecutionRole",
        HyperParameters={
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": "s3://meeting/source.tar.gz",
        },
        OutputDataConfig={"S3OutputPath": "s3://meeting/output"},
        ResourceConfig={"InstanceType": "ml.t3.medium", "InstanceCount": 2, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 300},
    )
    deadline = time.monotonic() + 200
    while (job := sagemaker.describe_training_job(TrainingJobName="meeting"))["TrainingJobStatus"] == "InProgress":
        assert time.monotonic() < deadline, job
        time.sleep(0.1)
    assert job["TrainingJobStatus"] == "Completed", job
    assert [metric["Value"] for metric in job["FinalMetricDataList"]] == [3.0]
    log = clary.command("logs", "meeting")
    assert "algo-1 sum=3.0;" in log
    assert "algo-2 sum=3.0;" in log


def client(clary: RunningClary, api: str) -> Any:
    environment = clary.environment()
    return boto3.client(
        api,
        endpoint_url=clary.url,
        region_name="us-east-1",
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def files_of(clary: RunningClary, uri: str, folder: Path) -> set[str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    archive = folder / key.replace("/", "-")
    client(clary, "s3").download_file(bucket, key, str(archive))
    with tarfile.open(archive) as packed:
        return {member.name for member in packed if member.isfile()}
