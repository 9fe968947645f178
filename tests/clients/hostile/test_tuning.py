"""Tuning jobs that cannot succeed: nonsense is refused, failures and silence end them with the reason."""

from __future__ import annotations

import io
import tarfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.clients.tuning import config, csv_of, definition, ended, tiny_table, trials_of

from .kit import Attacker

BUCKET = "hostile"
SCRIPT = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float)
arguments, _ = parser.parse_known_args()
print(f"score={-(arguments.rate - 0.3) ** 2}")
if arguments.rate > 5:
    raise RuntimeError(f"rate is {arguments.rate}, which this model does not learn from")
"""


def ranges(kind: str, *rows: dict[str, Any]) -> dict[str, Any]:
    return {"ParameterRanges": {f"{kind}ParameterRanges": list(rows)}}


def numbers(name: str, low: str, high: str, scale: str = "Auto") -> dict[str, str]:
    return {"Name": name, "MinValue": low, "MaxValue": high, "ScalingType": scale}


NONSENSE = [
    ("must be less than or equal to MaxValue", ranges("Continuous", numbers("eta", "0.9", "0.1"))),
    ("needs values above 0", ranges("Continuous", numbers("eta", "0", "0.1", "Logarithmic"))),
    ("needs 0 <= value < 1", ranges("Continuous", numbers("eta", "0.5", "1", "ReverseLogarithmic"))),
    ("is not a number", ranges("Continuous", numbers("eta", "few", "0.1"))),
    ("is not a number", ranges("Continuous", numbers("eta", "1e999", "inf"))),
    ("is not an integer", ranges("Integer", numbers("max_depth", "1", "1e30"))),
    ("isn't tunable for the [xgboost]", ranges("Integer", numbers("x" * 256, "1", "9"))),
    ("stands twice", ranges("Categorical", {"Name": "booster", "Values": ["dart", "dart"]})),
    ("enough combinations", ranges("Integer", numbers("max_depth", "1", "2"))),
    ("isn't valid for the", {"HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "auc"}}),
    ("is required", {"ParameterRanges": {}, "Strategy": "Hyperband"}),
]


@pytest.mark.parametrize(("said", "changes"), NONSENSE)
def test_ranges_that_make_no_sense_are_refused(
    attacker: Attacker, sagemaker: Any, said: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(ClientError) as refused:
        sagemaker.create_hyper_parameter_tuning_job(
            HyperParameterTuningJobName="nonsense",
            HyperParameterTuningJobConfig=config(**changes),
            TrainingJobDefinition={**definition(BUCKET, attacker.role), "StaticHyperParameters": {}},
        )
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert said in refused.value.response["Error"]["Message"]


def test_a_tuning_job_over_broken_data_fails_with_the_first_failure(
    attacker: Attacker, s3: Any, sagemaker: Any
) -> None:
    for name, content in (("train", b"1,2,apple\n"), ("validation", csv_of(tiny_table(20)))):
        s3.put_object(Bucket=BUCKET, Key=f"untunable/{name}/data.csv", Body=content)
    training = definition(f"{BUCKET}/untunable", attacker.role)
    training["OutputDataConfig"] = {"S3OutputPath": f"s3://{BUCKET}/out"}
    sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="broken-data",
        HyperParameterTuningJobConfig=config(most=20),
        TrainingJobDefinition=training,
    )
    told = ended(sagemaker, "broken-data")
    assert told["HyperParameterTuningJobStatus"] == "Failed"
    assert "No training job succeeded after" in told["FailureReason"]
    assert "data.csv" in told["FailureReason"]
    assert "apple" in told["FailureReason"]
    assert told["TrainingJobStatusCounters"]["NonRetryableError"] in (5, 6)  # one more was running when five had failed
    assert "BestTrainingJob" not in told
    failed = [line for line in trials_of(sagemaker, "broken-data") if line["TrainingJobStatus"] == "Failed"]
    assert all("apple" in line["FailureReason"] for line in failed)


def script_definition(role: str, s3: Any, regex: str) -> dict[str, Any]:
    """A definition that runs `SCRIPT` on a plain Python, its objective read from the log."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("train.py")
        member.size = len(SCRIPT.encode())
        archive.addfile(member, io.BytesIO(SCRIPT.encode()))
    s3.put_object(Bucket=BUCKET, Key="tuned/sourcedir.tar.gz", Body=packed.getvalue())
    training = definition(BUCKET, role)
    del training["InputDataConfig"]
    return {
        **training,
        "StaticHyperParameters": {
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": f"s3://{BUCKET}/tuned/sourcedir.tar.gz",
        },
        "AlgorithmSpecification": {
            "TrainingImage": "python:3.11",
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "score", "Regex": regex}],
        },
    }


def tune_script(sagemaker: Any, name: str, training: dict[str, Any], high: str, most: int) -> dict[str, Any]:
    objective = {"Type": "Maximize", "MetricName": "score"}
    sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig=config(
            most=most,
            HyperParameterTuningJobObjective=objective,
            RandomSeed=1,
            **ranges("Continuous", numbers("rate", "0", high, "Linear")),
        ),
        TrainingJobDefinition=training,
    )
    return ended(sagemaker, name, 240)


def test_a_regex_that_never_matches_ends_the_tuning_and_says_so(attacker: Attacker, s3: Any, sagemaker: Any) -> None:
    training = script_definition(attacker.role, s3, "accuracy=([0-9.]+)")
    told = tune_script(sagemaker, "silent", training, "1", 9)
    assert told["HyperParameterTuningJobStatus"] == "Failed"
    assert "No objective metrics found after running 5 training jobs" in told["FailureReason"]
    assert told["TrainingJobStatusCounters"]["Completed"] in (5, 6)
    assert told["ObjectiveStatusCounters"]["Succeeded"] == 0


def test_a_script_is_tuned_by_what_it_prints_and_failed_trials_do_not_end_the_tuning(
    attacker: Attacker, s3: Any, sagemaker: Any
) -> None:
    training = script_definition(attacker.role, s3, r"score=([-0-9.e]+)")
    told = tune_script(sagemaker, "half-broken", training, "10", 6)
    assert told["HyperParameterTuningJobStatus"] == "Completed"
    lines = trials_of(sagemaker, "half-broken")
    for line in lines:
        x = float(line["TunedHyperParameters"]["rate"])
        assert line["TrainingJobStatus"] == ("Failed" if x > 5 else "Completed")
        if x > 5:
            assert "which this model does not learn from" in line["FailureReason"]
        else:
            value = line["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
            assert value == pytest.approx(-((x - 0.3) ** 2), rel=1e-4)
    counters = told["TrainingJobStatusCounters"]
    assert counters["Completed"] + counters["NonRetryableError"] == 6
    assert counters["NonRetryableError"] > 0
