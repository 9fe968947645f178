"""How long a training job waits before it works, and what it costs over a bare script.

    .venv/bin/python -m benchmarks.jobs [--write]

The bare script reads the same CSV files, trains with the same parameters and saves the model; it runs in a new Python,
as a user would run it.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.clary_server import Server, running_clary
from benchmarks.report import machine, report, table

ROUNDS = 7
ROWS = 20_000
COLUMNS = 40
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
PARAMETERS = {"objective": "binary:logistic", "eval_metric": "auc", "max_depth": "6", "eta": "0.2", "seed": "3"}
TREES = 100
SCRIPT = f"""
import sys
import numpy as np
import pyarrow.csv
import xgboost
table = pyarrow.csv.read_csv(sys.argv[1], read_options=pyarrow.csv.ReadOptions(autogenerate_column_names=True))
data = np.column_stack([column.to_numpy() for column in table.columns])
matrix = xgboost.DMatrix(data[:, 1:], data[:, 0])
booster = xgboost.train({PARAMETERS!r}, matrix, {TREES}, evals=[(matrix, "train")])
booster.save_model(sys.argv[2])
"""


def make_data(path: Path) -> None:
    """Writes 20,000 made-up rows, label first."""
    random = np.random.default_rng(1)
    features = random.normal(size=(ROWS, COLUMNS))
    label = (features[:, :5].sum(axis=1) + random.normal(size=ROWS) > 0).astype(float)
    np.savetxt(path, np.column_stack([label, features]), delimiter=",", fmt="%.6g")


def bare_script_seconds(folder: Path) -> float:
    """The whole run of the script, imports included."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder / "train.csv"), str(folder / "model.ubj")],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - started


def job_seconds(server: Server, sagemaker: Any, name: str, role: str) -> tuple[float, float]:
    """Seconds from the CreateTrainingJob call to the first log line of the algorithm, and to Completed."""
    started = time.time()
    sagemaker.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn=role,
        InputDataConfig=[
            {
                "ChannelName": "train",
                "ContentType": "text/csv",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": "s3://jobs/train.csv",
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
        ],
        OutputDataConfig={"S3OutputPath": "s3://jobs/output"},
        ResourceConfig={"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
        HyperParameters={**PARAMETERS, "num_round": str(TREES)},
    )
    while (status := sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"]) == "InProgress":
        time.sleep(0.02)
    ended = time.time()
    assert status == "Completed", status
    logs = server.client("logs")
    group = "/aws/sagemaker/TrainingJobs"
    stream = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"][0]
    first = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)
    return first["events"][0]["timestamp"] / 1000 - started, ended - started


def main() -> None:
    """Measures in turns and reports medians."""
    with running_clary() as server, tempfile.TemporaryDirectory(prefix="clary-benchmark-") as name:
        folder = Path(name)
        make_data(folder / "train.csv")
        s3, sagemaker = server.client("s3"), server.client("sagemaker")
        s3.create_bucket(Bucket="jobs")
        s3.upload_file(str(folder / "train.csv"), "jobs", "train.csv")
        role = server.client("iam").get_role(RoleName="ClaryExecutionRole")["Role"]["Arn"]
        job_seconds(server, sagemaker, "warm-up", role)
        bare, first, whole = [], [], []
        for number in range(ROUNDS):
            bare.append(bare_script_seconds(folder))
            begin, end = job_seconds(server, sagemaker, f"job-{number}", role)
            first.append(begin)
            whole.append(end)
    rows = [
        ["CreateTrainingJob to the first line of the algorithm's log", f"{statistics.median(first):.3f}"],
        [f"whole job on {ROWS:,} rows, {TREES} trees", f"{statistics.median(whole):.2f}"],
        ["the same in a bare script", f"{statistics.median(bare):.2f}"],
        ["job over script", f"{statistics.median(np.subtract(whole, bare)):+.2f}"],
    ]
    report("jobs", f"{table(['measure', 'seconds'], rows)}\n\n{machine()}; medians of {ROUNDS}, in turns.")


if __name__ == "__main__":
    main()
