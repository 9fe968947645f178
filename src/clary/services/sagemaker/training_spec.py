"""From a CreateTrainingJob request to the job that `compute` runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.compute.contract import Channel, JobSpec, Limits, Output
from clary.compute.instances import instance
from clary.core import ids
from clary.core.call import Call
from clary.services.sagemaker.images import Resolved
from clary.services.sagemaker.locations import location
from clary.services.sagemaker.names import TRAINING_JOB
from clary.services.sagemaker.training_program import metrics_of, program_of, source_channels

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
METRIC_NAMESPACE = "/aws/sagemaker/TrainingJobs"
METRIC_DIMENSION = "TrainingJobName"
DEFAULT_RUNTIME_SECONDS = 86_400
_ML_FOLDER = "/opt/ml/"
_CHECKPOINTS = "/opt/ml/checkpoints"


def job_spec(call: Call, request: Mapping[str, Any], resolved: Resolved, arn: str) -> JobSpec:
    """The job of a checked request.

    Args:
        resolved: what its image means.
        arn: the training job's ARN.
    """
    name = request["TrainingJobName"]
    specification = request["AlgorithmSpecification"]
    resources = request["ResourceConfig"]
    checkpoints = request.get("CheckpointConfig")
    return JobSpec(
        id=ids.request_id(),
        record_kind=TRAINING_JOB,
        account=call.account,
        region=call.region,
        name=name,
        arn=arn,
        role_arn=request["RoleArn"],
        program=program_of(call, request, resolved, arn),
        limits=_limits(request),
        instance_type=resources["InstanceType"],
        hosts=resources["InstanceCount"],
        hyperparameters=dict(request.get("HyperParameters", {})),
        channels=(
            *(_channel(channel, specification["TrainingInputMode"]) for channel in request.get("InputDataConfig", [])),
            *source_channels(request),
        ),
        outputs=_outputs(request),
        metrics=metrics_of(request, resolved),
        log_group=LOG_GROUP,
        metric_namespace=METRIC_NAMESPACE,
        metric_dimension=METRIC_DIMENSION,
        checkpoint_uri=str(location(checkpoints["S3Uri"], "CheckpointConfig.S3Uri")) if checkpoints else "",
        checkpoint_folder=((checkpoints or {}).get("LocalPath") or _CHECKPOINTS).removeprefix(_ML_FOLDER).rstrip("/"),
    )


def model_uri(request: Mapping[str, Any]) -> str:
    """Where the job's model goes: an object, or with CompressionType NONE the prefix of the model's files."""
    return _output_uri(request, "model")


def _output_uri(request: Mapping[str, Any], what: str) -> str:
    output = request["OutputDataConfig"]
    place = location(output["S3OutputPath"], "OutputDataConfig.S3OutputPath")
    suffix = f"{what}/" if _is_uncompressed(request) else f"{what}.tar.gz"
    return place.below(f"{request['TrainingJobName']}/output/{suffix}")


def _is_uncompressed(request: Mapping[str, Any]) -> bool:
    return bool(request["OutputDataConfig"].get("CompressionType") == "NONE")


def _outputs(request: Mapping[str, Any]) -> tuple[Output, ...]:
    packing = "files" if _is_uncompressed(request) else "tar.gz"
    return (
        Output("model", _output_uri(request, "model"), packing),
        Output("output/data", _output_uri(request, "output"), packing),
    )


def _limits(request: Mapping[str, Any]) -> Limits:
    kind = instance(request["ResourceConfig"]["InstanceType"])
    condition = request.get("StoppingCondition", {})
    return Limits(
        cpus=kind.cpus,
        memory_bytes=kind.memory_bytes,
        runtime_seconds=condition.get("MaxRuntimeInSeconds", DEFAULT_RUNTIME_SECONDS),
        pending_seconds=condition.get("MaxPendingTimeInSeconds", 0),
        volume_bytes=request["ResourceConfig"].get("VolumeSizeInGB", 0) << 30,
        network=not request.get("EnableNetworkIsolation", False),
    )


def _channel(channel: Mapping[str, Any], default_mode: str) -> Channel:
    source = channel["DataSource"]["S3DataSource"]
    shuffle = channel.get("ShuffleConfig")
    return Channel(
        name=channel["ChannelName"],
        uri=str(location(source["S3Uri"], f"channel {channel['ChannelName']!r}")),
        source_type=source["S3DataType"],
        mode=channel.get("InputMode", default_mode),
        distribution=source.get("S3DataDistributionType", "FullyReplicated"),
        compression=channel.get("CompressionType", "None"),
        content_type=channel.get("ContentType", ""),
        record_wrapper=channel.get("RecordWrapperType", "None"),
        shuffle_seed=shuffle["Seed"] if shuffle else None,
    )
