"""What CreateProcessingJob refuses before anything is queued: broken rules and missing features."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

from clary.core.errors import ValidationException
from clary.services.sagemaker.errors import account_limit
from clary.services.sagemaker.images import (
    BuiltIn,
    Container,
    FrameworkImage,
    OwnImages,
    Resolved,
    parse_image,
    resolve,
)
from clary.services.sagemaker.locations import location

MOST_INSTANCES = 20
ML_FOLDER = "/opt/ml"
_LONGEST_NAME_BYTES = 255
PROCESSING_FOLDER = f"{ML_FOLDER}/processing"

# Repositories of images that bring a program of AWS's own -> what it is.
_NOT_YET: Mapping[str, str] = {
    "sagemaker-clarify-processing": "SageMaker Clarify",
    "sagemaker-spark-processing": "Spark processing",
    "sagemaker-model-monitor-analyzer": "Model Monitor",
    "sagemaker-data-wrangler-container": "Data Wrangler",
    "sagemaker-debugger-rules": "Debugger rules",
    "sagemaker-geospatial-v1-0": "geospatial processing",
}


def check_request(request: Mapping[str, Any]) -> None:
    """Checks all that can be told from the request alone, but for its image.

    Raises:
        ValidationException: the first rule that it breaks, or the first feature that Clary does not have.
        ResourceLimitExceeded: it asks for too many instances.
    """
    cluster = request["ProcessingResources"]["ClusterConfig"]
    for member, feature in (("VolumeKmsKeyId", "KMS keys"), ("InstancePreferences", "instance preferences")):
        if cluster.get(member):
            raise ValidationException(f"Clary does not have {feature} yet: leave out ClusterConfig.{member}.")
    for member in ("InstanceType", "InstanceCount"):
        if not cluster.get(member):
            raise ValidationException(f"ProcessingResources.ClusterConfig.{member} is required.")
    if cluster["InstanceCount"] > MOST_INSTANCES:
        raise account_limit(
            f"{cluster['InstanceType']} for processing job usage", cluster["InstanceCount"], allowed=MOST_INSTANCES
        )
    outputs = request.get("ProcessingOutputConfig", {})
    if outputs.get("KmsKeyId"):
        raise ValidationException("Clary does not have KMS keys yet: leave out ProcessingOutputConfig.KmsKeyId.")
    for put in request.get("ProcessingInputs", []):
        _check_input(put)
    for put in outputs.get("Outputs", []):
        _check_output(put)
    _check_names(request.get("ProcessingInputs", []), "InputName")
    _check_names(outputs.get("Outputs", []), "OutputName")


def check_image(request: Mapping[str, Any], own: OwnImages | None) -> FrameworkImage | Container:
    """What the job's program runs in.

    Args:
        own: finds images that were pushed to this Clary.

    Raises:
        ValidationException: Clary cannot run it, or it brings no program.
    """
    specification = request["AppSpecification"]
    uri = specification["ImageUri"]
    image = parse_image(uri)
    feature = _NOT_YET.get(image.repository) if image is not None else None
    if feature is not None:
        raise ValidationException(f"Clary does not have {feature} yet: it cannot run the image {uri}.")
    resolved: Resolved = resolve(uri, "processing", script_mode=True, own=own)
    if isinstance(resolved, BuiltIn):
        raise ValidationException(
            f"The image {uri} holds the algorithm {resolved.algorithm.name}, which is for training and inference: take "
            "a framework's image (scikit-learn, for one) to run a program of your own."
        )
    if isinstance(resolved, FrameworkImage) and not specification.get("ContainerEntrypoint"):
        raise ValidationException(
            "AppSpecification.ContainerEntrypoint is required with a framework's image: it names the program to run, "
            f"as in ['python3', '{PROCESSING_FOLDER}/input/code/preprocess.py']."
        )
    return resolved


def folder_of(path: str, member: str) -> str:
    """A LocalPath relative to `/opt/ml`.

    Args:
        member: where the request says it, for the message.

    Raises:
        ValidationException: it does not lie below `/opt/ml/processing`, or cannot be the name of a folder.
    """
    normal = posixpath.normpath(path) if path else ""
    if normal != PROCESSING_FOLDER and not normal.startswith(PROCESSING_FOLDER + "/"):
        raise ValidationException(
            f"Invalid LocalPath {path!r} in {member}: it must be an absolute path below {PROCESSING_FOLDER}."
        )
    if not all(
        part.isprintable() and len(part.encode("utf-8", "replace")) <= _LONGEST_NAME_BYTES for part in normal.split("/")
    ):
        raise ValidationException(
            f"Invalid LocalPath {path!r} in {member}: its parts must be printable characters, at most "
            f"{_LONGEST_NAME_BYTES} bytes of them each."
        )
    return posixpath.relpath(normal, ML_FOLDER)


def _check_input(put: Mapping[str, Any]) -> None:
    name = f"ProcessingInputs {put['InputName']!r}"
    if put.get("DatasetDefinition"):
        kind = next(
            (kind for kind in ("Athena", "Redshift") if f"{kind}DatasetDefinition" in put["DatasetDefinition"]), ""
        )
        raise ValidationException(
            f"Clary does not have dataset definitions{f' of {kind}' if kind else ''} yet ({name}): give an S3Input."
        )
    source = put.get("S3Input")
    if not source:
        raise ValidationException(f"{name}: S3Input is required.")
    location(source["S3Uri"], f"{name}.S3Input.S3Uri")
    if put.get("AppManaged"):
        return
    if source.get("S3InputMode", "File") == "Pipe":
        raise ValidationException(f"Clary does not have Pipe mode for processing jobs yet ({name}): use File.")
    folder_of(source.get("LocalPath", ""), f"{name}.S3Input")


def _check_output(put: Mapping[str, Any]) -> None:
    name = f"ProcessingOutputs {put['OutputName']!r}"
    if put.get("FeatureStoreOutput"):
        raise ValidationException(f"Clary does not have the feature store yet ({name}): give an S3Output.")
    target = put.get("S3Output")
    if not target:
        raise ValidationException(f"{name}: S3Output is required.")
    location(target["S3Uri"], f"{name}.S3Output.S3Uri")
    if not put.get("AppManaged"):
        folder_of(target.get("LocalPath", ""), f"{name}.S3Output")


def _check_names(puts: Sequence[Mapping[str, Any]], member: str) -> None:
    seen: set[str] = set()
    for put in puts:
        if put[member] in seen:
            raise ValidationException(f"{member} must be unique: {put[member]!r} appears more than once.")
        seen.add(put[member])
