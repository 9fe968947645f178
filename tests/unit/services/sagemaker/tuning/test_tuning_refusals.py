"""What CreateHyperParameterTuningJob refuses, each with the right words."""

from __future__ import annotations

from typing import Any

import pytest

from clary.core.errors import ServiceError, ValidationException
from clary.services.sagemaker.errors import ResourceInUse, ResourceLimitExceeded
from tests.unit.services.sagemaker.tuning.conftest import House
from tests.unit.services.sagemaker.tuning.requests import (
    METRIC,
    config,
    definition,
    floats,
    integers,
    ranges,
    tuning_request,
    words,
)


def of_config(**changes: Any) -> dict[str, Any]:
    return {"HyperParameterTuningJobConfig": config(**changes)}


def of_ranges(**kinds: list[dict[str, Any]]) -> dict[str, Any]:
    return of_config(ParameterRanges=ranges(**kinds))


def of_definition(**changes: Any) -> dict[str, Any]:
    return {"TrainingJobDefinition": definition(**changes)}


def limits(most: int | None, parallel: int, **more: int) -> dict[str, Any]:
    found = {"MaxNumberOfTrainingJobs": most, "MaxParallelTrainingJobs": parallel, **more}
    return {"ResourceLimits": {name: value for name, value in found.items() if value is not None}}


def hyperband(low: int, high: int) -> dict[str, Any]:
    return {"StrategyConfig": {"HyperbandStrategyConfig": {"MinResource": low, "MaxResource": high}}}


OWN = {"TrainingImage": "683313688378.dkr.ecr.us-east-1.amazonaws.com/nobody:1", "TrainingInputMode": "File"}
NAMED = {"TuningObjective": {"Type": "Maximize", "MetricName": METRIC}, "HyperParameterRanges": ranges(Integer=[])}

REFUSALS: list[tuple[str, dict[str, Any]]] = [
    # ranges
    (r"\[eta\]: MinValue \[0.9\] must be less than or equal", of_ranges(Continuous=[floats("eta", 0.9, 0.1)])),
    (r"\[eta\].*Logarithmic.*above 0", of_ranges(Continuous=[floats("eta", 0, 0.5, ScalingType="Logarithmic")])),
    (r"\[eta\].*ReverseLog.*< 1", of_ranges(Continuous=[floats("eta", 0.1, 1, ScalingType="ReverseLogarithmic")])),
    (r"\[max_depth\].*whole", of_ranges(Integer=[integers("max_depth", 0, 0, ScalingType="ReverseLogarithmic")])),
    (r"\[eta\]: MinValue \[low\] is not a number", of_ranges(Continuous=[floats("eta", "low", 0.5)])),
    (r"\[eta\]: MaxValue \[nan\] is not a number", of_ranges(Continuous=[floats("eta", 0.1, "nan")])),
    (r"\[max_depth\]: MinValue \[1.5\] is not an integer", of_ranges(Integer=[integers("max_depth", 1.5, 3)])),
    (r"\[max_depth\] appears more than once", of_ranges(Integer=[integers("max_depth", 1, 3)] * 2)),
    (
        r"\[tree_method\]: it has a value that stands twice",
        of_ranges(Categorical=[words("tree_method", "exact", "exact")]),
    ),
    (r"\[depht\] isn't tunable for the \[xgboost\]", of_ranges(Integer=[integers("depht", 1, 3)])),
    (r"\[seed\] isn't tunable", of_ranges(Integer=[integers("seed", 1, 300)])),
    (r"\[eval_metric\] isn't tunable", of_ranges(Categorical=[words("eval_metric", "auc", "error")])),
    (r"\[eta\] is of type \[Integer\].*expects \[Continuous\]", of_ranges(Integer=[integers("eta", 0, 1)])),
    (r"\[subsample\].*value '1.5'.*range", of_ranges(Continuous=[floats("subsample", 0.5, 1.5)])),
    (r"\[tree_method\].*value 'fast'", of_ranges(Categorical=[words("tree_method", "exact", "fast")])),
    (r"enough combinations.*\[3.0\].*MaxNumberOfJobs, \[4\]", of_ranges(Integer=[integers("max_depth", 1, 3)])),
    (
        r"\[eta\] of TrainingJobDefinition are both in Static",
        of_definition(StaticHyperParameters={"num_round": "5", "eta": "0.2"}),
    ),
    ("no hyperparameter ranges", of_config(ParameterRanges={}, Strategy="Bayesian")),
    # the objective
    (
        r"\[validation:elegance\], isn't valid for the",
        of_config(HyperParameterTuningJobObjective={"Type": "Maximize", "MetricName": "validation:elegance"}),
    ),
    (
        r"\[train:auc\], isn't valid for the",
        of_config(HyperParameterTuningJobObjective={"Type": "Maximize", "MetricName": "train:auc"}),
    ),
    (
        r"objective type.*\[Minimize\], isn't valid.*Choose \[Maximize\]",
        of_config(HyperParameterTuningJobObjective={"Type": "Minimize", "MetricName": METRIC}),
    ),
    ("HyperParameterTuningJobObjective is required", of_config(HyperParameterTuningJobObjective=None)),
    ("ParameterRanges is required", of_config(ParameterRanges=None)),
    ("A metric is required for this hyperparameter tuning job objective", of_definition(AlgorithmSpecification=OWN)),
    ("tuning sets it", of_definition(StaticHyperParameters={"_tuning_objective_metric": "validation:error"})),
    # limits and strategies
    (r"MaxParallelTrainingJobs, \[5\], must be less", of_config(**limits(4, 5))),
    ("MaxNumberOfTrainingJobs is required", of_config(**limits(None, 1))),
    ("Only categorical parameter ranges", of_config(Strategy="Grid")),
    (
        r"must equal the number of combinations.*\[2\]",
        of_config(Strategy="Grid", ParameterRanges=ranges(Categorical=[words("tree_method", "exact", "hist")])),
    ),
    (
        "MaxResource is required with the strategy Hyperband",
        of_config(Strategy="Hyperband") | of_definition(StaticHyperParameters={"objective": "binary:logistic"}),
    ),
    (r"MinResource \[9\] must be less", of_config(Strategy="Hyperband", **hyperband(9, 3))),
    (
        "must be Off with the strategy Hyperband",
        of_config(Strategy="Hyperband", TrainingJobEarlyStoppingType="Auto", **hyperband(1, 9)),
    ),
    ("only supported with the strategy Hyperband", of_config(**hyperband(1, 9))),
    # definitions
    ("either TrainingJobDefinition or TrainingJobDefinitions", {"TrainingJobDefinition": None}),
    ("DefinitionName is required", {"TrainingJobDefinition": None, "TrainingJobDefinitions": [definition()]}),
    (
        r"\[a\] appears more than once",
        {"TrainingJobDefinition": None, "TrainingJobDefinitions": [definition(DefinitionName="a")] * 2},
    ),
    (
        "isn't supported with TrainingJobDefinitions",
        {"TrainingJobDefinition": None, "TrainingJobDefinitions": [definition(DefinitionName="a", **NAMED)]},
    ),
    ("and not both", of_definition(TuningObjective={"Type": "Maximize", "MetricName": METRIC})),
    (
        "either ResourceConfig or HyperParameterTuningResourceConfig",
        of_definition(HyperParameterTuningResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1}),
    ),
    ("InstanceType is required", of_definition(ResourceConfig=None)),
    # the training jobs behind it
    ("Invalid S3 URI", of_definition(OutputDataConfig={"S3OutputPath": "s3:///x"})),
    ("'nowhere' does not exist", of_definition(OutputDataConfig={"S3OutputPath": "s3://nowhere/x"})),
    ("Cross-account pass role", of_definition(RoleArn="arn:aws:iam::999999999999:role/Other")),
    # warm start
    (
        r"\[nobody\] doesn't exist",
        {
            "WarmStartConfig": {
                "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "nobody"}],
                "WarmStartType": "TransferLearning",
            }
        },
    ),
]


@pytest.mark.parametrize(("words_of_it", "changes"), REFUSALS, ids=[text for text, _ in REFUSALS])
def test_what_makes_no_sense_is_refused_with_the_reason(
    house: House, words_of_it: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(ServiceError, match=words_of_it):
        house.tuning_jobs.create(house.call, tuning_request(**changes))
    assert house.records.with_status("sagemaker:hyper-parameter-tuning-job", "InProgress") == []


@pytest.mark.parametrize(
    "changes",
    [
        of_config(Strategy="Bayesian", **limits(751, 1)),
        of_config(**limits(200, 101)),
        of_definition(ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 21}),
    ],
)
def test_what_exceeds_a_quota_is_refused_as_such(house: House, changes: dict[str, Any]) -> None:
    with pytest.raises(ResourceLimitExceeded):
        house.tuning_jobs.create(house.call, tuning_request(**changes))


def test_a_name_that_is_taken_is_refused(house: House) -> None:
    house.create(tuning_request())
    with pytest.raises(ResourceInUse, match="must be unique"):
        house.create(tuning_request())


def test_a_parent_must_have_finished_and_have_tuned_the_same(house: House) -> None:
    warm = {"ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "Tune-1"}]}
    house.create(tuning_request())
    for kind in ("TransferLearning", "IdenticalDataAndAlgorithm"):
        with pytest.raises(ValidationException, match=r"status \[InProgress\]"):
            house.create(tuning_request("Child", WarmStartConfig={**warm, "WarmStartType": kind}))
    house.run_to_the_end(lambda trial: 0.5)
    other = {"Type": "Minimize", "MetricName": "validation:error"}
    with pytest.raises(ValidationException, match="must be the same as that of this job"):
        house.create(
            tuning_request(
                "Child",
                WarmStartConfig={**warm, "WarmStartType": "TransferLearning"},
                **of_config(HyperParameterTuningJobObjective=other),
            )
        )
    image = {"TrainingImage": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.5-1"}
    changed = of_definition(AlgorithmSpecification={**definition()["AlgorithmSpecification"], **image})
    with pytest.raises(ValidationException, match="must be that of the parent"):
        house.create(
            tuning_request("Child", WarmStartConfig={**warm, "WarmStartType": "IdenticalDataAndAlgorithm"}, **changed)
        )
