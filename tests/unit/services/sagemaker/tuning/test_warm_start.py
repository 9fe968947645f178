from __future__ import annotations

from typing import Any

from clary.services.sagemaker.tuning.trials import TrialJob
from tests.unit.services.sagemaker.conftest import assert_fits
from tests.unit.services.sagemaker.tuning.conftest import House
from tests.unit.services.sagemaker.tuning.requests import (
    config,
    definition,
    floats,
    integers,
    ranges,
    tuning_request,
)


def warm(kind: str, *parents: str) -> dict[str, Any]:
    names = [{"HyperParameterTuningJobName": name} for name in parents]
    return {"WarmStartConfig": {"ParentHyperParameterTuningJobs": names, "WarmStartType": kind}}


def objective(trial: TrialJob) -> float:
    return float(trial.values["eta"])


def ran(house: House, name: str, **changes: Any) -> None:
    house.create(tuning_request(name, **changes))
    house.run_to_the_end(objective, name)


def test_results_of_identical_parents_count_as_the_search_s_own(house: House) -> None:
    ran(house, "one")
    ran(house, "two")
    house.create(tuning_request("child", **warm("IdenticalDataAndAlgorithm", "one", "two")))
    house.look()
    asked = house.oracle.asked[-1]
    assert len(asked.transferred) == 8
    assert {trial.objective for trial in asked.transferred} == {trial.values["eta"] for trial in asked.transferred}
    assert asked.hints == ()


def test_the_best_points_of_a_parent_with_other_data_are_tried_first(house: House) -> None:
    ran(house, "one")
    best = max(house.trials("one"), key=lambda trial: trial.objective or 0.0)
    house.create(tuning_request("child", **warm("TransferLearning", "one")))
    house.look()
    first, second = house.trials("child")
    assert first.values == best.values
    assert second.values in [trial.values for trial in house.trials("one")]
    assert house.oracle.asked[-1].transferred == ()


def test_what_a_parent_kept_static_may_be_tuned_and_the_other_way(house: House) -> None:
    narrow = {
        "HyperParameterTuningJobConfig": config(ParameterRanges=ranges(Continuous=[floats("eta", 0.1, 0.5)])),
        "TrainingJobDefinition": definition(
            StaticHyperParameters={"num_round": "5", "objective": "binary:logistic", "max_depth": "4"}
        ),
    }
    ran(house, "narrow", **narrow)
    house.create(tuning_request("wide", **warm("IdenticalDataAndAlgorithm", "narrow")))
    house.look()
    assert {trial.values["max_depth"] for trial in house.oracle.asked[-1].transferred} == {4}


def test_points_outside_of_the_new_ranges_are_left_behind(house: House) -> None:
    ran(house, "one")
    shallow = config(ParameterRanges=ranges(Integer=[integers("max_depth", 20, 29)], Continuous=[]))
    house.create(
        tuning_request("child", HyperParameterTuningJobConfig=shallow, **warm("IdenticalDataAndAlgorithm", "one"))
    )
    house.look()
    assert house.oracle.asked[-1].transferred == ()


def test_the_overall_best_training_job_may_be_a_parent_s(house: House) -> None:
    ran(house, "parent")
    house.create(tuning_request("child", **warm("IdenticalDataAndAlgorithm", "parent")))
    house.run_to_the_end(lambda trial: 0.01, "child")
    found = house.tuning_jobs.describe(house.call, {"HyperParameterTuningJobName": "child"})
    assert_fits("DescribeHyperParameterTuningJob", found)
    best = max(house.trials("parent"), key=lambda trial: trial.objective or 0.0)
    assert found["OverallBestTrainingJob"]["TrainingJobName"] == best.name
    assert found["OverallBestTrainingJob"]["TuningJobName"] == "parent"
    assert found["BestTrainingJob"]["TuningJobName"] == "child"
    assert found["WarmStartConfig"] == warm("IdenticalDataAndAlgorithm", "parent")["WarmStartConfig"]


def test_only_results_on_the_same_data_are_compared_with_a_parent_s(house: House) -> None:
    ran(house, "parent")
    house.create(tuning_request("child", **warm("TransferLearning", "parent")))
    house.run_to_the_end(objective, "child")
    found = house.tuning_jobs.describe(house.call, {"HyperParameterTuningJobName": "child"})
    assert "BestTrainingJob" in found
    assert "OverallBestTrainingJob" not in found


def test_a_parent_that_was_deleted_meanwhile_does_no_harm(house: House) -> None:
    ran(house, "parent")
    house.create(tuning_request("child", **warm("IdenticalDataAndAlgorithm", "parent")))
    house.tuning_jobs.delete(house.call, {"HyperParameterTuningJobName": "parent"})
    house.run_to_the_end(objective, "child")
    assert house.tuning("child").status == "Completed"
    assert_fits(
        "DescribeHyperParameterTuningJob",
        house.tuning_jobs.describe(house.call, {"HyperParameterTuningJobName": "child"}),
    )
