"""On what capacity a training job runs: spot or on-demand, in a warm pool; how long it waits, how often it is tried."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from clary.compute.contract import JobSpec, KeepAlive, Spot
from clary.core.errors import ValidationException

LONGEST_KEEP_ALIVE_SECONDS = 3600
AFTER_SECONDS_TAG = "clary:spot-interrupt-after-seconds"
AT_CHECKPOINT_TAG = "clary:spot-interrupt-at-checkpoint"

_BETWEEN = re.compile(r"[ ,/]+")
_DEFAULT_RUNTIME_SECONDS = 86_400
_Number = TypeVar("_Number", int, float)


def check_capacity(request: Mapping[str, Any]) -> None:
    """Checks the members of CreateTrainingJob that decide about capacity, and the tags that ask for interruptions.

    Raises:
        ValidationException: the first rule that it breaks.
    """
    spot = request.get("EnableManagedSpotTraining", False)
    condition = request.get("StoppingCondition", {})
    wait = condition.get("MaxWaitTimeInSeconds")
    if not spot and wait is not None:
        raise ValidationException(
            "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true"
        )
    if spot and (wait is None or wait < condition.get("MaxRuntimeInSeconds", _DEFAULT_RUNTIME_SECONDS)):
        raise ValidationException(
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds"
        )
    keep_alive = request.get("ResourceConfig", {}).get("KeepAlivePeriodInSeconds", 0)
    check_keep_alive(keep_alive)
    if spot and keep_alive:
        raise ValidationException(
            "Invalid KeepAlivePeriodInSeconds. Warm pools are not supported when EnableManagedSpotTraining is set to "
            "true"
        )
    _check_interruptions(request, spot=spot)


def check_keep_alive(seconds: int) -> None:
    """Checks a KeepAlivePeriodInSeconds.

    Raises:
        ValidationException: it is too long.
    """
    if seconds > LONGEST_KEEP_ALIVE_SECONDS:
        raise ValidationException(
            f"Invalid KeepAlivePeriodInSeconds {seconds}: a warm pool is kept for at most {LONGEST_KEEP_ALIVE_SECONDS} "
            "seconds."
        )


def _check_interruptions(request: Mapping[str, Any], *, spot: bool) -> None:
    tags = _tags(request)
    asked = [key for key in (AFTER_SECONDS_TAG, AT_CHECKPOINT_TAG) if key in tags]
    if asked and not spot:
        raise ValidationException(f"The tag {asked[0]} is for spot jobs: set EnableManagedSpotTraining to true.")
    _numbers(tags, AFTER_SECONDS_TAG, float)
    if _numbers(tags, AT_CHECKPOINT_TAG, int) and not request.get("CheckpointConfig"):
        raise ValidationException(f"The tag {AT_CHECKPOINT_TAG} needs a CheckpointConfig: without one none is kept.")


def with_capacity(spec: JobSpec, request: Mapping[str, Any]) -> JobSpec:
    """The job with what a checked request says of its capacity."""
    spot = None
    if request.get("EnableManagedSpotTraining", False):
        tags = _tags(request)
        spot = Spot(_numbers(tags, AFTER_SECONDS_TAG, float), _numbers(tags, AT_CHECKPOINT_TAG, int))
    keep_alive_seconds = request["ResourceConfig"].get("KeepAlivePeriodInSeconds", 0)
    return replace(
        spec,
        limits=replace(spec.limits, wait_seconds=request.get("StoppingCondition", {}).get("MaxWaitTimeInSeconds", 0)),
        spot=spot,
        retries=request.get("RetryStrategy", {}).get("MaximumRetryAttempts", 0),
        keep_alive=None if spot is not None else KeepAlive(_matches(spec, request), keep_alive_seconds),
    )


def _matches(spec: JobSpec, request: Mapping[str, Any]) -> str:
    """What jobs that may share a warm pool have in common, as in SageMaker: the role, the resources, the network."""
    resources = request["ResourceConfig"]
    return json.dumps(
        [
            spec.account,
            spec.region,
            request["RoleArn"],
            [resources.get(member) for member in ("InstanceType", "InstanceCount", "VolumeSizeInGB")],
            request.get("VpcConfig"),
            request.get("EnableNetworkIsolation", False),
            request.get("EnableInterContainerTrafficEncryption", False),
        ],
        sort_keys=True,
    )


def _tags(request: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}


def _numbers(tags: Mapping[str, str], key: str, kind: Callable[[str], _Number]) -> tuple[_Number, ...]:
    """The positive numbers of a tag: "5", or several as "5 10" or "5/10"; SageMaker's tags may not hold a comma.

    Raises:
        ValidationException: it holds something else.
    """
    if key not in tags:
        return ()
    try:
        numbers = tuple(kind(part) for part in _BETWEEN.split(tags[key]) if part)
    except ValueError:
        numbers = ()
    if not numbers or not all(0 < number < float("inf") for number in numbers):
        raise ValidationException(
            f"The tag {key} is {tags[key]!r}; it must hold positive numbers: 5, or several as 5/10."
        )
    return numbers
