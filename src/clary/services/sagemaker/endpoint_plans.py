"""From an endpoint configuration to what hosting runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from clary.compute.contract import EndpointPlan, Limits, ReplicaPlan, VariantPlan
from clary.compute.instances import instance
from clary.core.call import Call
from clary.core.errors import ValidationException
from clary.services.sagemaker.models import container_of, find_model, model_data_uri
from clary.services.sagemaker.names import ENDPOINT, resource_arn
from clary.services.sagemaker.serving import code_uri, serving_program
from clary.storage.records import Record, Records

LOG_GROUP = "/aws/sagemaker/Endpoints/"
DEFAULT_STARTUP_SECONDS = 240


def plan_of(records: Records, call: Call, endpoint: str, config: Record) -> EndpointPlan:
    """The plan that a configuration asks for.

    Raises:
        ValidationException: a model is gone.
    """
    return EndpointPlan(
        arn=resource_arn(call, ENDPOINT, endpoint),
        account=call.account,
        region=call.region,
        name=endpoint,
        generation=round(call.time.timestamp() * 1000),  # unique: an endpoint made anew never meets old model files
        variants=tuple(_variant(records, call, sent) for sent in config.body["request"]["ProductionVariants"]),
        log_group=LOG_GROUP + endpoint,
    )


def body_of(records: Records, call: Call, plan: EndpointPlan, config: Record) -> dict[str, Any]:
    """What an endpoint's record holds of a plan and its configuration."""
    sent = config.body["request"]
    images = {}
    for variant in sent["ProductionVariants"]:
        model = find_model(records, call, variant["ModelName"])
        images[variant["VariantName"]] = container_of(model.body["request"])["Image"]
    return {
        "plan": asdict(plan),
        "config": config.name,
        "images": images,
        "instance_types": {
            variant["VariantName"]: variant["InstanceType"]
            for variant in sent["ProductionVariants"]
            if "InstanceType" in variant
        },
        "capture": sent.get("DataCaptureConfig"),
        "requested": call.time.timestamp(),
    }


def _variant(records: Records, call: Call, sent: Mapping[str, Any]) -> VariantPlan:
    return VariantPlan(
        name=sent["VariantName"],
        plan=replica_plan(
            find_model(records, call, sent["ModelName"]),
            sent["InstanceType"],
            startup_seconds=sent.get("ContainerStartupHealthCheckTimeoutInSeconds", DEFAULT_STARTUP_SECONDS),
        ),
        weight=float(sent.get("InitialVariantWeight", 1.0)),
        replicas=sent["InitialInstanceCount"],
    )


def replica_plan(
    model: Record,
    instance_type: str,
    *,
    startup_seconds: int = DEFAULT_STARTUP_SECONDS,
    environment: Mapping[str, str] | None = None,
) -> ReplicaPlan:
    """How a model is served, on an endpoint and in batch transform.

    Args:
        model: the model's record.
        environment: variables that win over the model's own.
    """
    request = model.body["request"]
    container = container_of(request)
    variables = {
        "AWS_REGION": model.region,
        "AWS_DEFAULT_REGION": model.region,
        **container.get("Environment", {}),
        **(environment or {}),
    }
    kind = instance(instance_type)
    return ReplicaPlan(
        program=serving_program(container, variables, model.body.get("image", "")),
        model_uri=model_data_uri(container),
        code_uri=code_uri(container),
        role_arn=request["ExecutionRoleArn"],
        limits=Limits(
            cpus=kind.cpus, memory_bytes=kind.memory_bytes, network=not request.get("EnableNetworkIsolation", False)
        ),
        startup_seconds=startup_seconds,
    )


def retaining(plan: EndpointPlan, before: EndpointPlan, excluded: Iterable[str]) -> EndpointPlan:
    """`plan` with the weights and instance counts that variants of the same name have in `before`.

    Args:
        excluded: the VariantPropertyTypes that are not kept.
    """
    known = {variant.name: variant for variant in before.variants}
    variants = []
    for variant in plan.variants:
        old = known.get(variant.name)
        if old is not None and "DesiredWeight" not in excluded:
            variant = replace(variant, weight=old.weight)
        if old is not None and "DesiredInstanceCount" not in excluded:
            variant = replace(variant, replicas=old.replicas)
        variants.append(variant)
    return replace(plan, variants=tuple(variants))


def adjusted(plan: EndpointPlan, changes: Iterable[Mapping[str, Any]]) -> EndpointPlan:
    """`plan` with the weights and instance counts of UpdateEndpointWeightsAndCapacities.

    Raises:
        ValidationException: a variant is not there, or no requests or instances would be left.
    """
    variants = {variant.name: variant for variant in plan.variants}
    for change in changes:
        name = change["VariantName"]
        if name not in variants:
            raise ValidationException(f'Could not find production variant "{name}" of endpoint "{plan.arn}".')
        if change.get("ServerlessUpdateConfig"):
            raise ValidationException("Clary does not have serverless endpoints yet: leave out ServerlessUpdateConfig.")
        count = change.get("DesiredInstanceCount")
        if count == 0:
            raise ValidationException(
                f"DesiredInstanceCount of production variant {name!r} must be at least 1: Clary scales endpoints of "
                "instances no further down."
            )
        variants[name] = replace(
            variants[name],
            weight=float(change.get("DesiredWeight", variants[name].weight)),
            replicas=count or variants[name].replicas,
        )
    if not any(variant.weight > 0 for variant in variants.values()):
        raise ValidationException("The weight of at least one production variant must be above 0.")
    return replace(plan, variants=tuple(variants.values()))
