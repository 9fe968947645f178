from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from clary.compute.contract import Channel, Output
from clary.compute.instances import instance
from clary.compute.jobs import states
from clary.compute.jobs.queue import JobQueue
from clary.core.arn import Arn
from clary.core.call import Call
from clary.core.clock import FixedClock
from clary.core.errors import ValidationException
from clary.core.pages import encode_token
from clary.services.sagemaker.errors import ResourceInUse
from clary.services.sagemaker.training_jobs import TrainingJobs
from clary.storage.records import Records
from tests.unit.services.sagemaker.conftest import ACCOUNT, ROLE, assert_fits
from tests.unit.services.sagemaker.training import IMAGE, channel, request_for, run_to_the_end


def test_a_created_job_is_queued_with_everything_it_needs(
    training_jobs: TrainingJobs, queue: JobQueue, call: Call
) -> None:
    result = training_jobs.create(call, request_for(Environment={"SEED": "7"}))
    assert_fits("CreateTrainingJob", result)
    assert result["TrainingJobArn"] == f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/offer-1"
    (entry,) = queue.entries()
    spec = entry.spec
    assert (spec.name, spec.role_arn, spec.hosts, spec.instance_type) == ("Offer-1", ROLE, 1, "ml.m5.xlarge")
    assert spec.program.entry == "clary.algorithms.train:main"
    assert spec.program.args == ("xgboost",)
    assert spec.program.environment["SEED"] == "7"
    assert spec.program.environment["TRAINING_JOB_NAME"] == "Offer-1"
    assert spec.program.environment["TRAINING_JOB_ARN"] == result["TrainingJobArn"]
    assert spec.limits.runtime_seconds == 3600
    assert spec.limits.memory_bytes == instance("ml.m5.xlarge").memory_bytes
    assert spec.hyperparameters == {"num_round": "5", "objective": "binary:logistic"}
    assert spec.channels[0] == Channel("train", "s3://bucket/data/train", content_type="text/csv")
    assert spec.outputs == (
        Output("model", "s3://bucket/out/Offer-1/output/model.tar.gz"),
        Output("output/data", "s3://bucket/out/Offer-1/output/output.tar.gz"),
    )
    assert spec.log_group == "/aws/sagemaker/TrainingJobs"
    assert {metric.name for metric in spec.metrics} >= {"train:auc", "validation:rmse"}


def test_channels_keep_how_they_are_to_be_read(training_jobs: TrainingJobs, queue: JobQueue, call: Call) -> None:
    source = {
        "S3DataType": "ManifestFile",
        "S3Uri": "https://s3.us-east-1.amazonaws.com/bucket/m.manifest",
        "S3DataDistributionType": "ShardedByS3Key",
    }
    training_jobs.create(
        call,
        request_for(
            AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "Pipe"},
            InputDataConfig=[
                channel(
                    "train",
                    DataSource={"S3DataSource": source},
                    CompressionType="Gzip",
                    RecordWrapperType="RecordIO",
                    ShuffleConfig={"Seed": 9},
                ),
                channel("validation", InputMode="FastFile"),
            ],
            CheckpointConfig={"S3Uri": "s3://bucket/checkpoints"},
            EnableNetworkIsolation=True,
        ),
    )
    (entry,) = queue.entries()
    assert entry.spec.channels[0] == Channel(
        "train", "s3://bucket/m.manifest", "ManifestFile", "Pipe", "ShardedByS3Key", "Gzip", "text/csv", "RecordIO", 9
    )
    assert entry.spec.channels[1].mode == "FastFile"
    assert entry.spec.checkpoint_uri == "s3://bucket/checkpoints"
    assert not entry.spec.limits.network


def test_uncompressed_output_is_a_prefix_of_files(training_jobs: TrainingJobs, queue: JobQueue, call: Call) -> None:
    output = {"S3OutputPath": "s3://bucket/out", "CompressionType": "NONE"}
    training_jobs.create(call, request_for(OutputDataConfig=output))
    assert queue.entries()[0].spec.outputs[0] == Output("model", "s3://bucket/out/Offer-1/output/model/", "files")
    described = training_jobs.describe(call, {"TrainingJobName": "Offer-1"})
    assert described["ModelArtifacts"]["S3ModelArtifacts"] == "s3://bucket/out/Offer-1/output/model/"


def test_a_waiting_job_describes_what_the_sdks_read(training_jobs: TrainingJobs, call: Call) -> None:
    debugging = {"S3OutputPath": "s3://bucket/debug", "CollectionConfigurations": []}
    training_jobs.create(call, request_for(DebugHookConfig=debugging, ProfilerConfig={"DisableProfiler": False}))
    described = training_jobs.describe(call, {"TrainingJobName": "Offer-1"})
    assert_fits("DescribeTrainingJob", described)
    assert (described["TrainingJobStatus"], described["SecondaryStatus"]) == ("InProgress", "Starting")
    assert described["OutputDataConfig"] == {
        "KmsKeyId": "",
        "CompressionType": "GZIP",
        "S3OutputPath": "s3://bucket/out/",
    }
    assert described["SecondaryStatusTransitions"][0]["StatusMessage"] == "Starting the training job"
    assert described["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    assert described["DebugHookConfig"] == debugging
    assert described["ProfilingStatus"] == "Disabled"
    assert described["EnableManagedSpotTraining"] is False
    assert described["InputDataConfig"][0]["CompressionType"] == "None"
    source = described["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    assert source["S3DataDistributionType"] == "FullyReplicated"
    for absent in ("TrainingStartTime", "TrainingEndTime", "TrainingTimeInSeconds", "FailureReason"):
        assert absent not in described


def test_a_completed_job_tells_times_metrics_and_the_model(
    training_jobs: TrainingJobs, queue: JobQueue, call: Call, clock: FixedClock
) -> None:
    arn = training_jobs.create(call, request_for())["TrainingJobArn"]
    run_to_the_end(queue, arn, clock)
    described = training_jobs.describe(call, {"TrainingJobName": "Offer-1"})
    assert_fits("DescribeTrainingJob", described)
    assert (described["TrainingJobStatus"], described["SecondaryStatus"]) == ("Completed", "Completed")
    assert described["ModelArtifacts"] == {"S3ModelArtifacts": "s3://bucket/out/Offer-1/output/model.tar.gz"}
    assert (described["TrainingTimeInSeconds"], described["BillableTimeInSeconds"]) == (30, 30)
    assert (described["TrainingEndTime"] - described["TrainingStartTime"]).total_seconds() == 30
    assert [step["Status"] for step in described["SecondaryStatusTransitions"]] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    assert all(step["EndTime"] >= step["StartTime"] for step in described["SecondaryStatusTransitions"])
    (metric,) = described["FinalMetricDataList"]
    assert (metric["MetricName"], metric["Value"]) == ("validation:auc", 0.91)
    definitions = [one["Name"] for one in described["AlgorithmSpecification"]["MetricDefinitions"]]
    assert definitions[0] == "validation:auc"
    assert len(definitions) == 40


def test_a_failed_job_says_why(training_jobs: TrainingJobs, queue: JobQueue, call: Call, clock: FixedClock) -> None:
    arn = training_jobs.create(call, request_for())["TrainingJobArn"]
    job_id = queue.id_of(arn)
    entry = queue.entry(job_id) if job_id else None
    assert entry is not None
    queue.admit(entry, states.Admitted(clock.time()), (0,), 1 << 30)
    queue.apply(arn, states.SupervisorStarted(clock.time()))
    queue.apply(arn, states.InputsFailed(clock.time(), "ClientError: Data download failed"))
    described = training_jobs.describe(call, {"TrainingJobName": "Offer-1"})
    assert_fits("DescribeTrainingJob", described)
    assert described["TrainingJobStatus"] == "Failed"
    assert described["FailureReason"] == "ClientError: Data download failed"


def test_a_name_can_be_used_once_whatever_its_case(training_jobs: TrainingJobs, records: Records, call: Call) -> None:
    arn = training_jobs.create(call, request_for(Tags=[{"Key": "team", "Value": "a"}]))["TrainingJobArn"]
    for name in ("Offer-1", "OFFER-1"):
        with pytest.raises(ResourceInUse) as refused:
            training_jobs.create(call, request_for(name, Tags=[{"Key": "team", "Value": "b"}]))
        assert "Training job names must be unique within an AWS account and region" in refused.value.message
        assert arn in refused.value.message
    assert records.tags(arn) == {"team": "a"}


@pytest.mark.parametrize("operation", ["describe", "stop", "update", "delete"])
def test_an_unknown_job_is_not_found_in_sagemakers_words(
    training_jobs: TrainingJobs, call: Call, operation: str
) -> None:
    with pytest.raises(ValidationException, match="Requested resource not found"):
        getattr(training_jobs, operation)(call, {"TrainingJobName": "nothing"})


def test_another_account_and_region_do_not_see_the_job(training_jobs: TrainingJobs, call: Call) -> None:
    training_jobs.create(call, request_for())
    for other in (replace(call, account="999999999999"), replace(call, region="eu-west-1")):
        assert training_jobs.list(other, {}) == {"TrainingJobSummaries": []}
        with pytest.raises(ValidationException):
            training_jobs.describe(other, {"TrainingJobName": "Offer-1"})


def test_a_job_is_stopped_once_and_an_ended_one_cannot_be(
    training_jobs: TrainingJobs, queue: JobQueue, call: Call, clock: FixedClock
) -> None:
    training_jobs.create(call, request_for())
    assert training_jobs.stop(call, {"TrainingJobName": "Offer-1"}) == {}
    described = training_jobs.describe(call, {"TrainingJobName": "Offer-1"})
    assert_fits("DescribeTrainingJob", described)
    assert described["TrainingJobStatus"] == "Stopped"
    with pytest.raises(ValidationException, match="because the training job is in status Stopped"):
        training_jobs.stop(call, {"TrainingJobName": "Offer-1"})


def test_only_an_ended_job_can_be_deleted_and_its_name_is_free_again(
    training_jobs: TrainingJobs, queue: JobQueue, call: Call, clock: FixedClock
) -> None:
    arn = training_jobs.create(call, request_for())["TrainingJobArn"]
    with pytest.raises(ResourceInUse, match="in status InProgress"):
        training_jobs.delete(call, {"TrainingJobName": "Offer-1"})
    run_to_the_end(queue, arn, clock)
    assert training_jobs.delete(call, {"TrainingJobName": "Offer-1"}) == {}
    with pytest.raises(ValidationException, match="not found"):
        training_jobs.describe(call, {"TrainingJobName": "Offer-1"})
    assert training_jobs.create(call, request_for())["TrainingJobArn"] == arn


def test_an_update_can_turn_the_profiler_off_and_nothing_on(training_jobs: TrainingJobs, call: Call) -> None:
    training_jobs.create(call, request_for())
    name = {"TrainingJobName": "Offer-1"}
    assert_fits("UpdateTrainingJob", training_jobs.update(call, {**name, "ProfilerConfig": {"DisableProfiler": True}}))
    for change in (
        {"ProfilerConfig": {"ProfilingIntervalInMilliseconds": 500}},
        {"RemoteDebugConfig": {"EnableRemoteDebug": True}},
    ):
        with pytest.raises(ValidationException, match="Clary"):
            training_jobs.update(call, {**name, **change})


def names(page: dict[str, Any]) -> list[str]:
    return [line["TrainingJobName"] for line in page["TrainingJobSummaries"]]


def test_a_list_is_filtered_sorted_and_paged(
    training_jobs: TrainingJobs, queue: JobQueue, call: Call, clock: FixedClock
) -> None:
    for name in ("b-2", "a-1", "C-3"):
        training_jobs.create(call, request_for(name))
        clock.advance(10)
    moment = training_jobs.describe(call, {"TrainingJobName": "a-1"})["CreationTime"]
    run_to_the_end(queue, str(Arn("sagemaker", "us-east-1", ACCOUNT, "training-job/b-2")), clock)

    everything = training_jobs.list(call, {})
    assert_fits("ListTrainingJobs", everything)
    assert names(everything) == ["b-2", "a-1", "C-3"]
    assert names(training_jobs.list(call, {"SortOrder": "Descending"})) == ["C-3", "a-1", "b-2"]
    assert names(training_jobs.list(call, {"SortBy": "Status"}))[0] == "b-2"
    assert names(training_jobs.list(call, {"StatusEquals": "Completed"})) == ["b-2"]
    assert names(training_jobs.list(call, {"NameContains": "c-"})) == ["C-3"]
    assert names(training_jobs.list(call, {"CreationTimeAfter": moment})) == ["C-3"]
    assert names(training_jobs.list(call, {"CreationTimeBefore": moment})) == ["b-2"]
    assert names(training_jobs.list(call, {"WarmPoolStatusEquals": "Available"})) == []

    first = training_jobs.list(call, {"MaxResults": 2})
    assert_fits("ListTrainingJobs", first)
    second = training_jobs.list(call, {"MaxResults": 2, "NextToken": first["NextToken"]})
    assert names(first) + names(second) == ["b-2", "a-1", "C-3"]
    assert "NextToken" not in second
    for token in ("nonsense", encode_token({}, "name"), encode_token(1.0, None), encode_token(1)):
        with pytest.raises(ValidationException, match="NextToken"):
            training_jobs.list(call, {"NextToken": token})
