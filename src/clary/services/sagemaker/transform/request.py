"""What CreateTransformJob refuses before anything is queued: broken rules and missing features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.compute.transform.json_path import InvalidPath, parse
from clary.compute.transform.records import FORMATS, Filters
from clary.core.errors import ValidationException
from clary.services.sagemaker.errors import account_limit
from clary.services.sagemaker.locations import location

MOST_INSTANCES = 20
MOST_MEGABYTES_AT_ONCE = 100

# (member of the request, what it asks for): set to anything but None, False, "" or an empty list, it is refused.
_NOT_YET: tuple[tuple[str, str], ...] = (
    ("TransformOutput.KmsKeyId", "KMS keys"),
    ("TransformResources.VolumeKmsKeyId", "KMS keys"),
    ("DataCaptureConfig.KmsKeyId", "KMS keys"),
    ("DataCaptureConfig.GenerateInferenceId", "inference ids in the captured data of batch transform"),
)


def check_request(request: Mapping[str, Any]) -> None:
    """Checks all that can be told from the request alone.

    Raises:
        ValidationException: the first rule that it breaks, or the first feature that Clary does not have.
        ResourceLimitExceeded: it asks for too many instances.
    """
    for path, feature in _NOT_YET:
        member, _, name = path.partition(".")
        if request.get(member, {}).get(name):
            raise ValidationException(f"Clary does not have {feature} yet: leave out {path}.")
    resources = request["TransformResources"]
    if resources["InstanceCount"] > MOST_INSTANCES:
        raise account_limit(
            f"{resources['InstanceType']} for transform job usage", resources["InstanceCount"], allowed=MOST_INSTANCES
        )
    source = request["TransformInput"]["DataSource"]["S3DataSource"]
    location(source["S3Uri"], "TransformInput.DataSource.S3DataSource.S3Uri")
    if source["S3DataType"] not in ("S3Prefix", "ManifestFile"):
        raise ValidationException(
            f"Clary does not have the S3DataType {source['S3DataType']} for batch transform: use S3Prefix or "
            "ManifestFile."
        )
    _check_payload(request)
    _check_processing(request)


def filters_of(request: Mapping[str, Any]) -> Filters:
    """The filters of DataProcessing.

    Raises:
        ValidationException: one is not a JSONPath that batch transform supports.
    """
    sent = request.get("DataProcessing", {})
    paths = []
    for member in ("InputFilter", "OutputFilter"):
        try:
            paths.append(parse(sent.get(member, "$")))
        except InvalidPath as error:
            raise ValidationException(f"Invalid JSONPath in DataProcessing.{member}: {error}.") from error
    return Filters(paths[0], paths[1], sent.get("JoinSource", "None") == "Input")


def _check_payload(request: Mapping[str, Any]) -> None:
    megabytes, concurrent = request.get("MaxPayloadInMB", 0), request.get("MaxConcurrentTransforms", 0)
    if megabytes > MOST_MEGABYTES_AT_ONCE:
        raise ValidationException(
            f"Invalid MaxPayloadInMB {megabytes}: it must not be greater than {MOST_MEGABYTES_AT_ONCE}."
        )
    if megabytes * concurrent > MOST_MEGABYTES_AT_ONCE:
        raise ValidationException(
            f"Invalid MaxPayloadInMB {megabytes} with MaxConcurrentTransforms {concurrent}: their product must not be "
            f"greater than {MOST_MEGABYTES_AT_ONCE}."
        )


def _check_processing(request: Mapping[str, Any]) -> None:
    filters = filters_of(request)
    if not filters.are_needed:
        return
    content_type = _media_type(request["TransformInput"].get("ContentType", ""))
    if content_type not in FORMATS:
        raise ValidationException(
            f"DataProcessing works on data of the content types {', '.join(sorted(FORMATS))}; "
            f"TransformInput.ContentType is {content_type or 'missing'}."
        )
    accept = _media_type(request["TransformOutput"].get("Accept", "")) or content_type
    if FORMATS.get(accept) != FORMATS[content_type]:
        raise ValidationException(
            f"With DataProcessing, input and output must be of one content type: TransformInput.ContentType is "
            f"{content_type}, TransformOutput.Accept is {accept}."
        )


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
