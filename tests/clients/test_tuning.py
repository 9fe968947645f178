"""Hyperparameter tuning with the unmodified clients, the built-in XGBoost and a tiny data set."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest

from tests.clients.conftest import RunningClary, client_python
from tests.clients.tuning import METRIC, config, csv_of, definition, ended, put_data, tiny_table, trials_of, until

PROGRAMS = Path(__file__).parent / "programs"
BUCKET = "tuning-tests"


class Tuner:
    """boto3's clients of a running Clary, and data to tune over."""

    def __init__(self, clary: RunningClary) -> None:
        key = clary.environment()
        session = boto3.session.Session(key["AWS_ACCESS_KEY_ID"], key["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1")
        self.sagemaker = session.client("sagemaker", endpoint_url=clary.url)
        self.cloudwatch = session.client("cloudwatch", endpoint_url=clary.url)
        s3 = session.client("s3", endpoint_url=clary.url)
        s3.create_bucket(Bucket=BUCKET)
        put_data(s3, BUCKET)
        account = session.client("sts", endpoint_url=clary.url).get_caller_identity()["Account"]
        self.role = f"arn:aws:iam::{account}:role/ClaryExecutionRole"

    def create(self, name: str, settings: dict[str, Any], **static: str) -> str:
        self.sagemaker.create_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=name,
            HyperParameterTuningJobConfig=settings,
            TrainingJobDefinition=definition(BUCKET, self.role, **static),
        )
        return name


@pytest.fixture(scope="module")
def tuner(clary: RunningClary) -> Tuner:
    return Tuner(clary)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with train.csv and validation.csv."""
    table = tiny_table()
    (tmp_path / "train.csv").write_bytes(csv_of(table[:300]))
    (tmp_path / "validation.csv").write_bytes(csv_of(table[300:]))
    return tmp_path


def answer_of(clary: RunningClary, python: str, program: str, folder: Path) -> dict[str, Any]:
    command = [python, str(PROGRAMS / program), str(folder)]
    done = subprocess.run(command, env=clary.environment(), capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return json.loads(done.stdout.splitlines()[-1])


def test_the_sagemaker_sdk_v2_tunes_and_reads_the_result(clary: RunningClary, folder: Path) -> None:
    told = answer_of(clary, str(client_python("sdk2")), "tune_v2.py", folder)
    assert told["statuses"] == ["Completed"] * 3
    assert told["best"] == told["names"][int(np.argmax(told["objectives"]))]
    assert told["model_data"].endswith(f"/{told['best']}/output/model.tar.gz")
    assert told["static"]["objective"] == "binary:logistic"
    assert {"eta", "max_depth", "tree_method", "TrainingElapsedTimeSeconds"} <= set(told["columns"])
    (eta,) = told["ranges"]
    assert (eta["Name"], eta["MinValue"], eta["MaxValue"]) == ("eta", "0.1", "0.5")
    assert len(told["parents"]) == 1


def test_the_sagemaker_sdk_v3_tunes_and_reads_the_result(clary: RunningClary, folder: Path) -> None:
    told = answer_of(clary, str(client_python("sdk3")), "tune_v3.py", folder)
    assert told["status"] == "Completed"
    assert told["best"] == told["names"][int(np.argmin(told["objectives"]))]
    assert sorted(told["trials"]) == sorted(told["names"])


@pytest.mark.parametrize("strategy", ["Bayesian", "Random"])
def test_boto3_tunes_and_the_best_trial_is_the_best(
    clary: RunningClary, tuner: Tuner, tmp_path: Path, strategy: str
) -> None:
    name = tuner.create(f"boto3-{strategy}", config(strategy, most=7, parallel=2))
    told = ended(tuner.sagemaker, name)
    assert told["HyperParameterTuningJobStatus"] == "Completed"
    assert told["TrainingJobStatusCounters"]["Completed"] == 7
    assert told["ObjectiveStatusCounters"] == {"Succeeded": 7, "Pending": 0, "Failed": 0}
    lines = trials_of(tuner.sagemaker, name)
    assert len({line["TrainingJobName"] for line in lines}) == 7
    assert [line["TrainingJobName"][: len(name) + 4] for line in lines] == [f"{name}-{n:03d}" for n in range(1, 8)]
    values = {line["TrainingJobName"]: line["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for line in lines}
    best = told["BestTrainingJob"]
    assert values[best["TrainingJobName"]] == max(values.values())
    job = tuner.sagemaker.describe_training_job(TrainingJobName=best["TrainingJobName"])
    assert job["TuningJobArn"] == told["HyperParameterTuningJobArn"]
    assert job["HyperParameters"]["eta"] == best["TunedHyperParameters"]["eta"]
    told_metrics = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
    assert told_metrics["ObjectiveMetric"] == told_metrics[METRIC] == max(values.values())
    dimension = [{"Name": "TrainingJobName", "Value": best["TrainingJobName"]}]
    listed = tuner.cloudwatch.list_metrics(Namespace="/aws/sagemaker/TrainingJobs", Dimensions=dimension)
    assert "ObjectiveMetric" in {metric["MetricName"] for metric in listed["Metrics"]}
    assert "Tuning jobs" in clary.command("status")
    page = tmp_path / "search.html"
    assert "wrote" in clary.command("tuning", name, "--html", str(page))
    assert page.read_text().count("<circle") == 7
    assert "validation-auc" in clary.command("logs", lines[0]["TrainingJobName"])
    with pytest.raises(subprocess.CalledProcessError) as refused:
        clary.command("logs", name)
    assert lines[0]["TrainingJobName"] in refused.value.stderr


def test_hyperband_ends_training_jobs_early_and_keeps_the_best(tuner: Tuner) -> None:
    settings = config(
        "Hyperband",
        most=5,
        parallel=1,
        StrategyConfig={"HyperbandStrategyConfig": {"MinResource": 2, "MaxResource": 20}},
    )
    name = tuner.create("hyperband", settings, num_round="20000")
    told = ended(tuner.sagemaker, name, 120)
    assert told["HyperParameterTuningJobStatus"] == "Completed"
    assert told["TrainingJobStatusCounters"]["Stopped"] == 5  # none may go on beyond MaxResource
    assert told["BestTrainingJob"]["ObjectiveStatus"] == "Succeeded"


def test_a_target_ends_the_tuning_before_its_limit(tuner: Tuner) -> None:
    criteria = {"TuningJobCompletionCriteria": {"TargetObjectiveMetricValue": 0.6}}
    told = ended(tuner.sagemaker, tuner.create("target", config(most=30, parallel=1, **criteria)))
    assert told["HyperParameterTuningJobStatus"] == "Completed"
    assert sum(told["TrainingJobStatusCounters"].values()) < 5


def test_results_that_do_not_get_better_end_the_tuning(tuner: Tuner) -> None:
    criteria = {"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 3}}
    name = tuner.create("patient", config(most=40, parallel=1, TuningJobCompletionCriteria=criteria))
    told = ended(tuner.sagemaker, name)
    assert told["HyperParameterTuningJobStatus"] == "Completed"
    lines = sorted(trials_of(tuner.sagemaker, name), key=lambda line: line["TrainingJobName"])
    values = [line["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for line in lines]
    assert values.index(max(values)) == len(values) - 4
    assert told["TuningJobCompletionDetails"]["NumberOfTrainingJobsObjectiveNotImproving"] == 3


def test_a_search_that_has_converged_ends_and_says_when(tuner: Tuner) -> None:
    settings = config(
        most=60,
        parallel=1,
        TuningJobCompletionCriteria={"ConvergenceDetected": {"CompleteOnConvergence": "Enabled"}},
        ParameterRanges={"CategoricalParameterRanges": [{"Name": "max_depth", "Values": ["1", "2"]}]},
    )
    settings["ParameterRanges"]["ContinuousParameterRanges"] = [
        {"Name": "eta", "MinValue": "0.3", "MaxValue": "0.300001"}
    ]
    name = tuner.create("converged", settings, num_round="1")
    told = ended(tuner.sagemaker, name, 180)
    assert told["HyperParameterTuningJobStatus"] == "Completed"
    assert 24 <= sum(told["TrainingJobStatusCounters"].values()) < 60
    detected = told["TuningJobCompletionDetails"]["ConvergenceDetectedTime"]
    assert told["CreationTime"] < detected <= told["HyperParameterTuningEndTime"]


def test_a_stopped_tuning_job_leaves_nothing_running(tuner: Tuner) -> None:
    name = tuner.create("stopped", config(most=20), num_round="20000")
    until("a running trial", lambda: trials_of(tuner.sagemaker, name))
    tuner.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    told = ended(tuner.sagemaker, name)
    assert told["HyperParameterTuningJobStatus"] == "Stopped"
    assert told["TrainingJobStatusCounters"]["InProgress"] == 0
    assert {line["TrainingJobStatus"] for line in trials_of(tuner.sagemaker, name)} <= {"Stopped", "Completed"}


def test_autotune_chooses_ranges_and_says_which(tuner: Tuner) -> None:
    settings = config(most=2)
    del settings["ParameterRanges"]
    settings["ParameterRanges"] = {"AutoParameters": [{"Name": "eta", "ValueHint": "0.2"}]}
    tuner.sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="autotuned",
        HyperParameterTuningJobConfig=settings,
        TrainingJobDefinition=definition(BUCKET, tuner.role),
        Autotune={"Mode": "Enabled"},
    )
    told = ended(tuner.sagemaker, "autotuned")
    assert told["HyperParameterTuningJobStatus"] == "Completed"
    assert [
        row["Name"] for row in told["HyperParameterTuningJobConfig"]["ParameterRanges"]["ContinuousParameterRanges"]
    ] == ["eta"]
    assert told["HyperParameterTuningJobConfig"]["TrainingJobEarlyStoppingType"] == "Auto"
