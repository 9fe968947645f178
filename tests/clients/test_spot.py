"""Managed spot training with the unmodified clients: interrupted, resumed, and nobody can tell from the result."""

from __future__ import annotations

import json
import subprocess
import tarfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from clary.compute.prices import Prices
from tests.clients.conftest import CLARY, RunningClary, client_python
from tests.clients.datasets import made_up, write_parts
from tests.clients.frameworks import SCRIPTS, framework_python
from tests.clients.test_main_path import run_program

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
PROGRAMS = Path(__file__).parent / "programs"
GROUP = "/aws/sagemaker/TrainingJobs"
BUCKET = "spot-training"


class Account:
    """The clients of the account, and its training jobs."""

    def __init__(self, clary: RunningClary) -> None:
        key = clary.environment()
        session = boto3.session.Session(
            aws_access_key_id=key["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=key["AWS_SECRET_ACCESS_KEY"],
            region_name="us-east-1",
        )
        self.s3, self.sagemaker, self.logs, self.iam = (
            session.client(api, endpoint_url=clary.url) for api in ("s3", "sagemaker", "logs", "iam")
        )
        self._role = self.iam.get_role(RoleName="ClaryExecutionRole")["Role"]["Arn"]
        self.s3.create_bucket(Bucket=BUCKET)

    def put(self, folder: Path) -> None:
        write_parts(made_up(), folder)
        for name in ("train", "validation"):
            self.s3.upload_file(str(folder / f"{name}.csv"), BUCKET, f"{name}/{name}.csv")

    def train(self, name: str, *, spot: bool, rounds: int = 400, **changes: Any) -> str:
        """Starts a job; one on spot keeps checkpoints and may take a quarter of an hour in all."""
        name = f"{name}-{time.time_ns()}"
        request: dict[str, Any] = {
            "TrainingJobName": name,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "RoleArn": self._role,
            "InputDataConfig": [self._channel("train"), self._channel("validation")],
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/output"},
            "ResourceConfig": {"InstanceType": "ml.m5.24xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            "HyperParameters": {
                "objective": "binary:logistic",
                "eval_metric": "logloss,error@0.7",
                "num_round": str(rounds),
                "subsample": "0.8",
                "colsample_bytree": "0.7",
                "seed": "5",
            },
        }
        if spot:
            request["EnableManagedSpotTraining"] = True
            request["StoppingCondition"]["MaxWaitTimeInSeconds"] = 900
            request["CheckpointConfig"] = {"S3Uri": f"s3://{BUCKET}/checkpoints/{name}"}
        self.sagemaker.create_training_job(**request | changes)
        return name

    @staticmethod
    def _channel(name: str) -> dict[str, Any]:
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{name}"}
        return {"ChannelName": name, "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}

    def until(self, name: str, condition: Callable[[dict[str, Any]], bool], seconds: float = 60.0) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while not condition(described := self.sagemaker.describe_training_job(TrainingJobName=name)):
            assert time.monotonic() < deadline, described
            time.sleep(0.05)
        return described

    def finished(self, name: str) -> dict[str, Any]:
        return self.until(name, lambda job: job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped"))

    def curve(self, name: str) -> dict[int, set[str]]:
        """The loss curve of a job: round -> what its log says of it, in all attempts."""
        rounds: dict[int, set[str]] = defaultdict(set)
        streams = self.logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{name}/")["logStreams"]
        for stream in streams:
            told = {"logGroupName": GROUP, "logStreamName": stream["logStreamName"], "startFromHead": True}
            for event in self.logs.get_log_events(**told)["events"]:
                number, _, rest = event["message"].removeprefix("[").partition("]")
                if number.isdigit():
                    rounds[int(number)].add(rest)
        return dict(rounds)

    def model(self, described: dict[str, Any]) -> bytes:
        bucket, _, key = described["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()


@pytest.fixture(scope="module")
def account(clary: RunningClary, tmp_path_factory: pytest.TempPathFactory) -> Account:
    account = Account(clary)
    account.put(tmp_path_factory.mktemp("spot"))
    return account


def statuses(described: dict[str, Any]) -> list[str]:
    return [step["Status"] for step in described["SecondaryStatusTransitions"]]


def test_the_loss_curve_and_the_model_of_an_interrupted_job_are_those_of_an_uninterrupted_one(account: Account) -> None:
    kept = {"S3Uri": f"s3://{BUCKET}/checkpoints/whole"}
    whole = account.finished(account.train("whole", spot=False, rounds=2000, CheckpointConfig=kept))
    tags = [{"Key": "clary:spot-interrupt-after-seconds", "Value": "0.3/0.7"}]
    cut = account.finished(account.train("cut", spot=True, rounds=2000, Tags=tags))
    assert (whole["TrainingJobStatus"], cut["TrainingJobStatus"]) == ("Completed", "Completed")
    assert statuses(cut) == [
        *("Starting", "Downloading", "Training", "Interrupted") * 2,
        *("Starting", "Downloading", "Training", "Uploading", "Completed"),
    ]
    curves = [account.curve(described["TrainingJobName"]) for described in (whole, cut)]
    assert len(curves[0]) == 2000
    assert curves[0] == curves[1], "every round, however often it ran, says the same"
    assert account.model(whole) == account.model(cut)
    assert {m["MetricName"]: m["Value"] for m in whole["FinalMetricDataList"]} == {
        m["MetricName"]: m["Value"] for m in cut["FinalMetricDataList"]
    }
    assert "validation:error@0.7" in {m["MetricName"] for m in cut["FinalMetricDataList"]}
    assert 1 <= cut["BillableTimeInSeconds"] <= cut["TrainingTimeInSeconds"]
    assert cut["EnableManagedSpotTraining"] is True


@pytest.mark.slow
def test_the_loss_curve_of_an_interrupted_pytorch_script_is_that_of_an_uninterrupted_one(
    account: Account, tmp_path: Path
) -> None:
    framework_python("pytorch-2.13")  # built before the clocks of the jobs run
    with tarfile.open(tmp_path / "sourcedir.tar.gz", "w:gz") as packed:
        packed.add(SCRIPTS / "spot_pytorch.py", "train.py")
    account.s3.upload_file(str(tmp_path / "sourcedir.tar.gz"), BUCKET, "code/sourcedir.tar.gz")
    changes: dict[str, Any] = {
        "AlgorithmSpecification": {
            "TrainingImage": "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.5-cpu-py311",
            "TrainingInputMode": "File",
        },
        "HyperParameters": {
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": f'"s3://{BUCKET}/code/sourcedir.tar.gz"',
            "epochs": "60",  # far more than interruptions ask for: under load several checkpoints count as one
            "checkpoint-path": '"/opt/ml/mine/checkpoints"',
        },
    }
    tags = [{"Key": "clary:spot-interrupt-at-checkpoint", "Value": "4/11"}]
    kept = {"S3Uri": f"s3://{BUCKET}/checkpoints/torch-{time.time_ns()}", "LocalPath": "/opt/ml/mine/checkpoints"}
    beside = {**kept, "S3Uri": kept["S3Uri"] + "-whole"}
    whole = account.finished(account.train("torch", spot=False, **changes | {"CheckpointConfig": beside}))
    cut = account.finished(account.train("torch-cut", spot=True, Tags=tags, **changes | {"CheckpointConfig": kept}))
    assert [job["TrainingJobStatus"] for job in (whole, cut)] == ["Completed", "Completed"], (whole, cut)
    assert statuses(cut).count("Interrupted") == 2
    curves = [account.curve(described["TrainingJobName"]) for described in (whole, cut)]
    assert len(curves[0]) == 60
    assert curves[0] == curves[1], "every epoch, however often it ran, says the same"


def test_an_on_demand_job_takes_the_room_of_a_spot_job_which_goes_on_afterwards(account: Account) -> None:
    cheap = account.train("cheap", spot=True, rounds=700)
    account.until(cheap, lambda job: job["SecondaryStatus"] == "Training")
    dear = account.finished(account.train("dear", spot=False, rounds=5))
    assert dear["TrainingJobStatus"] == "Completed"
    described = account.finished(cheap)
    assert described["TrainingJobStatus"] == "Completed"
    assert "Interrupted" in statuses(described)
    assert sorted(account.curve(cheap)) == list(range(700)), "no round is missing"


def test_the_command_interrupts_a_spot_job_and_refuses_any_other(account: Account, clary: RunningClary) -> None:
    name = account.train("asked", spot=True, rounds=700)
    account.until(name, lambda job: job["SecondaryStatus"] == "Training")
    told = subprocess.run(
        [str(CLARY), "spot", "--data", str(clary.data), "interrupt", name], capture_output=True, text=True, check=True
    )
    assert "is interrupted; it goes on from its checkpoints" in told.stdout
    described = account.finished(name)
    assert (described["TrainingJobStatus"], statuses(described).count("Interrupted")) == ("Completed", 1)
    refused = subprocess.run(
        [str(CLARY), "spot", "--data", str(clary.data), "interrupt", name], capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert "does not run: there is nothing to interrupt" in refused.stderr


def test_a_job_tells_what_it_would_have_cost(account: Account, clary: RunningClary) -> None:
    described = account.finished(account.train("priced", spot=False, rounds=5))
    tags = account.sagemaker.list_tags(ResourceArn=described["TrainingJobArn"])["Tags"]
    price = float(next(tag["Value"] for tag in tags if tag["Key"] == "clary:estimated-aws-cost-usd"))
    assert price == pytest.approx(5.53 / 3600 * described["BillableTimeInSeconds"], abs=1e-6)
    assert "training" in clary.command("costs")
    assert clary.command("costs", "--format", "csv").startswith("day,kind,count,instance_seconds,usd,")
    spot = account.finished(account.train("saved", spot=True, rounds=5))
    tags = account.sagemaker.list_tags(ResourceArn=spot["TrainingJobArn"])["Tags"]
    paid = float(next(tag["Value"] for tag in tags if tag["Key"] == "clary:estimated-aws-cost-usd"))
    share = Prices.load().spot_share("ml.m5.24xlarge", "training")
    assert share is not None and 0 < share < 1
    assert paid == pytest.approx(5.53 / 3600 * spot["TrainingTimeInSeconds"] * share, abs=1e-6)
    report = json.loads(clary.command("costs", "--format", "json"))
    assert report["total_saved_by_spot_usd"] > 0
    assert report["spot"]["as_of"] == "2026-08"


def test_a_spot_job_on_an_instance_without_a_spot_price_says_that_its_saving_is_not_known(account: Account) -> None:
    kept = {"InstanceType": "ml.p4d.24xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1}
    described = account.finished(account.train("unpriced", spot=True, rounds=5, ResourceConfig=kept))
    assert described["BillableTimeInSeconds"] == described["TrainingTimeInSeconds"]
    last = described["SecondaryStatusTransitions"][-1]["StatusMessage"]
    assert last.startswith("Training job completed. The price table has no spot price of ml.p4d.24xlarge")


def test_a_warm_pool_is_reused_by_the_next_job_like_it(account: Account) -> None:
    kept = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 7, "KeepAlivePeriodInSeconds": 300}
    first = account.train("first", spot=False, rounds=5, ResourceConfig=kept)
    account.finished(first)
    assert account.sagemaker.describe_training_job(TrainingJobName=first)["WarmPoolStatus"]["Status"] == "Available"
    second = account.train("second", spot=False, rounds=5, ResourceConfig=kept)
    account.finished(second)
    told = account.sagemaker.describe_training_job(TrainingJobName=first)["WarmPoolStatus"]
    assert (told["Status"], told["ReusedByJob"]) == ("Reused", second)
    account.sagemaker.update_training_job(TrainingJobName=second, ResourceConfig={"KeepAlivePeriodInSeconds": 0})
    ended = account.sagemaker.list_training_jobs(WarmPoolStatusEquals="Terminated")["TrainingJobSummaries"]
    assert [line["TrainingJobName"] for line in ended] == [second]


def test_the_sagemaker_sdk_v2_trains_on_spot_and_prints_what_was_saved(clary: RunningClary, tmp_path: Path) -> None:
    write_parts(made_up(), tmp_path)
    printed = run_program(clary, str(client_python("sdk2")), str(PROGRAMS / "spot_v2.py"), str(tmp_path), "0.3")
    assert "Interrupted" in printed
    assert '"status": "Completed"' in printed
    seconds, billable, saved = (
        float(printed.partition(f"{words}: ")[2].partition("\n")[0].rstrip("%"))
        for words in ("Training seconds", "Billable seconds", "Managed Spot Training savings")
    )
    share = Prices.load().spot_share("ml.m5.large", "training")
    assert share is not None
    assert billable == max(1, round(seconds * share))
    assert saved == pytest.approx(100 * (1 - billable / seconds), abs=0.06)


def test_the_sagemaker_sdk_v3_trains_on_spot(clary: RunningClary, account: Account, tmp_path: Path) -> None:
    write_parts(made_up(), tmp_path)
    python = client_python("sdk3")
    answer = answer_of_spot(clary, python, tmp_path)
    described = account.sagemaker.describe_training_job(TrainingJobName=answer["name"])
    assert (answer["status"], statuses(described).count("Interrupted")) == ("Completed", 1)
    assert described["StoppingCondition"] == {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 900}


def answer_of_spot(clary: RunningClary, python: Path, folder: Path) -> dict[str, Any]:
    printed = run_program(clary, str(python), str(PROGRAMS / "spot_v3.py"), str(folder), "0.3")
    return json.loads(printed.splitlines()[-1])
