"""An endpoint's record as DescribeEndpoint and Search show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.compute.hosting import endpoint_states
from clary.compute.hosting.endpoint import PREVIOUS
from clary.core.clock import timestamp
from clary.services.sagemaker.names import tag_list
from clary.storage.records import Record

_NAMES = {
    "CurrentWeight": "current_weight",
    "DesiredWeight": "desired_weight",
    "CurrentInstanceCount": "current_instances",
    "DesiredInstanceCount": "desired_instances",
}


def description(record: Record) -> dict[str, Any]:
    """What DescribeEndpoint answers; while an update is under way, what still serves and what is coming."""
    body = record.body
    previous = body.get(PREVIOUS)
    serving = previous or body
    answer = {
        "EndpointName": record.name,
        "EndpointArn": record.arn,
        "EndpointConfigName": serving["config"],
        "EndpointStatus": record.status,
        "CreationTime": timestamp(record.created),
        "LastModifiedTime": timestamp(record.modified),
    }
    variants = _variants(body, serving)
    if variants:
        answer["ProductionVariants"] = variants
    reason = body.get("hosting", {}).get("failure_reason")
    if reason and record.status != endpoint_states.UPDATING:
        answer["FailureReason"] = reason
    capture = serving.get("capture")
    if capture:
        answer["DataCaptureConfig"] = _capture(capture)
    if serving.get("deployment"):
        answer["LastDeploymentConfig"] = serving["deployment"]
    if previous is not None and not _same_generation(previous, body):
        answer["PendingDeploymentSummary"] = {
            "EndpointConfigName": body["config"],
            "ProductionVariants": [_pending(body, variant) for variant in body["plan"]["variants"]],
            "StartTime": timestamp(body["requested"]),
        }
    return answer


def search_record(record: Record, tags: dict[str, str]) -> dict[str, Any]:
    """An endpoint as Search shows it."""
    shown = description(record)
    for member in ("LastDeploymentConfig", "PendingDeploymentSummary"):
        shown.pop(member, None)
    return {**shown, "Tags": tag_list(tags)}


def _same_generation(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return bool(one["plan"]["generation"] == other["plan"]["generation"])


def _variants(body: Mapping[str, Any], serving: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The variants that serve; weights and counts that are being changed show as desired ones."""
    planned = body["plan"]["variants"] if _same_generation(body, serving) else []
    wanted = {variant["name"]: variant for variant in planned}
    found = []
    for state in serving.get("hosting", {}).get("variants", []):
        name = state["name"]
        shown = {"VariantName": name, "DeployedImages": [_image(serving, name)]}
        shown.update({member: state[key] for member, key in _NAMES.items()})
        if name in wanted:
            shown["DesiredWeight"] = wanted[name]["weight"]
            shown["DesiredInstanceCount"] = wanted[name]["replicas"]
        found.append(shown)
    return found


def _pending(body: Mapping[str, Any], variant: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "VariantName": variant["name"],
        "DeployedImages": [_image(body, variant["name"])],
        "DesiredWeight": variant["weight"],
        "DesiredInstanceCount": variant["replicas"],
        "CurrentWeight": 0.0,
        "CurrentInstanceCount": 0,
    }


def _image(body: Mapping[str, Any], variant: str) -> dict[str, Any]:
    image = body["images"][variant]
    return {"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": timestamp(body["requested"])}


def _capture(capture: Mapping[str, Any]) -> dict[str, Any]:
    enabled = bool(capture.get("EnableCapture", True))
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
        "DestinationS3Uri": capture["DestinationS3Uri"],
        "KmsKeyId": capture.get("KmsKeyId", ""),
    }
