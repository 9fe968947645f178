"""Training jobs that run what the user brings: a script on a framework, or a command."""

from __future__ import annotations

from typing import Any

import pytest

from clary.compute.contract import JobSpec, MetricDefinition
from clary.compute.jobs.queue import JobQueue
from clary.core.call import Call
from clary.core.errors import ValidationException
from clary.frameworks.toolkit import TRAIN
from clary.services.sagemaker.training_jobs import TrainingJobs
from tests.unit.services.sagemaker.training import IMAGE, request_for

ECR = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
SKLEARN = f"{ECR}/sagemaker-scikit-learn:1.2-1-cpu-py3"
SCRIPT = {"sagemaker_program": '"train.py"', "sagemaker_submit_directory": '"s3://bucket/job/sourcedir.tar.gz"'}


def script_request(image: str = SKLEARN, hyperparameters: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    specification = {"TrainingImage": image, "TrainingInputMode": "File", **more.pop("specification", {})}
    return request_for(AlgorithmSpecification=specification, HyperParameters=SCRIPT | (hyperparameters or {}), **more)


@pytest.fixture
def submitted(training_jobs: TrainingJobs, queue: JobQueue, call: Call) -> Any:
    def submit(request: dict[str, Any]) -> JobSpec:
        training_jobs.create(call, request)
        return queue.entries()[-1].spec

    return submit


def test_a_script_runs_in_the_environment_of_its_images_framework(submitted: Any) -> None:
    spec = submitted(script_request(Environment={"MINE": "1"}))
    assert spec.program.argv == ("python3", TRAIN)
    assert spec.program.framework == "scikit-learn-1.2"
    assert spec.program.environment["MINE"] == "1"
    source = spec.channels[-1]
    assert (source.uri, source.folder) == ("s3://bucket/job/sourcedir.tar.gz", "input/source")


def test_the_image_of_xgboost_runs_a_script_where_one_is_brought_and_the_algorithm_otherwise(submitted: Any) -> None:
    assert submitted(request_for("algorithm")).program.entry == "clary.algorithms.train:main"
    spec = submitted(script_request(IMAGE))
    assert (spec.program.entry, spec.program.framework) == ("", "xgboost-3.2")


def test_a_source_inside_of_a_channel_needs_no_further_channel(submitted: Any) -> None:
    path = {"sagemaker_submit_directory": '"/opt/ml/input/data/code/sourcedir.tar.gz"'}
    assert [channel.name for channel in submitted(script_request(hyperparameters=path)).channels] == [
        "train",
        "validation",
    ]


def test_a_command_takes_the_place_of_the_toolkit(submitted: Any) -> None:
    command = {"ContainerEntrypoint": ["/bin/bash"], "ContainerArguments": ["-c", "echo hi"]}
    spec = submitted(script_request(specification=command))
    assert spec.program.argv == ("/bin/bash", "-c", "echo hi")
    assert spec.program.framework == "scikit-learn-1.2"


def test_a_users_metrics_are_looked_for_and_described(submitted: Any, training_jobs: TrainingJobs, call: Call) -> None:
    metrics = [{"Name": "loss", "Regex": r"loss=([0-9.]+)"}]
    spec = submitted(script_request(specification={"MetricDefinitions": metrics}))
    assert spec.metrics == (MetricDefinition("loss", r"loss=([0-9.]+)"),)
    described = training_jobs.describe(call, {"TrainingJobName": "Offer-1"})
    assert described["AlgorithmSpecification"]["MetricDefinitions"] == metrics


def test_checkpoints_may_lie_where_the_script_wants_them(submitted: Any) -> None:
    spec = submitted(script_request(CheckpointConfig={"S3Uri": "s3://bucket/c", "LocalPath": "/opt/ml/mine/"}))
    assert spec.checkpoint_folder == "mine"


@pytest.mark.parametrize("path", ["/tmp/c", "/opt/ml", "/opt/ml/model/c", "/opt/ml/../c", "/opt/ml//c"])
def test_checkpoints_elsewhere_are_refused(submitted: Any, path: str) -> None:
    with pytest.raises(ValidationException, match="LocalPath"):
        submitted(script_request(CheckpointConfig={"S3Uri": "s3://bucket/c", "LocalPath": path}))


@pytest.mark.parametrize(("regex", "why"), [("loss=(", "missing"), ("loss", "no group")])
def test_a_regex_that_can_hold_no_value_is_refused(submitted: Any, regex: str, why: str) -> None:
    with pytest.raises(ValidationException, match=f"metric 'loss'.*{why}"):
        submitted(script_request(specification={"MetricDefinitions": [{"Name": "loss", "Regex": regex}]}))


def test_several_hosts_without_a_network_are_refused(submitted: Any) -> None:
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}
    with pytest.raises(ValidationException, match="could not reach one another"):
        submitted(script_request(ResourceConfig=resources, EnableNetworkIsolation=True))


def test_distributed_training_that_clary_lacks_is_refused_by_name(submitted: Any) -> None:
    with pytest.raises(ValidationException, match=r"parameter servers.*sagemaker_parameter_server_enabled"):
        submitted(script_request(hyperparameters={"sagemaker_parameter_server_enabled": "true"}))
    submitted(script_request(hyperparameters={"sagemaker_parameter_server_enabled": "false"}))


def test_an_image_that_nobody_knows_is_refused_with_all_that_runs(submitted: Any) -> None:
    with pytest.raises(ValidationException) as refused:
        submitted(script_request(f"{ECR}/mxnet-training:1.9.0-cpu-py38"))
    for repository in ("sagemaker-xgboost", "sagemaker-scikit-learn", "pytorch-training", "tensorflow-training"):
        assert repository in refused.value.message
