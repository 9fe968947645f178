from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clary.compute import job_queue, states
from clary.compute.contract import Channel, Output
from clary.compute.forkserver import ForkServer
from clary.compute.instances import instance
from clary.compute.job_queue import JobQueue
from clary.compute.jobs import Jobs, SupervisorProgram
from clary.core.arn import Arn
from clary.core.call import Call, Principal
from clary.core.clock import FixedClock
from clary.core.errors import AccessDeniedException, ServiceError, ValidationException
from clary.services.sagemaker.errors import ResourceInUse, ResourceLimitExceeded
from clary.services.sagemaker.training_jobs import TrainingJobs
from clary.storage import identities as identities_module
from clary.storage import records as records_module
from clary.storage.database import Database
from clary.storage.identities import Identities
from clary.storage.records import Records
from tests.unit.services.sagemaker.conftest import ACCOUNT, ROLE, assert_fits

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"


@pytest.fixture
def records(tmp_path: Path, clock: FixedClock) -> Iterator[Records]:
    schema = records_module.SCHEMA + job_queue.SCHEMA + identities_module.SCHEMA
    database = Database(tmp_path / "metadata.db", schema)
    yield Records(database, clock)
    database.close()


@pytest.fixture
def identities(records: Records, clock: FixedClock) -> Identities:
    identities = Identities(records.database, clock, ACCOUNT)
    identities.bootstrap()
    return identities


@pytest.fixture
def call(call: Call, identities: Identities) -> Call:
    """A call with the first key, which acts as a session of the execution role."""
    return replace(call, principal=identities.role_principal(ROLE, "clary"))


@pytest.fixture
def queue(records: Records, clock: FixedClock) -> JobQueue:
    return JobQueue(records, clock)


@pytest.fixture
def training_jobs(records: Records, identities: Identities, clock: FixedClock, tmp_path: Path) -> TrainingJobs:
    """Over real jobs whose scheduler does not run: they wait until a test moves them on."""
    jobs = Jobs(records, ForkServer((), fork=False), tmp_path, SupervisorProgram("", ()), clock=clock)
    return TrainingJobs(records, identities, jobs)


def request_for(name: str = "Offer-1", **changes: Any) -> dict[str, Any]:
    """The smallest sensible request; a change to None leaves the member out."""
    request = {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "HyperParameters": {"num_round": "5", "objective": "binary:logistic"},
        "InputDataConfig": [channel("train"), channel("validation")],
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out/"},
        "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        **changes,
    }
    return {member: value for member, value in request.items() if value is not None}


def channel(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "ChannelName": name,
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://bucket/data/{name}"}},
        "ContentType": "text/csv",
        **changes,
    }


def run_to_the_end(queue: JobQueue, arn: str, clock: FixedClock) -> None:
    """What compute does to a job that succeeds after 30 seconds of training."""
    job_id = queue.id_of(arn)
    entry = queue.entry(job_id) if job_id else None
    assert entry is not None
    queue.admit(entry, states.Admitted(clock.time()), (0,), 1 << 30)
    queue.apply(arn, states.SupervisorStarted(clock.time()))
    queue.apply(arn, states.InputsReady(clock.time()))
    clock.advance(30)
    metrics = [{"name": "validation:auc", "value": 0.91, "time": clock.time()}]
    queue.apply(arn, states.ProgramsEnded(clock.time(), "", metrics))
    queue.apply(arn, states.Uploaded(clock.time(), {output.folder: output.uri for output in entry.spec.outputs}))


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


UNSUPPORTED: list[tuple[str, dict[str, Any]]] = [
    ("managed spot training", {"EnableManagedSpotTraining": True}),
    ("KMS keys", {"OutputDataConfig": {"S3OutputPath": "s3://bucket/out", "KmsKeyId": "key"}}),
    ("script mode", {"HyperParameters": {"sagemaker_program": "train.py"}}),
    ("Debugger rules", {"DebugRuleConfigurations": [{"RuleConfigurationName": "r", "RuleEvaluatorImage": "i"}]}),
    ("remote debugging", {"RemoteDebugConfig": {"EnableRemoteDebug": True}}),
    (
        "algorithm resources",
        {"AlgorithmSpecification": {"AlgorithmName": "mine", "TrainingInputMode": "File"}},
    ),
    (
        "programs of your own",
        {
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "ContainerEntrypoint": ["/bin/bash"],
            }
        },
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


BROKEN: list[tuple[type[ServiceError], str, dict[str, Any]]] = [
    (ValidationException, "more than once", {"InputDataConfig": [channel("train"), channel("train")]}),
    (ValidationException, "exactly one data source", {"InputDataConfig": [channel("train", DataSource={})]}),
    (ValidationException, "Invalid S3 URI in OutputData", {"OutputDataConfig": {"S3OutputPath": "https://x.y/out"}}),
    (ValidationException, "InstanceCount is required", resources(InstanceCount=0)),
    (ValidationException, "InstanceType is required", {"ResourceConfig": None}),
    (ResourceLimitExceeded, "training warm pool usage' is 0", resources(KeepAlivePeriodInSeconds=60)),
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
        {"ResourceConfig": {"KeepAlivePeriodInSeconds": 60}},
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
    with pytest.raises(ValidationException, match="NextToken"):
        training_jobs.list(call, {"NextToken": "nonsense"})
