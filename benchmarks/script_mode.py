"""What a scikit-learn script costs as a training job, over the same script run bare.

    .venv/bin/python -m benchmarks.script_mode [--write]

The bare script runs in the same framework environment, on the same file, in a new interpreter. The job's time is that
of a client: from the call of CreateTrainingJob until it sees the job completed; upload, unpacking of the source, the
script, and the storing of model and metrics lie in between.
"""

from __future__ import annotations

import io
import json
import os
import statistics
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.clary_server import running_clary
from benchmarks.report import machine, report, table
from clary.app.settings import Settings
from clary.frameworks.catalog import framework
from clary.frameworks.environments import Environments

ROUNDS = 9
ROWS = 20_000
COLUMNS = 20
LIMIT_SECONDS = 0.7
FRAMEWORK = "scikit-learn-1.2"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
SCRIPT = Path(__file__).parents[1] / "tests" / "clients" / "scripts" / "train_scikit_learn.py"


def make_data(path: Path) -> None:
    """Writes made-up rows, label first."""
    random = np.random.default_rng(1)
    features = random.normal(size=(ROWS, COLUMNS))
    label = (features[:, :3].sum(axis=1) > 0).astype(float)
    np.savetxt(path, np.column_stack([label, features]), delimiter=",", fmt="%.6g")


def bare_seconds(python: Path, folder: Path) -> float:
    """The whole run of the script, imports included."""
    variables = {
        "SM_MODEL_DIR": str(folder / "model"),
        "SM_OUTPUT_DATA_DIR": str(folder / "model"),
        "SM_CHANNEL_TRAIN": str(folder / "train"),
    }
    started = time.perf_counter()
    subprocess.run(
        [str(python), str(SCRIPT), "--max-leaf-nodes", "30"],
        check=True,
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - started


def job_seconds(sagemaker: Any, name: str, role: str) -> float:
    """From the call to the sight of its completion."""
    told = {
        "sagemaker_program": SCRIPT.name,
        "sagemaker_submit_directory": "s3://scripts/sourcedir.tar.gz",
        "max-leaf-nodes": 30,
    }
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://scripts/train/", "S3DataDistributionType": "FullyReplicated"}
    started = time.perf_counter()
    sagemaker.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "accuracy", "Regex": "accuracy: ([0-9.]+);"}],
        },
        RoleArn=role,
        InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
        OutputDataConfig={"S3OutputPath": "s3://scripts/output"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
        HyperParameters={key: json.dumps(value) for key, value in told.items()},
    )
    while (job := sagemaker.describe_training_job(TrainingJobName=name))["TrainingJobStatus"] == "InProgress":
        time.sleep(0.02)
    seconds = time.perf_counter() - started
    assert job["TrainingJobStatus"] == "Completed", job
    return seconds


def main() -> None:
    """Measures in turns and reports medians."""
    environment = Environments(Settings.load().frameworks_folder).ready(framework(FRAMEWORK), print)
    with running_clary() as server, tempfile.TemporaryDirectory(prefix="clary-benchmark-") as name:
        folder = Path(name)
        for part in ("train", "model"):
            (folder / part).mkdir()
        make_data(folder / "train" / "data.csv")
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as packed:
            packed.add(SCRIPT, SCRIPT.name)
        s3, sagemaker = server.client("s3"), server.client("sagemaker")
        s3.create_bucket(Bucket="scripts")
        s3.upload_file(str(folder / "train" / "data.csv"), "scripts", "train/data.csv")
        s3.put_object(Bucket="scripts", Key="sourcedir.tar.gz", Body=archive.getvalue())
        role = server.client("iam").get_role(RoleName="ClaryExecutionRole")["Role"]["Arn"]
        job_seconds(sagemaker, "warm-up", role)
        bare_seconds(environment.python, folder)
        bare, job = [], []
        for number in range(ROUNDS):
            bare.append(bare_seconds(environment.python, folder))
            job.append(job_seconds(sagemaker, f"job-{number}", role))
    over = statistics.median(np.subtract(job, bare))
    rows = [
        [f"scikit-learn script on {ROWS:,} rows, as a training job", f"{statistics.median(job):.2f}"],
        ["the same script bare", f"{statistics.median(bare):.2f}"],
        [f"job over script (wanted: at most {LIMIT_SECONDS})", f"{over:+.2f}"],
    ]
    report("script_mode", f"{table(['measure', 'seconds'], rows)}\n\n{machine()}; medians of {ROUNDS}, in turns.")


if __name__ == "__main__":
    main()
