"""Tuning jobs from creation to deletion, as the API tells them; trials are ended by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from clary.core.errors import ValidationException
from clary.services.sagemaker.errors import ResourceInUse, ResourceNotFound
from clary.services.sagemaker.search import Search
from clary.services.sagemaker.searchables import searchables
from clary.services.sagemaker.tags import Tags
from clary.services.sagemaker.training_description import description
from clary.services.sagemaker.training_jobs import TrainingJobs
from clary.services.sagemaker.tuning.trials import TrialJob
from tests.unit.services.sagemaker.conftest import assert_fits
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

NAME = {"HyperParameterTuningJobName": "Tune-1"}


def describe(house: House, name: str = "Tune-1") -> dict[str, Any]:
    found = house.tuning_jobs.describe(house.call, {"HyperParameterTuningJobName": name})
    assert_fits("DescribeHyperParameterTuningJob", found)
    return found


def listed(house: House, **request: Any) -> dict[str, Any]:
    found = house.tuning_jobs.list_trials(house.call, {**NAME, **request})
    assert_fits("ListTrainingJobsForHyperParameterTuningJob", found)
    return found


def names(lines: list[dict[str, Any]]) -> list[str]:
    return [line["TrainingJobName"][:10] for line in lines]


def by_depth(trial: TrialJob) -> float:
    return float(trial.values["max_depth"]) / 10


def test_a_new_tuning_job_is_in_progress_and_fits_the_model(house: House) -> None:
    made = house.tuning_jobs.create(house.call, tuning_request(Tags=[{"Key": "team", "Value": "a"}]))
    assert_fits("CreateHyperParameterTuningJob", made)
    found = describe(house)
    assert found["HyperParameterTuningJobStatus"] == "InProgress"
    assert found["HyperParameterTuningJobArn"].endswith(":hyper-parameter-tuning-job/tune-1")
    assert found["TrainingJobStatusCounters"] == {
        "Completed": 0, "InProgress": 0, "RetryableError": 0, "NonRetryableError": 0, "Stopped": 0,
    }  # fmt: skip
    assert found["TrainingJobDefinition"]["StaticHyperParameters"]["_tuning_objective_metric"] == METRIC
    assert "BestTrainingJob" not in found


def test_trials_are_ordinary_training_jobs_of_the_tuning_job(house: House) -> None:
    tuning = house.create(tuning_request(Tags=[{"Key": "team", "Value": "a"}]))
    house.look()
    first, second = house.trials()
    assert [trial.name[:11] for trial in (first, second)] == ["Tune-1-001-", "Tune-1-002-"]
    assert len(first.name) == len("Tune-1-001-") + 8
    record = house.records.by_arn(first.arn)
    assert record is not None
    told = description(record)
    assert_fits("DescribeTrainingJob", told)
    assert told["TuningJobArn"] == tuning.arn
    assert told["HyperParameters"] == {
        "num_round": "5", "objective": "binary:logistic", "_tuning_objective_metric": METRIC,
        "max_depth": str(first.values["max_depth"]), "eta": repr(first.values["eta"]),
    }  # fmt: skip
    assert house.records.tags(first.arn) == {"team": "a"}
    job_id = house.queue.id_of(first.arn)
    entry = house.queue.entry(job_id or "")
    assert entry is not None
    assert "ObjectiveMetric" in [metric.name for metric in entry.spec.metrics]


def test_counters_and_the_best_training_job_follow_the_trials(house: House) -> None:
    house.create(tuning_request())
    house.look()
    first, second = house.trials()
    house.end(first, 0.7)
    house.end(second, None, failure="AlgorithmError: out of memory")
    found = describe(house)
    assert found["TrainingJobStatusCounters"]["Completed"] == 1
    assert found["TrainingJobStatusCounters"]["NonRetryableError"] == 1
    assert found["ObjectiveStatusCounters"] == {"Succeeded": 1, "Pending": 0, "Failed": 1}
    best = found["BestTrainingJob"]
    assert best["TrainingJobName"] == first.name
    assert best["FinalHyperParameterTuningJobObjectiveMetric"] == {
        "Type": "Maximize", "MetricName": METRIC, "Value": 0.7,
    }  # fmt: skip
    assert best["TunedHyperParameters"] == {
        "max_depth": str(first.values["max_depth"]),
        "eta": repr(first.values["eta"]),
    }
    house.look()
    assert describe(house)["TrainingJobStatusCounters"]["InProgress"] == 2


def test_a_finished_tuning_job_keeps_its_counters_when_its_trials_are_deleted(house: House) -> None:
    house.create(tuning_request())
    house.run_to_the_end(by_depth)
    before = describe(house)
    assert before["HyperParameterTuningJobStatus"] == "Completed"
    assert before["TrainingJobStatusCounters"]["Completed"] == 4
    assert before["ConsumedResources"] == {"RuntimeInSeconds": 4}
    for trial in house.trials():
        record = house.records.by_arn(trial.arn)
        assert record is not None
        house.records.delete(record)
    assert describe(house) == before
    assert listed(house)["TrainingJobSummaries"] == []


def test_trials_are_listed_sorted_filtered_and_in_pages(house: House) -> None:
    house.create(tuning_request())
    values = iter([0.3, 0.9, None, 0.6])
    house.run_to_the_end(lambda trial: next(values))
    lines = listed(house)["TrainingJobSummaries"]
    assert names(lines) == ["Tune-1-001", "Tune-1-002", "Tune-1-003", "Tune-1-004"]
    assert lines[0]["TrainingEndTime"] >= lines[0]["TrainingStartTime"]
    assert [line["ObjectiveStatus"] for line in lines] == ["Succeeded", "Succeeded", "Failed", "Succeeded"]
    best_first = listed(house, SortBy="FinalObjectiveMetricValue", SortOrder="Descending")["TrainingJobSummaries"]
    assert names(best_first) == ["Tune-1-002", "Tune-1-004", "Tune-1-001", "Tune-1-003"]
    latest = listed(house, SortBy="CreationTime", SortOrder="Descending")["TrainingJobSummaries"]
    assert names(latest) == ["Tune-1-004", "Tune-1-003", "Tune-1-002", "Tune-1-001"]
    assert listed(house, StatusEquals="Stopped") == {"TrainingJobSummaries": []}
    pages = []
    token: dict[str, str] = {}
    while True:
        page = listed(house, MaxResults=3, SortBy="FinalObjectiveMetricValue", **token)
        pages.append(names(page["TrainingJobSummaries"]))
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert pages == [["Tune-1-001", "Tune-1-004", "Tune-1-002"], ["Tune-1-003"]]
    with pytest.raises(ValidationException, match="Invalid NextToken"):
        listed(house, NextToken="abc")


def test_tuning_jobs_are_listed_with_their_counters(house: House) -> None:
    house.create(tuning_request("b-tune"))
    house.create(tuning_request("a-tune"))
    house.look()
    found = house.tuning_jobs.list(house.call, {})  # by name, as in AWS
    assert_fits("ListHyperParameterTuningJobs", found)
    lines = found["HyperParameterTuningJobSummaries"]
    assert [line["HyperParameterTuningJobName"] for line in lines] == ["a-tune", "b-tune"]
    assert lines[0]["TrainingJobStatusCounters"]["InProgress"] == 2
    assert lines[0]["Strategy"] == "Random"
    none = house.tuning_jobs.list(house.call, {"StatusEquals": "Failed"})
    assert none == {"HyperParameterTuningJobSummaries": []}


def test_a_stopped_tuning_job_stops_its_trials_and_then_is_stopped(house: House) -> None:
    house.create(tuning_request())
    house.look()
    first, _ = house.trials()
    house.start(first)  # the other one still waits in the queue
    assert house.tuning_jobs.stop(house.call, NAME) == {}
    assert describe(house)["HyperParameterTuningJobStatus"] == "Stopping"
    house.look()
    assert [trial.status for trial in house.trials()] == ["Stopping", "Stopped"]
    house.end(first, 0.4)
    house.look()
    found = describe(house)
    assert found["HyperParameterTuningJobStatus"] == "Stopped"
    assert found["TrainingJobStatusCounters"]["Stopped"] == 2
    assert found["BestTrainingJob"]["TrainingJobName"] == first.name
    with pytest.raises(ValidationException, match="in status Stopped"):
        house.tuning_jobs.stop(house.call, NAME)


def test_a_finished_tuning_job_can_be_deleted_and_its_name_used_again(house: House) -> None:
    house.create(tuning_request())
    with pytest.raises(ValidationException, match="cannot be deleted"):
        house.tuning_jobs.delete(house.call, NAME)
    house.run_to_the_end(by_depth)
    old = {trial.name for trial in house.trials()}
    assert house.tuning_jobs.delete(house.call, NAME) == {}
    for operation in (house.tuning_jobs.describe, house.tuning_jobs.stop, house.tuning_jobs.list_trials):
        with pytest.raises(ResourceNotFound, match="Tune-1"):
            operation(house.call, NAME)
    house.create(tuning_request())
    house.run_to_the_end(by_depth)
    new = {trial.name for trial in house.trials()}
    assert len(new) == 4
    assert not new & old


def test_a_trial_cannot_be_deleted_while_its_tuning_job_counts_on_it(house: House, training_jobs: TrainingJobs) -> None:
    house.create(tuning_request())
    house.look()
    trial = house.running()[0]
    house.end(trial, 0.5)
    with pytest.raises(ResourceInUse, match="belongs to the hyperparameter tuning job Tune-1"):
        training_jobs.delete(house.call, {"TrainingJobName": trial.name})
    house.run_to_the_end(by_depth)
    assert training_jobs.delete(house.call, {"TrainingJobName": trial.name}) == {}


def test_it_ends_with_the_first_failure_when_no_trial_succeeds(house: House) -> None:
    house.create(tuning_request())
    for _ in range(4):
        house.look()
        house.end(house.running()[0], None, failure="AlgorithmError: train.csv:3 is empty")
    house.look()
    found = describe(house)
    assert found["HyperParameterTuningJobStatus"] == "Failed"
    assert "No training job succeeded after 4 attempts" in found["FailureReason"]
    assert "train.csv:3 is empty" in found["FailureReason"]


def test_several_definitions_have_objectives_and_ranges_of_their_own(house: House) -> None:
    trees = definition(
        DefinitionName="trees",
        TuningObjective={"Type": "Maximize", "MetricName": METRIC},
        HyperParameterRanges=ranges(Integer=[integers("max_depth", 1, 9)]),
    )
    linear = {
        **trees,
        "DefinitionName": "linear",
        "HyperParameterRanges": ranges(Continuous=[floats("alpha", 0.001, 10, ScalingType="Logarithmic")]),
    }
    house.create(
        tuning_request(
            HyperParameterTuningJobConfig=config(HyperParameterTuningJobObjective=None, ParameterRanges=None),
            TrainingJobDefinition=None,
            TrainingJobDefinitions=[trees, linear],
        )
    )
    house.run_to_the_end(lambda trial: 0.9 if "alpha" in trial.values else 0.1)
    found = describe(house)
    assert [d["DefinitionName"] for d in found["TrainingJobDefinitions"]] == ["trees", "linear"]
    assert found["BestTrainingJob"]["TrainingJobDefinitionName"] == "linear"
    assert sorted(line["TrainingJobDefinitionName"] for line in listed(house)["TrainingJobSummaries"]) == [
        "linear", "linear", "trees", "trees",
    ]  # fmt: skip


def test_a_grid_needs_no_number_of_jobs_and_tries_everything(house: House) -> None:
    kinds = ranges(Categorical=[words("tree_method", "exact", "hist"), words("grow_policy", "depthwise", "lossguide")])
    limits = {"MaxParallelTrainingJobs": 3}
    house.create(
        tuning_request(
            HyperParameterTuningJobConfig=config(Strategy="Grid", ParameterRanges=kinds, ResourceLimits=limits)
        )
    )
    house.run_to_the_end(lambda trial: 0.5)
    found = describe(house)
    assert found["TrainingJobStatusCounters"]["Completed"] == 4
    told = found["HyperParameterTuningJobConfig"]["ResourceLimits"]
    assert told == {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 3}
    assert len({str(trial.values) for trial in house.trials()}) == 4


def test_both_sdks_resources_are_understood(house: House) -> None:
    v2 = definition(
        ResourceConfig=None,
        HyperParameterTuningResourceConfig={"InstanceType": "ml.c5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
    )
    house.create(tuning_request(TrainingJobDefinition=v2))
    several = {
        "AllocationStrategy": "Prioritized",
        "InstanceConfigs": [
            {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 5},
            {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        ],
    }
    house.create(
        tuning_request(
            "Tune-2",
            TrainingJobDefinition=definition(ResourceConfig=None, HyperParameterTuningResourceConfig=several),
        )
    )
    house.look()
    used = []
    for name in ("Tune-1", "Tune-2"):
        record = house.records.by_arn(house.trials(name)[0].arn)
        assert record is not None
        used.append(record.body["request"]["ResourceConfig"])
    assert used == [
        {"InstanceType": "ml.c5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
        {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 5},
    ]
    assert "HyperParameterTuningResourceConfig" in describe(house)["TrainingJobDefinition"]


def test_checkpoints_of_trials_do_not_mix(house: House) -> None:
    house.create(
        tuning_request(TrainingJobDefinition=definition(CheckpointConfig={"S3Uri": "s3://bucket/checkpoints/"}))
    )
    house.look()
    record = house.records.by_arn(house.trials()[0].arn)
    assert record is not None
    assert record.body["request"]["CheckpointConfig"] == {"S3Uri": f"s3://bucket/checkpoints/{record.name}"}


def test_tuning_jobs_can_be_tagged_and_searched(house: House) -> None:
    tuning = house.create(tuning_request(Tags=[{"Key": "team", "Value": "a"}]))
    house.create(tuning_request("Other"))
    tags = Tags(house.records)
    tags.add(house.call, {"ResourceArn": tuning.arn, "Tags": [{"Key": "stage", "Value": "b"}]})
    told = tags.list(house.call, {"ResourceArn": tuning.arn})["Tags"]
    assert told == [{"Key": "stage", "Value": "b"}, {"Key": "team", "Value": "a"}]
    search = Search(house.records, searchables(house.records))
    found = search.search(
        house.call,
        {
            "Resource": "HyperParameterTuningJob",
            "SearchExpression": {"Filters": [{"Name": "Tags.team", "Operator": "Equals", "Value": "a"}]},
        },
    )
    assert_fits("Search", found)
    (result,) = found["Results"]
    assert result["HyperParameterTuningJob"]["HyperParameterTuningJobName"] == "Tune-1"


def test_times_of_creation_filter_a_list(house: House) -> None:
    house.create(tuning_request())
    later = datetime.fromtimestamp(house.clock.time() + 60, UTC)
    assert house.tuning_jobs.list(house.call, {"CreationTimeAfter": later}) == {"HyperParameterTuningJobSummaries": []}
