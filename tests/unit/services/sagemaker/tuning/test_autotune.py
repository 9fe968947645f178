from __future__ import annotations

from typing import Any

import pytest

from clary.services.sagemaker.tuning.autotune import MOST_JOBS, with_choices
from tests.unit.services.sagemaker.conftest import assert_fits
from tests.unit.services.sagemaker.tuning.conftest import House
from tests.unit.services.sagemaker.tuning.requests import config, definition, integers, ranges, tuning_request

ENABLED = {"Autotune": {"Mode": "Enabled"}}
OWN = {
    "TrainingImage": "683313688378.dkr.ecr.us-east-1.amazonaws.com/mine:1",
    "TrainingInputMode": "File",
    "MetricDefinitions": [{"Name": "validation:auc", "Regex": "auc=(.*)"}],
}


def hints(**values: str) -> dict[str, Any]:
    return {"AutoParameters": [{"Name": name, "ValueHint": hint} for name, hint in values.items()]}


def chosen(parameter_ranges: dict[str, Any] | None, training: dict[str, Any] | None = None) -> dict[str, Any]:
    settings = config(
        Strategy="Bayesian", ParameterRanges=parameter_ranges, ResourceLimits={"MaxParallelTrainingJobs": 2}
    )
    request = tuning_request(
        HyperParameterTuningJobConfig=settings, TrainingJobDefinition=training or definition(), **ENABLED
    )
    return with_choices(request)["HyperParameterTuningJobConfig"]


def test_without_autotune_nothing_is_changed() -> None:
    assert with_choices(tuning_request()) == tuning_request()


def test_limits_early_stopping_and_convergence_are_chosen() -> None:
    found = chosen(hints(eta="0.2"))
    assert found["ResourceLimits"] == {"MaxNumberOfTrainingJobs": MOST_JOBS, "MaxParallelTrainingJobs": 2}
    assert found["TrainingJobEarlyStoppingType"] == "Auto"
    assert found["TuningJobCompletionCriteria"] == {"ConvergenceDetected": {"CompleteOnConvergence": "Enabled"}}


def test_a_built_in_algorithm_s_table_gives_the_range_of_a_hint() -> None:
    found = chosen(hints(eta="0.2", max_depth="5"))["ParameterRanges"]
    assert found["ContinuousParameterRanges"] == [
        {"Name": "eta", "MinValue": "0.1", "MaxValue": "0.5", "ScalingType": "Auto"}
    ]
    assert found["IntegerParameterRanges"] == [
        {"Name": "max_depth", "MinValue": "0", "MaxValue": "10", "ScalingType": "Auto"}
    ]


def test_a_built_in_algorithm_is_tuned_without_any_range() -> None:
    found = chosen(None)["ParameterRanges"]
    names = {row["Name"] for kind in ("Integer", "Continuous") for row in found[f"{kind}ParameterRanges"]}
    assert {"eta", "max_depth", "subsample", "min_child_weight"} <= names
    assert "num_round" not in names  # it is static


@pytest.mark.parametrize(
    ("hint", "kind", "expected"),
    [
        ("32", "Integer", ("8", "128")),
        ("0", "Integer", ("0", "10")),
        ("0.01", "Continuous", ("0.001", "0.1")),
        ("0.5", "Continuous", ("0.05", "1.0")),
        ("3.5", "Continuous", ("0.35", "35.0")),
        ("0.0", "Continuous", ("0.0", "1.0")),
        ("-0.5", "Continuous", ("-1.0", "-0.05")),
        ("true", "Categorical", ["true", "false"]),
        ('"adam"', "Categorical", ["adam"]),
    ],
)
def test_a_script_s_hint_gives_a_range_around_it(hint: str, kind: str, expected: Any) -> None:
    found = chosen(hints(x=hint), definition(AlgorithmSpecification=OWN, StaticHyperParameters=None))
    (row,) = found["ParameterRanges"][f"{kind}ParameterRanges"]
    told = row["Values"] if kind == "Categorical" else (row["MinValue"], row["MaxValue"])
    assert told == expected


def test_what_the_user_chose_stays() -> None:
    given = {**ranges(Integer=[integers("max_depth", 2, 3)]), **hints(max_depth="9", eta="0.2")}
    found = chosen(given)["ParameterRanges"]
    assert [row["MaxValue"] for row in found["IntegerParameterRanges"]] == ["3"]
    assert [row["Name"] for row in found["ContinuousParameterRanges"]] == ["eta"]


def test_the_choices_are_told(house: House) -> None:
    settings = config(ParameterRanges=None, ResourceLimits={"MaxParallelTrainingJobs": 1})
    house.create(tuning_request(HyperParameterTuningJobConfig=settings, **ENABLED))
    found = house.tuning_jobs.describe(house.call, {"HyperParameterTuningJobName": "Tune-1"})
    assert_fits("DescribeHyperParameterTuningJob", found)
    assert found["Autotune"] == {"Mode": "Enabled"}
    assert found["HyperParameterTuningJobConfig"]["ParameterRanges"]["ContinuousParameterRanges"]
