"""How a training job's record reads: Describe, the line in a list, the record in a search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.algorithms.contract import Metric
from clary.core.clock import timestamp
from clary.services.sagemaker.names import tag_list
from clary.services.sagemaker.training_program import algorithm_of
from clary.services.sagemaker.training_spec import DEFAULT_RUNTIME_SECONDS, model_uri
from clary.storage.records import Record

FINAL_STATUSES = ("Completed", "Failed", "Stopped")
# SageMaker's shape holds no more; the log's own come first, then those asked for, then those that tuning may use.
MOST_METRIC_DEFINITIONS = 40

# Members of the request that come back as they were sent.
_ECHOED = (
    "RoleArn",
    "VpcConfig",
    "ResourceConfig",
    "CheckpointConfig",
    "DebugHookConfig",
    "ExperimentConfig",
    "ProfilerConfig",
    "Environment",
    "RetryStrategy",
    "RemoteDebugConfig",
    "InfraCheckConfig",
)
_FLAGS = ("EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining")
# Members of DescribeTrainingJob that the TrainingJob of a search result does not have.
_NOT_IN_SEARCH = ("RemoteDebugConfig", "InfraCheckConfig", "ProfilingStatus")


def description(record: Record) -> dict[str, Any]:
    """The answer of DescribeTrainingJob."""
    request = record.body["request"]
    channels = [_channel(channel) for channel in request.get("InputDataConfig", [])]
    return {
        "TrainingJobName": record.name,
        "TrainingJobArn": record.arn,
        "TrainingJobStatus": record.status,
        "HyperParameters": request.get("HyperParameters", {}),
        "AlgorithmSpecification": _algorithm_specification(record),
        # The SageMaker SDK reads KmsKeyId without asking whether it is there.
        "OutputDataConfig": {"KmsKeyId": "", "CompressionType": "GZIP", **request["OutputDataConfig"]},
        "StoppingCondition": {
            "MaxRuntimeInSeconds": DEFAULT_RUNTIME_SECONDS,
            **request.get("StoppingCondition", {}),
        },
        "CreationTime": timestamp(record.created),
        "LastModifiedTime": timestamp(record.modified),
        "ProfilingStatus": "Disabled",
        **({"InputDataConfig": channels} if channels else {}),
        **{member: request[member] for member in _ECHOED if member in request},
        **{member: request.get(member, False) for member in _FLAGS},
        **({"TuningJobArn": record.body["tuning"]["arn"]} if "tuning" in record.body else {}),
        **_course(record),
    }


def summary(record: Record) -> dict[str, Any]:
    """The line of ListTrainingJobs."""
    line = {
        "TrainingJobName": record.name,
        "TrainingJobArn": record.arn,
        "CreationTime": timestamp(record.created),
        "LastModifiedTime": timestamp(record.modified),
        "TrainingJobStatus": record.status,
        "SecondaryStatus": _job(record).get("secondary_status", "Starting"),
    }
    if (ended := _job(record).get("ended")) is not None:
        line["TrainingEndTime"] = timestamp(ended)
    return line


def search_record(record: Record, tags: dict[str, str]) -> dict[str, Any]:
    """The TrainingJob of a search result."""
    found = {name: value for name, value in description(record).items() if name not in _NOT_IN_SEARCH}
    return {**found, "Tags": tag_list(tags)}


def _job(record: Record) -> Mapping[str, Any]:
    job: Mapping[str, Any] = record.body.get("job", {})
    return job


def _course(record: Record) -> dict[str, Any]:
    """What `compute` has written of the job so far."""
    job = _job(record)
    members: dict[str, Any] = {
        "SecondaryStatus": job.get("secondary_status", "Starting"),
        "SecondaryStatusTransitions": [_transition(step) for step in job.get("transitions", [])],
        "ModelArtifacts": {
            "S3ModelArtifacts": job.get("outputs", {}).get("model") or model_uri(record.body["request"])
        },
    }
    if job.get("failure_reason"):
        members["FailureReason"] = job["failure_reason"]
    for member, key in (("TrainingStartTime", "started"), ("TrainingEndTime", "ended")):
        if job.get(key) is not None:
            members[member] = timestamp(job[key])
    for member, key in (("TrainingTimeInSeconds", "training_seconds"), ("BillableTimeInSeconds", "billable_seconds")):
        if job.get(key) is not None:
            members[member] = max(1, job[key])  # SageMaker's shape begins at 1: a started second counts
    if job.get("metrics"):
        members["FinalMetricDataList"] = [
            {"MetricName": metric["name"], "Value": metric["value"], "Timestamp": timestamp(metric["time"])}
            for metric in job["metrics"]
        ]
    return members


def _transition(step: Mapping[str, Any]) -> dict[str, Any]:
    told = {"Status": step["status"], "StartTime": timestamp(step["start"]), "StatusMessage": step["message"]}
    if step.get("end") is not None:
        told["EndTime"] = timestamp(step["end"])
    return told


def _algorithm_specification(record: Record) -> dict[str, Any]:
    """As sent, with the metric definitions of the built-in algorithm: analytics and tuning read their names."""
    request = record.body["request"]
    specification = {"EnableSageMakerMetricsTimeSeries": False, **request["AlgorithmSpecification"]}
    algorithm = algorithm_of(request)
    if algorithm is not None:
        written = {metric["name"] for metric in _job(record).get("metrics", [])}
        asked = request.get("HyperParameters", {}).get("eval_metric", "").split(",")

        def rank(metric: Metric) -> tuple[bool, bool, bool]:
            return metric.name not in written, metric.name.partition(":")[2] not in asked, not metric.tunable

        told = sorted(algorithm.metrics_for(request.get("HyperParameters", {})), key=rank)[:MOST_METRIC_DEFINITIONS]
        specification["MetricDefinitions"] = [{"Name": metric.name, "Regex": metric.regex} for metric in told]
    return specification


def _channel(sent: Mapping[str, Any]) -> dict[str, Any]:
    source = {"S3DataDistributionType": "FullyReplicated", **sent["DataSource"]["S3DataSource"]}
    return {
        "CompressionType": "None",
        "RecordWrapperType": "None",
        **sent,
        "DataSource": {"S3DataSource": source},
    }
