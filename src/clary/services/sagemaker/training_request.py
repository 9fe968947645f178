"""What CreateTrainingJob refuses before anything is queued.

The wire has checked types, patterns, lengths and enumerations. Here are the rules that the model does not state, and
the features that Clary does not have yet: those are refused by name, so that no job runs other than it was asked for.
Hyperparameters and required channels are the algorithm's own matter, as in AWS: it rejects them when the job starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.core.errors import ValidationException
from clary.services.sagemaker.errors import account_limit
from clary.services.sagemaker.images import BuiltIn, OwnImages, Resolved
from clary.services.sagemaker.locations import location
from clary.services.sagemaker.training_capacity import check_capacity
from clary.services.sagemaker.training_program import resolved_image

MOST_INSTANCES = 20  # AWS's usual quota; all of a job's hosts are processes of one machine here
LONGEST_RUNTIME_SECONDS = 28 * 86_400
CHECKPOINT_PATH = "/opt/ml/checkpoints"
_ML_FOLDER = "/opt/ml/"
_TAKEN = ("input", "model", "output", "code")

# (member of the request, what it asks for): set to anything but None, False, "" or an empty list, it is refused.
_NOT_YET: tuple[tuple[str, str], ...] = (
    ("ServerlessJobConfig", "serverless training jobs"),
    ("MlflowConfig", "MLflow servers"),
    ("ModelPackageConfig", "model packages"),
    ("DebugRuleConfigurations", "Debugger rules"),
    ("ProfilerRuleConfigurations", "Profiler rules"),
    ("TensorBoardOutputConfig", "TensorBoard output"),
    ("RemoteDebugConfig.EnableRemoteDebug", "remote debugging"),
    ("SessionChainingConfig.EnableSessionTagChaining", "session tag chaining"),
    ("AlgorithmSpecification.AlgorithmName", "algorithm resources and AWS Marketplace algorithms"),
    ("OutputDataConfig.KmsKeyId", "KMS keys"),
    ("ResourceConfig.VolumeKmsKeyId", "KMS keys"),
    ("ResourceConfig.InstanceGroups", "heterogeneous clusters"),
    ("ResourceConfig.InstancePreferences", "instance preferences"),
    ("ResourceConfig.InstancePlacementConfig", "instance placement"),
    ("ResourceConfig.TrainingPlanArn", "training plans"),
)


def check_request(request: Mapping[str, Any], own: OwnImages | None = None) -> Resolved:
    """Checks all that can be told from the request alone.

    Args:
        own: finds the images of users.

    Returns:
        What its image means.

    Raises:
        ValidationException: the first rule that it breaks, or the first feature that Clary does not have.
        ResourceLimitExceeded: it asks for too many instances.
    """
    for member, feature in _NOT_YET:
        if _member(request, member):
            raise ValidationException(f"Clary does not have {feature} yet: leave out {member}.")
    resolved = resolved_image(request, own)
    _check_resources(request.get("ResourceConfig", {}))
    _check_stopping(request.get("StoppingCondition", {}))
    check_capacity(request)
    _check_channels(request.get("InputDataConfig", []))
    location(request["OutputDataConfig"]["S3OutputPath"], "OutputDataConfig.S3OutputPath")
    checkpoints = request.get("CheckpointConfig")
    if checkpoints:
        location(checkpoints["S3Uri"], "CheckpointConfig.S3Uri")
        _check_checkpoint_path(checkpoints.get("LocalPath", CHECKPOINT_PATH), resolved)
    return resolved


def _check_checkpoint_path(path: str, resolved: Resolved) -> None:
    plain = path.rstrip("/")
    if isinstance(resolved, BuiltIn) and plain != CHECKPOINT_PATH:
        raise ValidationException(
            f"Clary keeps the checkpoints of built-in algorithms in {CHECKPOINT_PATH}: leave out "
            "CheckpointConfig.LocalPath."
        )
    parts = plain.removeprefix(_ML_FOLDER).split("/")
    if not plain.startswith(_ML_FOLDER) or not all(parts) or ".." in parts or parts[0] in _TAKEN:
        raise ValidationException(
            f"Invalid CheckpointConfig.LocalPath {path!r}: it must be a folder below {_ML_FOLDER} that SageMaker does "
            f"not use otherwise ({', '.join(_TAKEN)}); {CHECKPOINT_PATH} is the usual one."
        )


def _member(request: Mapping[str, Any], path: str) -> Any:
    value: Any = request
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _check_resources(resources: Mapping[str, Any]) -> None:
    for member in ("InstanceType", "InstanceCount"):
        if not resources.get(member):
            raise ValidationException(f"ResourceConfig.{member} is required and must not be empty or 0.")
    kind, count = resources["InstanceType"], resources["InstanceCount"]
    if count > MOST_INSTANCES:
        raise account_limit(f"{kind} for training job usage", count, allowed=MOST_INSTANCES)


def _check_stopping(condition: Mapping[str, Any]) -> None:
    runtime = condition.get("MaxRuntimeInSeconds", 0)
    if runtime > LONGEST_RUNTIME_SECONDS:
        raise ValidationException(
            f"Invalid MaxRuntimeInSeconds {runtime}: the longest a training job may run is "
            f"{LONGEST_RUNTIME_SECONDS} seconds (28 days)."
        )


def _check_channels(channels: list[dict[str, Any]]) -> None:
    seen: set[str] = set()
    for channel in channels:
        name = channel["ChannelName"]
        if name in seen:
            raise ValidationException(f"Channel names must be unique: {name!r} appears more than once.")
        if name in (".", ".."):  # the pattern lets them pass, but a channel is a folder of that name
            raise ValidationException(f"Invalid ChannelName {name!r}: it must not be a path.")
        seen.add(name)
        _check_source(name, channel["DataSource"])


def _check_source(name: str, source: Mapping[str, Any]) -> None:
    given = [member for member in ("S3DataSource", "FileSystemDataSource", "DatasetSource") if source.get(member)]
    if len(given) != 1:
        raise ValidationException(f"Channel {name!r}: exactly one data source must be specified.")
    if given != ["S3DataSource"]:
        raise ValidationException(f"Clary reads training data from S3 only: channel {name!r} has a {given[0]}.")
    s3 = source["S3DataSource"]
    location(s3["S3Uri"], f"channel {name!r}")
    if s3["S3DataType"] not in ("S3Prefix", "ManifestFile"):
        raise ValidationException(
            f"Clary does not have the S3DataType {s3['S3DataType']} yet (channel {name!r}): use S3Prefix or "
            "ManifestFile."
        )
    for member in ("AttributeNames", "InstanceGroupNames", "HubAccessConfig"):
        if s3.get(member):
            raise ValidationException(f"{member} does not apply to channel {name!r} with {s3['S3DataType']}.")
