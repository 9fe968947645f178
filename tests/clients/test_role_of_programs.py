"""What users bring calls Clary as its role, with boto3 as it is: jobs, endpoints and batch transforms."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.clients.conftest import RunningClary
from tests.clients.frameworks import framework_python

PYTHON = "123456789012.dkr.ecr.us-east-1.amazonaws.com/python:3.11"
SCIKIT_LEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
BUCKET = "roles-of-programs"
ROLE = "arn:aws:iam::123456789012:role/ClaryExecutionRole"
SESSION = "arn:aws:sts::123456789012:assumed-role/ClaryExecutionRole/SageMaker"
RESOURCES = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}

SCRIPT = f"""
import boto3
boto3.client("s3").put_object(
    Bucket="{BUCKET}", Key="KEY", Body=boto3.client("sts").get_caller_identity()["Arn"].encode()
)
"""
HANDLER = f"""
import json, os
import boto3

def model_fn(folder):
    return boto3.client("s3").get_object(Bucket="{BUCKET}", Key="weight")["Body"].read().decode()

def input_fn(body, content_type):
    return body if isinstance(body, str) else body.decode()

def predict_fn(data, weight):
    who = boto3.client("sts").get_caller_identity()["Arn"]
    return {{"weight": weight, "who": who, "key": [os.environ["AWS_" + name] for name in json.loads(data)]}}

def output_fn(prediction, accept):
    return json.dumps(prediction)
"""
KEY_NAMES = ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"]


@pytest.fixture(scope="module")
def session(clary: RunningClary) -> boto3.Session:
    key = clary.environment()
    made = boto3.Session(key["AWS_ACCESS_KEY_ID"], key["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1")
    s3 = made.client("s3", endpoint_url=clary.url)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="weight", Body=b"2.5")
    s3.put_object(Bucket=BUCKET, Key="model.tar.gz", Body=packed("code/inference.py", HANDLER))
    return made


def packed(name: str, text: str) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as files:
        entry = tarfile.TarInfo(name)
        entry.size = len(text.encode())
        files.addfile(entry, io.BytesIO(text.encode()))
    return archive.getvalue()


def settled(look: Callable[[], dict[str, Any]], status: str, pending: tuple[str, ...], seconds: float = 120) -> Any:
    """What `look` tells once its status is none of `pending`."""
    deadline = time.monotonic() + seconds
    while (found := look())[status] in pending:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def test_the_scripts_of_jobs_act_as_their_role(clary: RunningClary, session: boto3.Session) -> None:
    framework_python("scikit-learn-1.2")
    s3, sagemaker = (session.client(name, endpoint_url=clary.url) for name in ("s3", "sagemaker"))
    s3.put_object(Bucket=BUCKET, Key="source.tar.gz", Body=packed("train.py", SCRIPT.replace("KEY", "training")))
    s3.put_object(Bucket=BUCKET, Key="process/process.py", Body=SCRIPT.replace("KEY", "processing").encode())
    sagemaker.create_training_job(
        TrainingJobName="as-its-role",
        AlgorithmSpecification={"TrainingImage": SCIKIT_LEARN, "TrainingInputMode": "File"},
        RoleArn=ROLE,
        HyperParameters={
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": f"s3://{BUCKET}/source.tar.gz",
        },
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/output"},
        ResourceConfig=RESOURCES,
        StoppingCondition={"MaxRuntimeInSeconds": 300},
    )
    code = {"S3Uri": f"s3://{BUCKET}/process/", "LocalPath": "/opt/ml/processing/code", "S3DataType": "S3Prefix"}
    sagemaker.create_processing_job(
        ProcessingJobName="as-its-role",
        AppSpecification={
            "ImageUri": SCIKIT_LEARN,
            "ContainerEntrypoint": ["python3", "/opt/ml/processing/code/process.py"],
        },
        RoleArn=ROLE,
        ProcessingInputs=[{"InputName": "code", "S3Input": {**code, "S3InputMode": "File"}}],
        ProcessingResources={"ClusterConfig": RESOURCES},
    )
    for kind, describe in (
        ("training", lambda: sagemaker.describe_training_job(TrainingJobName="as-its-role")),
        ("processing", lambda: sagemaker.describe_processing_job(ProcessingJobName="as-its-role")),
    ):
        status = f"{kind.title()}JobStatus"
        job = settled(describe, status, ("InProgress", "Stopping"))
        assert job[status] == "Completed", job.get("FailureReason")
        assert s3.get_object(Bucket=BUCKET, Key=kind)["Body"].read().decode() == SESSION


def test_a_models_handlers_act_as_its_role_until_it_is_served_no_more(
    clary: RunningClary, session: boto3.Session
) -> None:
    framework_python("python-3")
    s3, sagemaker, runtime = (
        session.client(name, endpoint_url=clary.url) for name in ("s3", "sagemaker", "sagemaker-runtime")
    )
    name = {"EndpointName": "as-its-role"}
    sagemaker.create_model(
        ModelName="as-its-role",
        PrimaryContainer={"Image": PYTHON, "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"},
        ExecutionRoleArn=ROLE,
    )
    variant = {"VariantName": "all", "ModelName": "as-its-role", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(
        EndpointConfigName="as-its-role", ProductionVariants=[{**variant, "InstanceType": "ml.m5.large"}]
    )
    sagemaker.create_endpoint(**name, EndpointConfigName="as-its-role")
    s3.put_object(Bucket=BUCKET, Key="input/one", Body=b"[]")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/input/"}}
    sagemaker.create_transform_job(
        TransformJobName="as-its-role",
        ModelName="as-its-role",
        TransformInput={"DataSource": source, "ContentType": "application/json"},
        TransformOutput={"S3OutputPath": f"s3://{BUCKET}/transformed"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    found = settled(lambda: sagemaker.describe_endpoint(**name), "EndpointStatus", ("Creating",))
    assert found["EndpointStatus"] == "InService", found.get("FailureReason")
    body = json.dumps(KEY_NAMES)
    answer = json.loads(runtime.invoke_endpoint(**name, ContentType="application/json", Body=body)["Body"].read())
    assert (answer["weight"], answer["who"]) == ("2.5", SESSION)
    sts = boto3.Session(*answer["key"], "us-east-1").client("sts", endpoint_url=clary.url)
    assert sts.get_caller_identity()["Arn"] == SESSION

    job = settled(
        lambda: sagemaker.describe_transform_job(TransformJobName="as-its-role"), "TransformJobStatus", ("InProgress",)
    )
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    out = json.loads(s3.get_object(Bucket=BUCKET, Key="transformed/one.out")["Body"].read())
    assert (out["weight"], out["who"]) == ("2.5", SESSION)

    sagemaker.delete_endpoint(**name)
    deadline = time.monotonic() + 30
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        while sts.get_caller_identity():
            assert time.monotonic() < deadline, "the credentials of an endpoint outlive it"
            time.sleep(0.05)
