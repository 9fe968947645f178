"""CreateTrainingJob requests, and what compute does to a job that succeeds."""

from __future__ import annotations

from typing import Any

from clary.compute.jobs import states
from clary.compute.jobs.queue import JobQueue
from clary.core.clock import FixedClock
from tests.unit.services.sagemaker.conftest import ROLE

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"


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
