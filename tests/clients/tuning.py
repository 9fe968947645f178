"""Tuning requests over a tiny data set, for the tests that talk to a really started server."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
METRIC = "validation:auc"
FINAL = ("Completed", "Failed", "Stopped")


def tiny_table(rows: int = 400) -> np.ndarray:
    """Label first, five features of which three matter, shape (rows, 6)."""
    generator = np.random.default_rng(0)
    features = generator.normal(size=(rows, 5))
    score = features[:, 0] + features[:, 1] * features[:, 2] + generator.normal(size=rows) / 2
    return np.column_stack([score > 0, features])


def csv_of(table: np.ndarray) -> bytes:
    return "\n".join(",".join(f"{value:.5g}" for value in row) for row in table).encode()


def put_data(s3: Any, bucket: str, table: np.ndarray | None = None) -> None:
    """Writes train/ and validation/ of a bucket."""
    table = tiny_table() if table is None else table
    part = len(table) * 3 // 4
    for name, rows in (("train", table[:part]), ("validation", table[part:])):
        s3.put_object(Bucket=bucket, Key=f"{name}/part.csv", Body=csv_of(rows))


def definition(bucket: str, role: str, **static: str) -> dict[str, Any]:
    return {
        "StaticHyperParameters": {"objective": "binary:logistic", "num_round": "5", **static},
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": role,
        "InputDataConfig": [
            {
                "ChannelName": name,
                "ContentType": "text/csv",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/{name}/"}},
            }
            for name in ("train", "validation")
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }


def config(strategy: str = "Random", most: int = 4, parallel: int = 2, **more: Any) -> dict[str, Any]:
    return {
        "Strategy": strategy,
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": METRIC},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": most, "MaxParallelTrainingJobs": parallel},
        "ParameterRanges": {
            "ContinuousParameterRanges": [{"Name": "eta", "MinValue": "0.1", "MaxValue": "0.5"}],
            "IntegerParameterRanges": [{"Name": "max_depth", "MinValue": "1", "MaxValue": "6"}],
        },
        **more,
    }


def trials_of(sagemaker: Any, name: str) -> list[dict[str, Any]]:
    pages = sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job")
    found = pages.paginate(HyperParameterTuningJobName=name, PaginationConfig={"PageSize": 3})
    return [line for page in found for line in page["TrainingJobSummaries"]]


def until(what: str, met: Callable[[], Any], seconds: float = 90) -> Any:
    """What `met` returns as soon as that is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := met():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {seconds} s")


def ended(sagemaker: Any, name: str, seconds: float = 90) -> dict[str, Any]:
    """The description of a tuning job once it is over."""

    def look() -> dict[str, Any] | None:
        told = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        return told if told["HyperParameterTuningJobStatus"] in FINAL else None

    return until(f"the end of {name}", look, seconds)
