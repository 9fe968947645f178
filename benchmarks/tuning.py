"""What a tuning job costs over a loop: ten trials of a small XGBoost, and the time between two trials.

    .venv/bin/python -m benchmarks.tuning [--write]

The peer is the program that a user would write instead: optuna suggests, xgboost trains over data that were read once,
in one process that has imported everything; each trial's model is saved. Both sides have the same data, ranges,
boosting rounds and parallelism, and run in turns.
"""

from __future__ import annotations

import itertools
import json
import os
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

TRIALS = 10
TURNS = 3
ROWS = 20_000
COLUMNS = 40
TREES = 200
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
RANGES = {"eta": (0.1, 0.5), "subsample": (0.5, 1.0)}
DEPTH = (3, 8)
LOOP = """
import json, sys, time
import numpy as np
import optuna
import pyarrow.csv
import xgboost
folder, trials, trees, ranges, depth = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *map(json.loads, sys.argv[4:6])
optuna.logging.set_verbosity(optuna.logging.WARNING)
def read(name):
    options = pyarrow.csv.ReadOptions(autogenerate_column_names=True)
    columns = pyarrow.csv.read_csv(f"{folder}/{name}.csv", read_options=options).columns
    data = np.column_stack([column.to_numpy() for column in columns])
    return xgboost.DMatrix(data[:, 1:], data[:, 0])
def objective(trial):
    settings = {name: trial.suggest_float(name, *ends) for name, ends in ranges.items()}
    settings |= {"max_depth": trial.suggest_int("max_depth", *depth), "objective": "binary:logistic"}
    settings |= {"eval_metric": "auc", "seed": 3}
    told = {}
    parts = [(train, "train"), (validation, "validation")]
    booster = xgboost.train(settings, train, trees, evals=parts, evals_result=told, verbose_eval=False)
    booster.save_model(f"{folder}/model-{trial.number}.ubj")
    return told["validation"]["auc"][-1]
started = time.perf_counter()
train, validation = read("train"), read("validation")
study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=3))
study.optimize(objective, n_trials=trials)
print(json.dumps({"seconds": time.perf_counter() - started, "best": study.best_value}))
"""


def make_data(folder: Path) -> None:
    """Writes 20,000 made-up rows for training and 5,000 for validation, label first."""
    random = np.random.default_rng(1)
    features = random.normal(size=(ROWS * 5 // 4, COLUMNS))
    label = (
        features[:, :5].sum(axis=1) + features[:, 5] * features[:, 6] + random.normal(size=len(features)) > 0
    ) * 1.0
    data = np.column_stack([label, features])
    for name, rows in (("train", data[:ROWS]), ("validation", data[ROWS:])):
        np.savetxt(folder / f"{name}.csv", rows, delimiter=",", fmt="%.6g")


def loop_seconds(folder: Path) -> float:
    """The loop's own time: its imports are not counted."""
    arguments = [str(folder), str(TRIALS), str(TREES), json.dumps(RANGES), json.dumps(DEPTH)]
    done = subprocess.run([sys.executable, "-c", LOOP, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return float(json.loads(done.stdout)["seconds"])


def channel(name: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://tuning/{name}.csv", "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}


def instance_type() -> str:
    """An instance with at least this machine's CPUs, so that one trial runs at a time, as in the loop."""
    return "ml.m5.large" if (os.cpu_count() or 1) <= 2 else "ml.m5.24xlarge"


def tuning_seconds(server: Server, name: str, role: str) -> tuple[float, list[float]]:
    """From the call to the end of the tuning job, and from the end of each trial to the start of the next program."""
    sagemaker = server.client("sagemaker")
    floats = [{"Name": key, "MinValue": str(low), "MaxValue": str(high)} for key, (low, high) in RANGES.items()]
    started = time.time()
    sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig={
            "Strategy": "Bayesian",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:auc"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": TRIALS, "MaxParallelTrainingJobs": 1},
            "ParameterRanges": {
                "ContinuousParameterRanges": floats,
                "IntegerParameterRanges": [{"Name": "max_depth", "MinValue": str(DEPTH[0]), "MaxValue": str(DEPTH[1])}],
            },
            "RandomSeed": 3,
        },
        TrainingJobDefinition={
            "StaticHyperParameters": {"objective": "binary:logistic", "num_round": str(TREES), "seed": "3"},
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "RoleArn": role,
            "InputDataConfig": [channel("train"), channel("validation")],
            "OutputDataConfig": {"S3OutputPath": "s3://tuning/output"},
            "ResourceConfig": {"InstanceType": instance_type(), "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        },
    )
    while True:
        told = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        if told["HyperParameterTuningJobStatus"] != "InProgress":
            break
        time.sleep(1)  # asking takes CPU from the trials, which the loop does not have to share
    seconds = told["HyperParameterTuningEndTime"].timestamp() - started  # Clary's clock is this machine's
    assert told["TrainingJobStatusCounters"]["Completed"] == TRIALS, told
    lines = sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name, SortBy="CreationTime", SortOrder="Ascending", MaxResults=100
    )["TrainingJobSummaries"]
    gaps = [
        (after["CreationTime"] - before["TrainingEndTime"]).total_seconds()
        for before, after in itertools.pairwise(lines)
    ]
    return seconds, gaps


def main() -> None:
    """Measures in turns and reports medians."""
    with running_clary() as server, tempfile.TemporaryDirectory(prefix="clary-benchmark-") as name:
        folder = Path(name)
        make_data(folder)
        s3 = server.client("s3")
        s3.create_bucket(Bucket="tuning")
        for part in ("train", "validation"):
            s3.upload_file(str(folder / f"{part}.csv"), "tuning", f"{part}.csv")
        role = server.client("iam").get_role(RoleName="ClaryExecutionRole")["Role"]["Arn"]
        loop, tuning, gaps = [], [], []
        for turn in range(TURNS):
            loop.append(loop_seconds(folder))
            seconds, between = tuning_seconds(server, f"turn-{turn}", role)
            tuning.append(seconds)
            gaps += between
    middle = statistics.median(tuning), statistics.median(loop)
    rows = [
        [f"tuning job, {TRIALS} trials one after the other", f"{middle[0]:.2f} s"],
        ["optuna calling xgboost in a loop", f"{middle[1]:.2f} s"],
        ["ratio (wanted: at most 1.3)", f"{middle[0] / middle[1]:.2f}"],
        ["from the end of a trial to the next one in the queue", f"{statistics.median(gaps) * 1000:.0f} ms"],
    ]
    text = table(["measure", "median"], rows)
    report("tuning", f"{text}\n\n{machine()}; {TURNS} turns; {ROWS:,} rows, {COLUMNS} columns, {TREES} trees.")


if __name__ == "__main__":
    main()
