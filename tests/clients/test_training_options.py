"""What a training job may ask for beside the plain case: shuffled channels, a model to go on from, a model as files."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

from tests.clients.conftest import RunningClary
from tests.clients.frameworks import framework_python
from tests.clients.test_spot import BUCKET, IMAGE, Account

SCIKIT_LEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
READ_PIPES = """
import json
orders = [open(f"/opt/ml/input/data/train_{epoch}").read().split() for epoch in range(3)]
json.dump(orders, open("/opt/ml/model/orders.json", "w"))
"""


@pytest.fixture(scope="module")
def account(clary: RunningClary, tmp_path_factory: pytest.TempPathFactory) -> Account:
    account = Account(clary)
    account.put(tmp_path_factory.mktemp("options"))
    return account


def channels(account: Account, *more: dict[str, Any]) -> list[dict[str, Any]]:
    return [account._channel("train"), account._channel("validation"), *more]


def unpacked(account: Account, described: dict[str, Any], name: str) -> bytes:
    """A file of a job's model."""
    with tarfile.open(fileobj=io.BytesIO(account.model(described))) as archive:
        file = archive.extractfile(name)
        assert file is not None
        return file.read()


def completed(account: Account, name: str) -> dict[str, Any]:
    described = account.finished(name)
    assert described["TrainingJobStatus"] == "Completed", described.get("FailureReason")
    return described


def test_a_job_goes_on_from_the_model_of_another(account: Account) -> None:
    base = completed(account, account.train("base", spot=False, rounds=3))
    uri = base["ModelArtifacts"]["S3ModelArtifacts"]
    model = {
        "ChannelName": "model",
        "ContentType": "application/x-sagemaker-model",
        "InputMode": "File",
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
    }
    name = account.train("more", spot=False, rounds=2, InputDataConfig=channels(account, model))
    more = completed(account, name)
    booster = xgboost.Booster(model_file=bytearray(unpacked(account, more, "xgboost-model")))
    assert booster.num_boosted_rounds() == 5
    first = xgboost.Booster(model_file=bytearray(unpacked(account, base, "xgboost-model")))
    assert booster.get_dump()[:3] == first.get_dump()
    assert sorted(account.curve(name)) == [3, 4]


def test_a_model_that_is_not_to_be_packed_is_stored_as_files_and_served_from_them(account: Account) -> None:
    output = {"S3OutputPath": f"s3://{BUCKET}/files", "CompressionType": "NONE"}
    job = completed(account, account.train("files", spot=False, rounds=3, OutputDataConfig=output))
    uri = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert job["OutputDataConfig"]["CompressionType"] == "NONE"
    assert uri.rstrip("/") == f"s3://{BUCKET}/files/{job['TrainingJobName']}/output/model"
    key = uri.removeprefix(f"s3://{BUCKET}/").rstrip("/") + "/xgboost-model"
    stored = account.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    source = {"S3Uri": uri.rstrip("/") + "/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    name = job["TrainingJobName"]
    account.sagemaker.create_model(
        ModelName=name,
        PrimaryContainer={"Image": IMAGE, "ModelDataSource": {"S3DataSource": source}},
        ExecutionRoleArn=job["RoleArn"],
    )
    row = account.s3.get_object(Bucket=BUCKET, Key="validation/validation.csv")["Body"].read().splitlines()[0]
    features = np.array([row.split(b",")[1:]], np.float32)
    expected = float(xgboost.Booster(model_file=bytearray(stored)).inplace_predict(features)[0])
    account.s3.put_object(Bucket=BUCKET, Key=f"rows/{name}.csv", Body=b",".join(row.split(b",")[1:]))
    account.sagemaker.create_transform_job(
        TransformJobName=name,
        ModelName=name,
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/rows/{name}.csv"}},
            "ContentType": "text/csv",
        },
        TransformOutput={"S3OutputPath": f"s3://{BUCKET}/scores"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    account.sagemaker.get_waiter("transform_job_completed_or_stopped").wait(
        TransformJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 90}
    )
    score = account.s3.get_object(Bucket=BUCKET, Key=f"scores/{name}.csv.out")["Body"].read()
    assert float(score) == pytest.approx(expected, abs=1e-5)


def test_a_seed_shuffles_the_objects_of_a_channel_anew_for_each_epoch(account: Account, tmp_path: Path) -> None:
    framework_python("scikit-learn-1.2")
    names = [f"part-{number}" for number in range(8)]
    for name in names:
        account.s3.put_object(Bucket=BUCKET, Key=f"shuffled/{name}", Body=f"{name}\n".encode())
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("read.py")
        member.size = len(READ_PIPES)
        archive.addfile(member, io.BytesIO(READ_PIPES.encode()))
    account.s3.put_object(Bucket=BUCKET, Key="code/read.tar.gz", Body=packed.getvalue())

    def orders(seed: int | None) -> list[list[str]]:
        channel: dict[str, Any] = {
            "ChannelName": "train",
            "InputMode": "Pipe",
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/shuffled/"}},
        }
        if seed is not None:
            channel["ShuffleConfig"] = {"Seed": seed}
        name = account.train(
            "shuffled",
            spot=False,
            AlgorithmSpecification={"TrainingImage": SCIKIT_LEARN, "TrainingInputMode": "File"},
            InputDataConfig=[channel],
            HyperParameters={
                "sagemaker_program": '"read.py"',
                "sagemaker_submit_directory": f'"s3://{BUCKET}/code/read.tar.gz"',
            },
        )
        told: list[list[str]] = json.loads(unpacked(account, completed(account, name), "orders.json"))
        return told

    assert orders(None) == [names] * 3
    shuffled = orders(7)
    assert all(sorted(order) == names for order in shuffled)
    assert len({tuple(order) for order in (names, *shuffled)}) == 4
    assert orders(7) == shuffled
    assert orders(8) != shuffled
