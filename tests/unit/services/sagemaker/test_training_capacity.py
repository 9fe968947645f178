from __future__ import annotations

from typing import Any

import pytest

from clary.compute.contract import Spot
from clary.compute.jobs import events as job_events
from clary.compute.jobs.queue import JobQueue
from clary.core.call import Call
from clary.core.clock import FixedClock
from clary.core.errors import ValidationException
from clary.services.sagemaker.errors import ResourceInUse
from clary.services.sagemaker.training_jobs import TrainingJobs
from tests.unit.services.sagemaker.conftest import ACCOUNT, assert_fits
from tests.unit.services.sagemaker.training import request_for, run_to_the_end

SPOT: dict[str, Any] = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
    "CheckpointConfig": {"S3Uri": "s3://bucket/checkpoints"},
}
KEPT = {
    "ResourceConfig": {
        "InstanceType": "ml.m5.xlarge",
        "InstanceCount": 1,
        "VolumeSizeInGB": 10,
        "KeepAlivePeriodInSeconds": 600,
    }
}


def arn_of(name: str) -> str:
    return f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/{name.lower()}"


def test_a_spot_job_is_queued_with_its_times_and_the_interruptions_it_asks_for(
    training_jobs: TrainingJobs, queue: JobQueue, call: Call
) -> None:
    tags = [
        {"Key": "clary:spot-interrupt-after-seconds", "Value": "5/10.5"},
        {"Key": "clary:spot-interrupt-at-checkpoint", "Value": "3 7"},
    ]
    training_jobs.create(call, request_for(Tags=tags, RetryStrategy={"MaximumRetryAttempts": 2}, **SPOT))
    (entry,) = queue.entries()
    assert entry.spec.spot == Spot((5.0, 10.5), (3, 7))
    assert (entry.spec.limits.wait_seconds, entry.spec.retries) == (7200, 2)
    described = training_jobs.describe(call, {"TrainingJobName": "Offer-1"})
    assert_fits("DescribeTrainingJob", described)
    assert described["EnableManagedSpotTraining"] is True
    assert described["StoppingCondition"]["MaxWaitTimeInSeconds"] == 7200
    assert described["RetryStrategy"] == {"MaximumRetryAttempts": 2}


def test_an_interrupted_job_is_described_with_the_time_it_really_ran(
    training_jobs: TrainingJobs, queue: JobQueue, call: Call, clock: FixedClock
) -> None:
    training_jobs.create(call, request_for(**SPOT))
    (entry,) = queue.entries()
    arn = arn_of("Offer-1")
    queue.admit(entry, job_events.Admitted(clock.time()), (0,), 1 << 30)
    queue.apply(arn, job_events.SupervisorStarted(clock.time()))
    queue.apply(arn, job_events.InputsReady(clock.time()))
    clock.advance(20)
    queue.apply(arn, job_events.Interrupted(clock.time()))
    described = training_jobs.describe(call, {"TrainingJobName": "Offer-1"})
    assert (described["TrainingJobStatus"], described["SecondaryStatus"]) == ("InProgress", "Interrupted")
    queue.apply(arn, job_events.ProgramsEnded(clock.time(), ""))
    (waiting,) = queue.entries()
    assert (waiting.running, waiting.cpus) == (False, ())
    clock.advance(1000)
    run_to_the_end(queue, arn, clock)
    described = training_jobs.describe(call, {"TrainingJobName": "Offer-1"})
    assert_fits("DescribeTrainingJob", described)
    assert (described["TrainingTimeInSeconds"], described["TrainingJobStatus"]) == (50, "Completed")
    assert 1 <= described["BillableTimeInSeconds"] <= 50
    statuses = [step["Status"] for step in described["SecondaryStatusTransitions"]]
    assert statuses == [
        *("Starting", "Downloading", "Training", "Interrupted"),
        *("Starting", "Downloading", "Training", "Uploading", "Completed"),
    ]


def test_a_warm_pool_is_told_changed_reused_and_ended(
    training_jobs: TrainingJobs, queue: JobQueue, call: Call, clock: FixedClock
) -> None:
    training_jobs.create(call, request_for(**KEPT))
    name = {"TrainingJobName": "Offer-1"}
    assert training_jobs.describe(call, name)["WarmPoolStatus"] == {"Status": "InUse"}
    running = training_jobs.list(call, {"WarmPoolStatusEquals": "InUse"})
    assert [line["WarmPoolStatus"]["Status"] for line in running["TrainingJobSummaries"]] == ["InUse"]
    with pytest.raises(ValidationException, match="only while the status of the warm pool is Available"):
        training_jobs.update(call, {**name, "ResourceConfig": {"KeepAlivePeriodInSeconds": 60}})
    run_to_the_end(queue, arn_of("Offer-1"), clock)
    clock.advance(100)
    described = training_jobs.describe(call, name)
    assert_fits("DescribeTrainingJob", described)
    assert described["WarmPoolStatus"] == {"Status": "Available", "ResourceRetainedBillableTimeInSeconds": 100}
    available = training_jobs.list(call, {"WarmPoolStatusEquals": "Available", "MaxResults": 1})
    assert_fits("ListTrainingJobs", available)
    assert [line["TrainingJobName"] for line in available["TrainingJobSummaries"]] == ["Offer-1"]
    with pytest.raises(ResourceInUse, match="Available warm pool"):
        training_jobs.delete(call, name)
    training_jobs.update(call, {**name, "ResourceConfig": {"KeepAlivePeriodInSeconds": 200}})
    longer = training_jobs.describe(call, name)
    assert (longer["WarmPoolStatus"]["Status"], longer["ResourceConfig"]["KeepAlivePeriodInSeconds"]) == (
        "Available",
        200,
    )
    training_jobs.update(call, {**name, "ResourceConfig": {"KeepAlivePeriodInSeconds": 0}})
    assert training_jobs.describe(call, name)["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 0
    assert training_jobs.describe(call, name)["WarmPoolStatus"] == {
        "Status": "Terminated",
        "ResourceRetainedBillableTimeInSeconds": 100,
    }
    training_jobs.delete(call, name)


def test_pages_of_jobs_with_warm_pools_are_complete(
    training_jobs: TrainingJobs, queue: JobQueue, call: Call, clock: FixedClock
) -> None:
    for number in range(5):
        training_jobs.create(call, request_for(f"job-{number}", **(KEPT if number % 2 == 0 else {})))
        clock.advance(1)
    first = training_jobs.list(call, {"WarmPoolStatusEquals": "InUse", "MaxResults": 2})
    token = {"NextToken": first["NextToken"]}
    second = training_jobs.list(call, {"WarmPoolStatusEquals": "InUse", "MaxResults": 2, **token})
    names = [line["TrainingJobName"] for page in (first, second) for line in page["TrainingJobSummaries"]]
    assert names == ["job-0", "job-2", "job-4"]
    assert "NextToken" not in second


def test_a_job_that_ends_has_its_estimated_price_among_its_tags(
    training_jobs: TrainingJobs, queue: JobQueue, call: Call, clock: FixedClock
) -> None:
    training_jobs.create(call, request_for())
    run_to_the_end(queue, arn_of("Offer-1"), clock)
    described = training_jobs.describe(call, {"TrainingJobName": "Offer-1"})
    assert described["BillableTimeInSeconds"] == described["TrainingTimeInSeconds"] == 30
