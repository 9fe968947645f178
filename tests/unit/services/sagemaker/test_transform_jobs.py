from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
import pytest

from clary.compute.contract import JobSpec
from clary.compute.forking.server import ForkServer
from clary.compute.jobs import events as job_events
from clary.compute.jobs.queue import JobQueue
from clary.compute.jobs.scheduler import Jobs, SupervisorProgram
from clary.core.call import Call
from clary.core.clock import FixedClock
from clary.core.errors import ServiceError, ValidationException
from clary.services.sagemaker.errors import ResourceInUse, ResourceLimitExceeded
from clary.services.sagemaker.tags import Tags
from clary.services.sagemaker.transform.jobs import TransformJobs
from clary.storage.records import Record, Records
from tests.unit.services.sagemaker.conftest import ACCOUNT, ROLE, assert_fits

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
ARN = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:transform-job/batch-1"


class DataAccess:
    def bucket_exists(self, bucket: str) -> bool:
        return bucket == "bucket"


@pytest.fixture
def transform_jobs(records: Records, clock: FixedClock, tmp_path: Path) -> TransformJobs:
    """Over real jobs whose scheduler does not run, with a model "m"."""
    arn = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model/m"
    container = {"Image": IMAGE, "ModelDataUrl": "s3://bucket/m.tar.gz", "Environment": {"A": "model", "B": "model"}}
    body = {"request": {"ModelName": "m", "PrimaryContainer": container, "ExecutionRoleArn": ROLE}}
    records.insert(Record("sagemaker:model", ACCOUNT, "us-east-1", "m", arn, body=body))
    jobs = Jobs(records, ForkServer((), fork=False), tmp_path, SupervisorProgram("", ()), clock=clock)
    return TransformJobs(records, DataAccess(), jobs)  # type: ignore[arg-type]


def request_for(name: str = "Batch-1", **changes: Any) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in"}}
    return {
        "TransformJobName": name,
        "ModelName": "m",
        "TransformInput": {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": "s3://bucket/out/", "Accept": "text/csv", "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
        **changes,
    }


def with_input(**changes: Any) -> dict[str, Any]:
    return {"TransformInput": {**request_for()["TransformInput"], **changes}}


def with_output(**changes: Any) -> dict[str, Any]:
    return {"TransformOutput": {**request_for()["TransformOutput"], **changes}}


def processed(**changes: Any) -> dict[str, Any]:
    return {"DataProcessing": changes}


def spec_of(queue: JobQueue) -> JobSpec:
    (entry,) = queue.entries()
    return entry.spec


def test_a_job_is_queued_and_described_with_its_defaults(transform_jobs: TransformJobs, call: Call) -> None:
    assert transform_jobs.create(call, request_for()) == {"TransformJobArn": ARN}
    found = transform_jobs.describe(call, {"TransformJobName": "Batch-1"})
    assert_fits("DescribeTransformJob", found)
    assert found["TransformJobStatus"] == "InProgress"
    assert found["TransformInput"]["CompressionType"] == "None"
    assert found["DataProcessing"] == {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}
    assert "TransformEndTime" not in found


def test_the_job_says_what_compute_runs(transform_jobs: TransformJobs, queue: JobQueue, call: Call) -> None:
    transform_jobs.create(
        call,
        request_for(
            MaxPayloadInMB=3,
            MaxConcurrentTransforms=4,
            BatchStrategy="SingleRecord",
            ModelClientConfig={"InvocationsTimeoutInSeconds": 77, "InvocationsMaxRetries": 1},
            Environment={"B": "job"},
            DataProcessing={"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
            TransformResources={"InstanceType": "ml.m5.xlarge", "InstanceCount": 3},
        ),
    )
    spec = spec_of(queue)
    plan = spec.transform
    assert plan is not None
    assert JobSpec.from_json(orjson.loads(orjson.dumps(asdict(spec)))) == spec
    assert (spec.hosts, spec.limits.cpus, spec.log_group) == (3, 4, "/aws/sagemaker/TransformJobs")
    assert (plan.payload_bytes, plan.concurrent, plan.strategy) == (3 << 20, 4, "SingleRecord")
    assert (plan.invocation_seconds, plan.invocation_retries) == (77, 1)
    assert (plan.input.uri, plan.output_uri) == ("s3://bucket/in", "s3://bucket/out/")
    assert (plan.input_filter, plan.output_filter, plan.join) == ("$[1:]", "$[0,-1]", "Input")
    environment = plan.replica.program.environment
    assert environment == {
        **environment,
        "A": "model",
        "B": "job",
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "3",
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "4",
        "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD",
    }


def test_what_the_job_does_not_say_is_left_to_the_model(
    transform_jobs: TransformJobs, queue: JobQueue, call: Call
) -> None:
    transform_jobs.create(call, request_for())
    plan = spec_of(queue).transform
    assert plan is not None
    assert (plan.payload_bytes, plan.concurrent, plan.strategy) == (None, 0, "")
    assert (plan.invocation_seconds, plan.invocation_retries) == (600, 3)


def test_a_failed_job_tells_why_in_its_description_and_in_the_list(
    transform_jobs: TransformJobs, queue: JobQueue, call: Call, clock: FixedClock
) -> None:
    transform_jobs.create(call, request_for())
    queue.apply(ARN, job_events.Admitted(clock.time()))
    queue.apply(ARN, job_events.SupervisorStarted(clock.time()))
    queue.apply(ARN, job_events.InputsFailed(clock.time(), "ClientError: nothing there"))
    found = transform_jobs.describe(call, {"TransformJobName": "Batch-1"})
    assert_fits("DescribeTransformJob", found)
    assert (found["TransformJobStatus"], found["FailureReason"]) == ("Failed", "ClientError: nothing there")
    assert found["TransformEndTime"] >= found["TransformStartTime"]
    listed = transform_jobs.list(call, {"StatusEquals": "Failed"})
    assert_fits("ListTransformJobs", listed)
    assert [line["FailureReason"] for line in listed["TransformJobSummaries"]] == ["ClientError: nothing there"]
    with pytest.raises(ValidationException, match="the transform job is in status Failed"):
        transform_jobs.stop(call, {"TransformJobName": "Batch-1"})


def test_a_waiting_job_is_stopped_at_once(transform_jobs: TransformJobs, call: Call) -> None:
    transform_jobs.create(call, request_for())
    assert transform_jobs.stop(call, {"TransformJobName": "Batch-1"}) == {}
    assert transform_jobs.describe(call, {"TransformJobName": "Batch-1"})["TransformJobStatus"] == "Stopped"


def test_jobs_are_listed_newest_first_in_pages(transform_jobs: TransformJobs, call: Call, clock: FixedClock) -> None:
    for number in range(3):
        transform_jobs.create(call, request_for(f"job-{number}"))
        clock.advance(1)
    page = transform_jobs.list(call, {"MaxResults": 2})
    assert_fits("ListTransformJobs", page)
    rest = transform_jobs.list(call, {"MaxResults": 2, "NextToken": page["NextToken"]})
    lines = [*page["TransformJobSummaries"], *rest["TransformJobSummaries"]]
    assert [line["TransformJobName"] for line in lines] == ["job-2", "job-1", "job-0"]


def test_a_job_has_tags(transform_jobs: TransformJobs, records: Records, call: Call) -> None:
    transform_jobs.create(call, request_for(Tags=[{"Key": "team", "Value": "data"}]))
    assert Tags(records).list(call, {"ResourceArn": ARN}) == {"Tags": [{"Key": "team", "Value": "data"}]}


def test_a_name_is_taken_once(transform_jobs: TransformJobs, call: Call) -> None:
    transform_jobs.create(call, request_for())
    with pytest.raises(ResourceInUse, match="must be unique"):
        transform_jobs.create(call, request_for())


def test_a_job_that_is_not_there_is_not_found(transform_jobs: TransformJobs, call: Call) -> None:
    for method in (transform_jobs.describe, transform_jobs.stop):
        with pytest.raises(ValidationException, match="Could not find requested job with name: nobody"):
            method(call, {"TransformJobName": "nobody"})


AUGMENTED = {"S3DataSource": {"S3DataType": "AugmentedManifestFile", "S3Uri": "s3://bucket/in"}}
BROKEN: list[tuple[type[ServiceError], str, dict[str, Any]]] = [
    (ValidationException, 'Could not find model ".*model/nobody"', {"ModelName": "nobody"}),
    (ValidationException, "TransformOutput.S3OutputPath.*does not exist", with_output(S3OutputPath="s3://gone/out")),
    (
        ValidationException,
        "DestinationS3Uri.*does not exist",
        {"DataCaptureConfig": {"DestinationS3Uri": "s3://gone/"}},
    ),
    (ValidationException, "Invalid S3 URI in TransformOutput", with_output(S3OutputPath="https://example.com/x")),
    (ValidationException, "KMS keys", with_output(KmsKeyId="key")),
    (ValidationException, "AugmentedManifestFile", with_input(DataSource=AUGMENTED)),
    (ValidationException, "MaxPayloadInMB 101", {"MaxPayloadInMB": 101}),
    (ValidationException, "their product", {"MaxPayloadInMB": 60, "MaxConcurrentTransforms": 2}),
    (ValidationException, "Invalid JSONPath in DataProcessing.InputFilter", processed(InputFilter="1:")),
    (ValidationException, "Invalid JSONPath in DataProcessing.OutputFilter", processed(OutputFilter="$[a]")),
    (ValidationException, "image/png", {**with_input(ContentType="image/png"), **processed(JoinSource="Input")}),
    (
        ValidationException,
        "of one content type",
        {**with_output(Accept="application/json"), **processed(JoinSource="Input")},
    ),
    (ValidationException, "Duplicate tag keys", {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}),
    (
        ResourceLimitExceeded,
        "ml.m5.xlarge for transform job usage",
        {"TransformResources": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 21}},
    ),
]


@pytest.mark.parametrize(("error", "words", "changes"), BROKEN)
def test_what_breaks_a_rule_is_refused_before_anything_is_queued(
    transform_jobs: TransformJobs,
    queue: JobQueue,
    call: Call,
    error: type[ServiceError],
    words: str,
    changes: dict[str, Any],
) -> None:
    with pytest.raises(error, match=words):
        transform_jobs.create(call, request_for(**changes))
    assert queue.entries() == []
