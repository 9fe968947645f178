"""From a CreateTransformJob request to the job that `compute` runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.compute.contract import Channel, JobSpec, Limits, Program, TransformPlan
from clary.compute.instances import instance
from clary.core import ids
from clary.core.call import Call
from clary.services.sagemaker.endpoint_plans import replica_plan
from clary.services.sagemaker.locations import location
from clary.services.sagemaker.names import TRANSFORM_JOB
from clary.services.sagemaker.transform.request import filters_of
from clary.storage.records import Record

LOG_GROUP = "/aws/sagemaker/TransformJobs"
LONGEST_RUNTIME_SECONDS = 28 * 86_400  # SageMaker has no stopping condition for batch transform
DEFAULT_INVOCATION_SECONDS, DEFAULT_INVOCATION_RETRIES = 600, 3


def job_spec(call: Call, request: Mapping[str, Any], model: Record, arn: str) -> JobSpec:
    """The job of a checked request.

    Args:
        model: the model's record.
        arn: the transform job's ARN.
    """
    resources = request["TransformResources"]
    plan = _plan(request, model)
    kind = instance(resources["InstanceType"])
    return JobSpec(
        id=ids.request_id(),
        record_kind=TRANSFORM_JOB,
        account=call.account,
        region=call.region,
        name=request["TransformJobName"],
        arn=arn,
        role_arn=plan.replica.role_arn,
        program=Program(),
        limits=Limits(cpus=kind.cpus, memory_bytes=kind.memory_bytes, runtime_seconds=LONGEST_RUNTIME_SECONDS),
        instance_type=resources["InstanceType"],
        hosts=resources["InstanceCount"],
        log_group=LOG_GROUP,
        transform=plan,
    )


def _plan(request: Mapping[str, Any], model: Record) -> TransformPlan:
    sent, output = request["TransformInput"], request["TransformOutput"]
    source = sent["DataSource"]["S3DataSource"]
    client = request.get("ModelClientConfig", {})
    filters = filters_of(request)
    content_type = sent.get("ContentType", "")
    megabytes = request.get("MaxPayloadInMB")
    capture = request.get("DataCaptureConfig", {}).get("DestinationS3Uri", "")
    return TransformPlan(
        replica=replica_plan(
            model,
            request["TransformResources"]["InstanceType"],
            environment={**request.get("Environment", {}), **_batch_environment(request)},
        ),
        input=Channel(
            name="TransformInput",
            uri=str(location(source["S3Uri"], "TransformInput.DataSource.S3DataSource.S3Uri")),
            source_type=source["S3DataType"],
            distribution="ShardedByS3Key",
            compression=sent.get("CompressionType", "None"),
            content_type=content_type,
        ),
        output_uri=str(location(output["S3OutputPath"], "TransformOutput.S3OutputPath")),
        split=sent.get("SplitType", "None"),
        strategy=request.get("BatchStrategy", ""),
        payload_bytes=None if megabytes is None else megabytes << 20,
        concurrent=request.get("MaxConcurrentTransforms", 0),
        assemble=output.get("AssembleWith", "None"),
        accept=output.get("Accept", "") or (content_type if filters.are_needed else ""),
        input_filter=filters.input.text,
        output_filter=filters.output.text,
        join="Input" if filters.join else "None",
        invocation_seconds=client.get("InvocationsTimeoutInSeconds", DEFAULT_INVOCATION_SECONDS),
        invocation_retries=client.get("InvocationsMaxRetries", DEFAULT_INVOCATION_RETRIES),
        capture_uri=str(location(capture, "DataCaptureConfig.DestinationS3Uri")) if capture else "",
    )


def _batch_environment(request: Mapping[str, Any]) -> dict[str, str]:
    """What a serving program sees when it serves a batch transform."""
    environment = {"SAGEMAKER_BATCH": "true"}
    if "MaxPayloadInMB" in request:
        environment["SAGEMAKER_MAX_PAYLOAD_IN_MB"] = str(request["MaxPayloadInMB"])
    if "BatchStrategy" in request:
        several = request["BatchStrategy"] == "MultiRecord"
        environment["SAGEMAKER_BATCH_STRATEGY"] = "MULTI_RECORD" if several else "SINGLE_RECORD"
    if request.get("MaxConcurrentTransforms"):
        environment["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] = str(request["MaxConcurrentTransforms"])
    return environment
