"""From a CreateProcessingJob request to the job that `compute` runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.compute.contract import Channel, JobSpec, Limits, Output, Program
from clary.compute.instances import instance
from clary.core import ids
from clary.core.call import Call
from clary.services.sagemaker.images import Container, FrameworkImage
from clary.services.sagemaker.locations import location
from clary.services.sagemaker.names import PROCESSING_JOB
from clary.services.sagemaker.processing.request import folder_of

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
DEFAULT_RUNTIME_SECONDS = 86_400

# Members of the request that the program finds in its processingjobconfig.json.
_CONFIGURED = (
    "Environment",
    "AppSpecification",
    "ProcessingInputs",
    "ProcessingOutputConfig",
    "ProcessingResources",
    "RoleArn",
    "StoppingCondition",
    "NetworkConfig",
)


def job_spec(call: Call, request: Mapping[str, Any], image: FrameworkImage | Container, arn: str) -> JobSpec:
    """The job of a checked request.

    Args:
        image: what its program runs in.
        arn: the processing job's ARN.
    """
    name = request["ProcessingJobName"]
    cluster = request["ProcessingResources"]["ClusterConfig"]
    kind = instance(cluster["InstanceType"])
    condition = request.get("StoppingCondition", {})
    return JobSpec(
        id=ids.request_id(),
        record_kind=PROCESSING_JOB,
        account=call.account,
        region=call.region,
        name=name,
        arn=arn,
        role_arn=request["RoleArn"],
        program=_program(request, image),
        limits=Limits(
            cpus=kind.cpus,
            memory_bytes=kind.memory_bytes,
            runtime_seconds=condition.get("MaxRuntimeInSeconds", DEFAULT_RUNTIME_SECONDS),
            volume_bytes=cluster["VolumeSizeInGB"] << 30,
            network=not request.get("NetworkConfig", {}).get("EnableNetworkIsolation", False),
        ),
        instance_type=cluster["InstanceType"],
        hosts=cluster["InstanceCount"],
        channels=tuple(_channel(put) for put in request.get("ProcessingInputs", []) if not put.get("AppManaged")),
        outputs=tuple(
            _output(put)
            for put in request.get("ProcessingOutputConfig", {}).get("Outputs", [])
            if not put.get("AppManaged")
        ),
        log_group=LOG_GROUP,
        processing={
            "ProcessingJobName": name,
            "ProcessingJobArn": arn,
            **{member: request[member] for member in _CONFIGURED if member in request},
        },
    )


def _program(request: Mapping[str, Any], image: FrameworkImage | Container) -> Program:
    specification = request["AppSpecification"]
    entrypoint = tuple(specification.get("ContainerEntrypoint", ()))
    arguments = tuple(specification.get("ContainerArguments", ()))
    environment = dict(request.get("Environment", {}))
    if isinstance(image, Container):
        return Program(image=image.image, argv=entrypoint, args=arguments, environment=environment)
    return Program(argv=entrypoint + arguments, framework=image.framework.name, environment=environment)


def _channel(put: Mapping[str, Any]) -> Channel:
    source = put["S3Input"]
    member = f"ProcessingInputs {put['InputName']!r}"
    return Channel(
        name=put["InputName"],
        uri=str(location(source["S3Uri"], member)),
        source_type=source["S3DataType"],
        distribution=source.get("S3DataDistributionType", "FullyReplicated"),
        compression=source.get("S3CompressionType", "None"),
        folder=folder_of(source["LocalPath"], member),
    )


def _output(put: Mapping[str, Any]) -> Output:
    target = put["S3Output"]
    member = f"ProcessingOutputs {put['OutputName']!r}"
    return Output(
        folder=folder_of(target["LocalPath"], member),
        uri=str(location(target["S3Uri"], member)),
        packing="files",
        mode=target["S3UploadMode"],
        after_failure=target["S3UploadMode"] == "Continuous",
    )
