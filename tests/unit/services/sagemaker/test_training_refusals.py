from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from clary.compute.jobs.queue import JobQueue
from clary.core.call import Call, Principal
from clary.core.errors import AccessDeniedException, ServiceError, ValidationException
from clary.services.sagemaker.errors import ResourceLimitExceeded
from clary.services.sagemaker.training_jobs import TrainingJobs
from clary.storage.identities import Identities
from tests.unit.services.sagemaker.conftest import ACCOUNT
from tests.unit.services.sagemaker.training import IMAGE, channel, request_for

UNSUPPORTED: list[tuple[str, dict[str, Any]]] = [
    ("KMS keys", {"OutputDataConfig": {"S3OutputPath": "s3://bucket/out", "KmsKeyId": "key"}}),
    (
        "parameter servers",
        {"HyperParameters": {"sagemaker_program": "a.py", "sagemaker_parameter_server_enabled": "true"}},
    ),
    ("Debugger rules", {"DebugRuleConfigurations": [{"RuleConfigurationName": "r", "RuleEvaluatorImage": "i"}]}),
    ("remote debugging", {"RemoteDebugConfig": {"EnableRemoteDebug": True}}),
    (
        "algorithm resources",
        {"AlgorithmSpecification": {"AlgorithmName": "mine", "TrainingInputMode": "File"}},
    ),
]


@pytest.mark.parametrize(("feature", "changes"), UNSUPPORTED)
def test_what_clary_does_not_have_is_refused_by_name(
    training_jobs: TrainingJobs, queue: JobQueue, call: Call, feature: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(ValidationException, match=f"Clary does not have {feature}"):
        training_jobs.create(call, request_for(**changes))
    assert queue.entries() == []


def resources(**changes: Any) -> dict[str, Any]:
    return {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5, **changes}}


def algorithm(**changes: Any) -> dict[str, Any]:
    return {"AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File", **changes}}


def stopping(**changes: Any) -> dict[str, Any]:
    return {"StoppingCondition": {"MaxRuntimeInSeconds": 3600, **changes}}


def tags(key: str, value: str) -> dict[str, Any]:
    return {"Tags": [{"Key": key, "Value": value}]}


NO_BUCKET = {"OutputDataConfig": {"S3OutputPath": "s3://no-such-bucket/out"}}
SPOT = {"EnableManagedSpotTraining": True}
SPOT_60 = {**SPOT, **stopping(MaxWaitTimeInSeconds=3600)}
BROKEN: list[tuple[type[ServiceError], str, dict[str, Any]]] = [
    (ValidationException, "more than once", {"InputDataConfig": [channel("train"), channel("train")]}),
    (ValidationException, "exactly one data source", {"InputDataConfig": [channel("train", DataSource={})]}),
    (ValidationException, "Invalid S3 URI in OutputData", {"OutputDataConfig": {"S3OutputPath": "https://x.y/out"}}),
    (ValidationException, "InstanceCount is required", resources(InstanceCount=0)),
    (ValidationException, "InstanceType is required", {"ResourceConfig": None}),
    (ResourceLimitExceeded, "ml.m5.large for training job usage' is 20", resources(InstanceCount=21)),
    (ValidationException, "kept for at most 3600", resources(KeepAlivePeriodInSeconds=3601)),
    (ValidationException, "'no-such-bucket' of OutputDataConfig.S3OutputPath does not exist", NO_BUCKET),
    (ValidationException, "only supported when EnableManagedSpotTraining", stopping(MaxWaitTimeInSeconds=7200)),
    (ValidationException, "must be present and be greater than or equal to MaxRuntime", SPOT),
    (ValidationException, "must be present and be greater", {**SPOT, **stopping(MaxWaitTimeInSeconds=3599)}),
    (ValidationException, "Warm pools are not supported", {**SPOT_60, **resources(KeepAlivePeriodInSeconds=60)}),
    (ValidationException, "needs a CheckpointConfig", {**SPOT_60, **tags("clary:spot-interrupt-at-checkpoint", "2")}),
    (ValidationException, "positive numbers", {**SPOT_60, **tags("clary:spot-interrupt-after-seconds", "soon")}),
    (ValidationException, "is for spot jobs", tags("clary:spot-interrupt-after-seconds", "5")),
    (ValidationException, "28 days", {"StoppingCondition": {"MaxRuntimeInSeconds": 2_419_201}}),
    (ValidationException, "MaxWaitTimeInSeconds", {"StoppingCondition": {"MaxWaitTimeInSeconds": 10}}),
    (ValidationException, "either AlgorithmName or TrainingImage", algorithm(TrainingImage=None)),
    (ValidationException, "sagemaker-xgboost", algorithm(TrainingImage="1.dkr.ecr.eu.amazonaws.com/mine:1")),
    (ValidationException, "can't override the metric", algorithm(MetricDefinitions=[{"Name": "a", "Regex": "b"}])),
    (
        ValidationException,
        "/opt/ml/checkpoints",
        {"CheckpointConfig": {"S3Uri": "s3://bucket/c", "LocalPath": "/tmp/elsewhere"}},
    ),
    (ValidationException, "Duplicate tag", {"Tags": [{"Key": "a", "Value": ""}, {"Key": "a", "Value": ""}]}),
    (ValidationException, "Cross-account", {"RoleArn": "arn:aws:iam::999999999999:role/x"}),
    (
        ValidationException,
        f"Could not assume role arn:aws:iam::{ACCOUNT}:role/nobody. Please ensure that the role exists and allows "
        "principal 'sagemaker.amazonaws.com' to assume the role.",
        {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/nobody"},
    ),
]


@pytest.mark.parametrize(("error", "message", "changes"), BROKEN)
def test_a_request_that_breaks_a_rule_is_refused_and_nothing_is_queued(
    training_jobs: TrainingJobs,
    queue: JobQueue,
    call: Call,
    error: type[ServiceError],
    message: str,
    changes: dict[str, Any],
) -> None:
    with pytest.raises(error) as refused:
        training_jobs.create(call, request_for(**changes))
    assert message in refused.value.message
    assert queue.entries() == []
    assert training_jobs.list(call, {}) == {"TrainingJobSummaries": []}


def test_a_role_that_does_not_trust_sagemaker_cannot_be_used(
    training_jobs: TrainingJobs, identities: Identities, call: Call
) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    identities.entities.create(ACCOUNT, "role", "Lambda", "/", {"trust": json.dumps(trust)})
    with pytest.raises(ValidationException, match="Could not assume role"):
        training_jobs.create(call, request_for(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/Lambda"))


def test_a_caller_who_may_not_pass_the_role_is_refused(training_jobs: TrainingJobs, call: Call) -> None:
    nobody = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/nobody", ACCOUNT, name="nobody")
    with pytest.raises(AccessDeniedException, match="is not authorized to perform: iam:PassRole"):
        training_jobs.create(replace(call, principal=nobody), request_for())
