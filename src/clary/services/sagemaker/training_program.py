"""Which program a training job runs: a built-in algorithm, the user's script on a framework, a command of theirs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from clary.algorithms.contract import Algorithm
from clary.compute.contract import Channel, MetricDefinition, Program
from clary.core.call import Call
from clary.core.errors import ValidationException
from clary.frameworks.toolkit import TRAIN
from clary.services.sagemaker.images import BuiltIn, Container, OwnImages, Resolved, built_in, resolve
from clary.services.sagemaker.locations import location

SOURCE_FOLDER = "input/source"
"""Where the toolkit finds the archive of the script's source, relative to `/opt/ml`."""
_SOURCE = "sagemaker_submit_directory"
_TRAIN = ("train",)

# Hyperparameters with which the SDK asks for a kind of distributed training that does not exist here.
_NOT_YET = (
    ("sagemaker_parameter_server_enabled", "parameter servers"),
    ("sagemaker_multi_worker_mirrored_strategy_enabled", "TensorFlow's multi-worker mirrored strategy"),
    ("sagemaker_distributed_dataparallel_enabled", "SageMaker's distributed data parallel library (smdistributed)"),
    ("sagemaker_instance_groups", "heterogeneous clusters"),
)


def resolved_image(request: Mapping[str, Any], own: OwnImages | None = None) -> Resolved:
    """What the request's training image means.

    Raises:
        ValidationException: there is none, or Clary cannot run it, or not in the way the request asks for.
    """
    specification = request["AlgorithmSpecification"]
    image = specification.get("TrainingImage")
    if not image:
        raise ValidationException(
            "You must specify either AlgorithmName or TrainingImage in AlgorithmSpecification; both are missing."
        )
    resolved = resolve(image, "training", script_mode=brings_program(request), own=own)
    if isinstance(resolved, BuiltIn):
        _check_built_in(specification, request, resolved.algorithm)
    else:
        _check_own_program(request, resolved)
    return resolved


def brings_program(request: Mapping[str, Any]) -> bool:
    """Whether the user brings a program for the image to run: script mode, or a command."""
    specification = request["AlgorithmSpecification"]
    return bool(
        request.get("HyperParameters", {}).get("sagemaker_program")
        or request.get("Environment", {}).get("SAGEMAKER_PROGRAM")
        or specification.get("ContainerEntrypoint")
        or specification.get("ContainerArguments")
    )


def algorithm_of(request: Mapping[str, Any]) -> Algorithm | None:
    """The built-in algorithm that a training job runs, None for other programs.

    Args:
        request: what CreateTrainingJob was given, or a definition of a tuning job with the same members.
    """
    specification = request["AlgorithmSpecification"]
    return None if brings_program(request) else built_in(specification.get("TrainingImage", ""))


def program_of(call: Call, request: Mapping[str, Any], resolved: Resolved, arn: str) -> Program:
    """The program of a training job.

    Args:
        resolved: what its image means.
        arn: the job's ARN.
    """
    environment = {
        "TRAINING_JOB_NAME": request["TrainingJobName"],
        "TRAINING_JOB_ARN": arn,
        "AWS_REGION": call.region,
        **request.get("Environment", {}),
    }
    if isinstance(resolved, BuiltIn):
        algorithm = resolved.algorithm.name
        return Program(entry="clary.algorithms.train:main", args=(algorithm,), environment=environment)
    specification = request["AlgorithmSpecification"]
    entry_point = tuple(specification.get("ContainerEntrypoint", ()))
    arguments = tuple(specification.get("ContainerArguments", ()))
    if isinstance(resolved, Container):
        return Program(image=resolved.image, argv=entry_point, args=arguments or _TRAIN, environment=environment)
    command = (*entry_point, *arguments)
    if command in ((), _TRAIN):
        command = ("python3", TRAIN)
    if request.get("EnableNetworkIsolation"):
        environment["CLARY_NETWORK_ISOLATION"] = "1"
    return Program(argv=command, environment=environment, framework=resolved.framework.name)


def metrics_of(request: Mapping[str, Any], resolved: Resolved) -> tuple[MetricDefinition, ...]:
    """The metrics to look for in the log: the algorithm's own, or those that the user defined."""
    if isinstance(resolved, BuiltIn):
        told = resolved.algorithm.metrics_for(request.get("HyperParameters", {}))
        return tuple(MetricDefinition(metric.name, metric.regex, metric.marker) for metric in told)
    definitions = request["AlgorithmSpecification"].get("MetricDefinitions", [])
    return tuple(MetricDefinition(metric["Name"], metric["Regex"]) for metric in definitions)


def source_channels(request: Mapping[str, Any]) -> tuple[Channel, ...]:
    """The channel that brings the script's source, when that lies in S3."""
    uri = _value(request, _SOURCE)
    if not uri.startswith("s3://"):
        return ()
    return (Channel(name=_SOURCE, uri=str(location(uri, _SOURCE)), folder=SOURCE_FOLDER),)


def _check_built_in(specification: Mapping[str, Any], request: Mapping[str, Any], algorithm: Algorithm) -> None:
    for member in ("ContainerEntrypoint", "ContainerArguments"):
        if specification.get(member):
            raise ValidationException(
                f"The image of the built-in algorithm {algorithm.name} runs no other programs: leave out "
                f"AlgorithmSpecification.{member}, or use the image of a framework."
            )
    if request.get("HyperParameters", {}).get("sagemaker_program"):
        raise ValidationException(
            f"The image of the built-in algorithm {algorithm.name} has no script mode: leave out the hyperparameter "
            "sagemaker_program, or use the image of a framework."
        )
    if specification.get("MetricDefinitions"):
        raise ValidationException(
            "You can't override the metric definitions for Amazon SageMaker algorithms. Please retry the request "
            "without specifying metric definitions."
        )


def _check_own_program(request: Mapping[str, Any], resolved: Resolved) -> None:
    for name, feature in _NOT_YET:
        if _value(request, name) not in ("", "false", "False", "None", "null"):
            raise ValidationException(
                f"Clary does not have {feature} yet: leave out the hyperparameter {name}. It has torchrun "
                "(sagemaker_torch_distributed_enabled) and MPI's ranks on one machine (sagemaker_mpi_enabled)."
            )
    hosts = request.get("ResourceConfig", {}).get("InstanceCount", 1)
    if request.get("EnableNetworkIsolation") and hosts > 1 and not isinstance(resolved, Container):
        raise ValidationException(
            "Clary cannot isolate the network of a job with several instances: its hosts could not reach one another. "
            "Leave out EnableNetworkIsolation, or use one instance."
        )
    source = _value(request, _SOURCE)
    if source.startswith("s3://"):
        location(source, f"hyperparameter {_SOURCE}")
    for metric in request["AlgorithmSpecification"].get("MetricDefinitions", []):
        _check_regex(metric["Name"], metric["Regex"])


def _check_regex(name: str, regex: str) -> None:
    try:
        groups = re.compile(regex).groups
    except re.error as error:
        raise ValidationException(f"Invalid regular expression {regex!r} of metric {name!r}: {error}.") from None
    if groups == 0:
        raise ValidationException(
            f"Invalid regular expression {regex!r} of metric {name!r}: it has no group (...) that holds the value."
        )


def _value(request: Mapping[str, Any], name: str) -> str:
    """A hyperparameter as text; the SDK writes JSON."""
    sent = request.get("HyperParameters", {}).get(name, "")
    try:
        value = json.loads(sent)
    except ValueError:
        return str(sent)
    return value if isinstance(value, str) else sent
