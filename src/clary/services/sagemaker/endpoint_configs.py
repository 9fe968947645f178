"""Endpoint configurations: which models an endpoint shall run, on how many instances, with which weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.core.call import Call
from clary.core.clock import timestamp
from clary.core.errors import ValidationException
from clary.core.operations import operation
from clary.services.sagemaker.listing import listing, page_of
from clary.services.sagemaker.locations import location
from clary.services.sagemaker.models import find_model
from clary.services.sagemaker.names import ENDPOINT_CONFIG, resource_arn
from clary.services.sagemaker.tags import tags_of
from clary.storage.records import Record, RecordChanged, RecordExists, Records

_RESOURCE = "endpoint-config/{EndpointConfigName}"
MOST_VARIANTS = 10

# (member of the request, what it asks for): set to anything but None, False, "" or an empty list, it is refused.
_NOT_YET: tuple[tuple[str, str], ...] = (
    ("AsyncInferenceConfig", "asynchronous endpoints"),
    ("ExplainerConfig", "explainers of endpoints"),
    ("ShadowProductionVariants", "shadow variants"),
    ("KmsKeyId", "KMS keys"),
    ("ExecutionRoleArn", "endpoints of inference components"),
    ("CrossRegionTrafficConfig", "traffic between regions"),
    ("DataCaptureConfig.KmsKeyId", "KMS keys"),
)
_VARIANT_NOT_YET: tuple[tuple[str, str], ...] = (
    ("ServerlessConfig", "serverless endpoints"),
    ("AcceleratorType", "Elastic Inference"),
    ("CoreDumpConfig", "core dumps"),
    ("InstancePools", "instance pools"),
    ("EnableSSMAccess", "access by Systems Manager"),
    ("CapacityReservationConfig", "capacity reservations"),
    ("AcceleratorPartitionLayouts", "accelerator partitions"),
)


class EndpointConfigs:
    """The endpoint configurations of every account; a record holds the request under "request".

    Args:
        records: where configurations and models are.
    """

    api = "sagemaker"

    def __init__(self, records: Records) -> None:
        self._records = records

    @operation("CreateEndpointConfig", resource=_RESOURCE, lower=True)
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stores a configuration.

        Raises:
            ValidationException: the name is taken, a model is not there, or the request breaks a rule or asks for what
                Clary does not have.
        """
        _refuse(request, _NOT_YET)
        _check_variants(request["ProductionVariants"])
        _check_capture(request.get("DataCaptureConfig"))
        tags = tags_of(request.get("Tags", []))
        for variant in request["ProductionVariants"]:
            find_model(self._records, call, variant["ModelName"])
        name = request["EndpointConfigName"]
        arn = resource_arn(call, ENDPOINT_CONFIG, name)
        body = {"request": {member: value for member, value in request.items() if member != "Tags"}}
        try:
            self._records.insert(Record(ENDPOINT_CONFIG, call.account, call.region, name, arn, body=body), tags=tags)
        except RecordExists as error:
            raise ValidationException(f'Cannot create already existing endpoint configuration "{arn}".') from error
        return {"EndpointConfigArn": arn}

    @operation("DescribeEndpointConfig", resource=_RESOURCE, lower=True)
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Everything about one configuration."""
        record = find_config(self._records, call, request["EndpointConfigName"])
        sent = record.body["request"]
        answer = {
            "EndpointConfigName": record.name,
            "EndpointConfigArn": record.arn,
            "ProductionVariants": [{"InitialVariantWeight": 1.0, **one} for one in sent["ProductionVariants"]],
            "CreationTime": timestamp(record.created),
            "EnableNetworkIsolation": sent.get("EnableNetworkIsolation", False),
        }
        for member in ("DataCaptureConfig", "VpcConfig", "MetricsConfig"):
            if member in sent:
                answer[member] = sent[member]
        return answer

    @operation("ListEndpointConfigs")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of configurations."""
        page = page_of(self._records, call, ENDPOINT_CONFIG, request, descending_by_default=True)
        summaries = [
            {
                "EndpointConfigName": record.name,
                "EndpointConfigArn": record.arn,
                "CreationTime": timestamp(record.created),
            }
            for record in page.records
        ]
        return listing("EndpointConfigs", summaries, page)

    @operation("DeleteEndpointConfig", resource=_RESOURCE, lower=True)
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Forgets a configuration; endpoints made from it go on, as their plan is their own."""
        try:
            self._records.delete(find_config(self._records, call, request["EndpointConfigName"]))
        except RecordChanged:
            return self.delete(call, request)
        return {}


def find_config(records: Records, call: Call, name: str) -> Record:
    """A configuration of the caller's account and region.

    Raises:
        ValidationException: there is none of that name.
    """
    record = records.get(ENDPOINT_CONFIG, call.account, call.region, name)
    if record is None:
        arn = resource_arn(call, ENDPOINT_CONFIG, name)
        raise ValidationException(f'Could not find endpoint configuration "{arn}".')
    return record


def _refuse(sent: Mapping[str, Any], table: tuple[tuple[str, str], ...], where: str = "") -> None:
    for path, feature in table:
        value: Any = sent
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        if value:
            raise ValidationException(f"Clary does not have {feature} yet: leave out {where}{path}.")


def _check_variants(variants: list[dict[str, Any]]) -> None:
    if len(variants) > MOST_VARIANTS:
        raise ValidationException(f"An endpoint can have at most {MOST_VARIANTS} production variants.")
    seen: set[str] = set()
    for variant in variants:
        name = variant["VariantName"]
        if name in seen:
            raise ValidationException(f"Production variant names must be unique: {name!r} appears more than once.")
        seen.add(name)
        _refuse(variant, _VARIANT_NOT_YET, f"ProductionVariants.{name}.")
        for member in ("ModelName", "InstanceType", "InitialInstanceCount"):
            if not variant.get(member):
                raise ValidationException(f"{member} must be specified for production variant {name!r}.")
        if variant.get("ManagedInstanceScaling", {}).get("Status") == "ENABLED":
            raise ValidationException("Clary does not have managed instance scaling yet: leave it out.")
        strategy = variant.get("RoutingConfig", {}).get("RoutingStrategy", "RANDOM")
        if strategy not in ("RANDOM", "LEAST_OUTSTANDING_REQUESTS"):
            raise ValidationException(f"Clary does not have the routing strategy {strategy} yet.")
    if not any(variant.get("InitialVariantWeight", 1.0) > 0 for variant in variants):
        raise ValidationException("The InitialVariantWeight of at least one production variant must be above 0.")


def _check_capture(capture: Mapping[str, Any] | None) -> None:
    if not capture:
        return
    location(capture["DestinationS3Uri"], "DataCaptureConfig.DestinationS3Uri")
    modes = [option["CaptureMode"] for option in capture["CaptureOptions"]]
    if len(set(modes)) != len(modes):
        raise ValidationException("DataCaptureConfig.CaptureOptions must not repeat a CaptureMode.")
