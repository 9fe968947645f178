"""Endpoints: created, described, listed, updated and deleted; what they run is hosting's matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from clary.compute.contract import EndpointPlan
from clary.compute.hosting import endpoint_states
from clary.compute.hosting.endpoint import PREVIOUS
from clary.compute.hosting.endpoints import Hosting
from clary.compute.hosting.serving_costs import ServingCosts
from clary.core.call import Call
from clary.core.clock import timestamp
from clary.core.errors import ValidationException
from clary.core.operations import operation
from clary.services.sagemaker.endpoint_configs import find_config
from clary.services.sagemaker.endpoint_description import description
from clary.services.sagemaker.endpoint_plans import adjusted, body_of, plan_of, retaining
from clary.services.sagemaker.errors import ResourceLimitExceeded
from clary.services.sagemaker.listing import listing, page_of
from clary.services.sagemaker.names import ENDPOINT, resource_arn
from clary.services.sagemaker.tags import tags_of
from clary.storage.records import Record, RecordChanged, RecordExists, Records

_RESOURCE = "endpoint/{EndpointName}"
MOST_INSTANCES = 64
"""Instances of all endpoints of an account and region together; each is a process with its model in memory."""


class Endpoints:
    """The endpoints of every account.

    A record holds "plan" (what runs or shall run), "config", "images", "capture", "requested", "deployment"; while it
    is Updating also "previous", the body to go back to. `compute` owns the status and what stands under "hosting".

    Args:
        records: where endpoints, configurations and models are.
        hosting: runs the plans.
        serving_costs: is told of endpoints that end.
    """

    api = "sagemaker"

    def __init__(self, records: Records, hosting: Hosting, serving_costs: ServingCosts) -> None:
        self._records = records
        self._hosting = hosting
        self._serving_costs = serving_costs

    @operation("CreateEndpoint", resource=_RESOURCE, lower=True)
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stores an endpoint and starts what it shall run.

        Raises:
            ValidationException: the name is taken, or the configuration or a model is not there.
            ResourceLimitExceeded: it asks for too many instances.
        """
        deployment = _checked_deployment(request.get("DeploymentConfig"))
        tags = tags_of(request.get("Tags", []))
        config = find_config(self._records, call, request["EndpointConfigName"])
        name = request["EndpointName"]
        plan = plan_of(self._records, call, name, config)
        if self._records.by_arn(plan.arn) is not None:
            raise _taken(plan.arn)
        self._check_limit(call, plan)
        body = {**body_of(self._records, call, plan, config), "deployment": deployment}
        record = Record(ENDPOINT, call.account, call.region, name, plan.arn, endpoint_states.CREATING, body=body)
        try:
            self._records.insert(record, tags=tags)
        except RecordExists as error:
            raise _taken(plan.arn) from error
        self._hosting.apply(plan)
        return {"EndpointArn": plan.arn}

    @operation("DescribeEndpoint", resource=_RESOURCE, lower=True)
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Everything about one endpoint."""
        return description(self._find(call, request))

    @operation("ListEndpoints")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of endpoints."""
        page = page_of(self._records, call, ENDPOINT, request, descending_by_default=True)
        summaries = [
            {
                "EndpointName": record.name,
                "EndpointArn": record.arn,
                "CreationTime": timestamp(record.created),
                "LastModifiedTime": timestamp(record.modified),
                "EndpointStatus": record.status,
            }
            for record in page.records
        ]
        return listing("Endpoints", summaries, page)

    @operation("UpdateEndpoint", resource=_RESOURCE, lower=True)
    def update(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Replaces what an endpoint runs by another configuration, without losing a request.

        Raises:
            ValidationException: the endpoint is being changed or has failed; the configuration or a model is gone.
            ResourceLimitExceeded: it asks for too many instances.
        """
        record = self._changeable(call, request)
        deployment = _checked_deployment(request.get("DeploymentConfig"))
        if request.get("RetainDeploymentConfig"):
            deployment = record.body.get("deployment")
        config = find_config(self._records, call, request["EndpointConfigName"])
        plan = plan_of(self._records, call, record.name, config)
        retained = request.get("RetainAllVariantProperties", False)
        excluded = {entry["VariantPropertyType"] for entry in request.get("ExcludeRetainedVariantProperties", [])}
        if retained:
            plan = retaining(plan, EndpointPlan.from_json(record.body["plan"]), excluded)
        body = body_of(self._records, call, plan, config)
        if retained and "DataCaptureConfig" not in excluded:
            body["capture"] = record.body.get("capture")
        self._check_limit(call, plan)
        return self._change(record, plan, {**body, "deployment": deployment})

    @operation("UpdateEndpointWeightsAndCapacities", resource=_RESOURCE, lower=True)
    def update_weights(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Changes weights and instance counts of the variants that run.

        Raises:
            ValidationException: the endpoint is being changed or has failed, or a variant is not there.
            ResourceLimitExceeded: it asks for too many instances.
        """
        record = self._changeable(call, request)
        plan = adjusted(EndpointPlan.from_json(record.body["plan"]), request["DesiredWeightsAndCapacities"])
        self._check_limit(call, plan)
        body = {**record.body, "plan": asdict(plan), "requested": call.time.timestamp()}
        return self._change(record, plan, body)

    @operation("DeleteEndpoint", resource=_RESOURCE, lower=True)
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Ends an endpoint; its name is free again when its replicas have ended.

        Raises:
            ValidationException: it is being changed.
        """
        record = self._find(call, request)
        if record.status in endpoint_states.CHANGING:
            raise ValidationException(f'Cannot update in-progress endpoint "{record.arn}".')
        try:
            self._records.update(record, status=endpoint_states.DELETING)
        except RecordChanged as error:
            raise ValidationException(f'Cannot update in-progress endpoint "{record.arn}".') from error
        self._serving_costs.close(record)
        self._hosting.remove(record.arn)
        return {}

    def _change(self, record: Record, plan: EndpointPlan, body: Mapping[str, Any]) -> dict[str, Any]:
        """Stores an update as under way, so that it survives Clary, and hands it to hosting."""
        updating = {**body, "hosting": record.body.get("hosting", {}), PREVIOUS: record.body}
        try:
            self._records.update(record, status=endpoint_states.UPDATING, body=updating)
        except RecordChanged as error:
            raise ValidationException(f'Cannot update in-progress endpoint "{record.arn}".') from error
        self._hosting.apply(plan)
        return {"EndpointArn": record.arn}

    def _find(self, call: Call, request: Mapping[str, Any]) -> Record:
        name = request["EndpointName"]
        record = self._records.get(ENDPOINT, call.account, call.region, name)
        if record is None:
            raise ValidationException(f'Could not find endpoint "{resource_arn(call, ENDPOINT, name)}".')
        return record

    def _changeable(self, call: Call, request: Mapping[str, Any]) -> Record:
        record = self._find(call, request)
        if record.status in endpoint_states.CHANGING:
            raise ValidationException(f'Cannot update in-progress endpoint "{record.arn}".')
        if not endpoint_states.accepts(record.status, endpoint_states.Event.UPDATE):
            raise ValidationException(
                f'Cannot update endpoint "{record.arn}" in status {record.status}: it can only be deleted.'
            )
        return record

    def _check_limit(self, call: Call, plan: EndpointPlan) -> None:
        wanted = sum(variant.replicas for variant in plan.variants)
        used = sum(
            variant["replicas"]
            for record in self._records.of_kind(ENDPOINT)
            if (record.account, record.region) == (call.account, call.region)
            and record.arn != plan.arn
            and record.status != endpoint_states.FAILED
            for variant in record.body["plan"]["variants"]
        )
        if used + wanted > MOST_INSTANCES:
            raise ResourceLimitExceeded(
                "The account-level service limit 'Number of instances across active endpoints' is "
                f"{MOST_INSTANCES} Instances, with current utilization of {used} Instances and a request delta of "
                f"{wanted} Instances. Please use AWS Service Quotas to request an increase for this quota."
            )


def _taken(arn: str) -> ValidationException:
    return ValidationException(f'Cannot create already existing endpoint "{arn}".')


def _checked_deployment(deployment: dict[str, Any] | None) -> dict[str, Any] | None:
    """A DeploymentConfig that Clary can follow: all traffic at once.

    Raises:
        ValidationException: it asks for another course.
    """
    if not deployment:
        return None
    if deployment.get("RollingUpdatePolicy"):
        raise ValidationException("Clary does not have rolling updates yet: leave out RollingUpdatePolicy.")
    if deployment.get("AutoRollbackConfiguration", {}).get("Alarms"):
        raise ValidationException("Clary does not have rollbacks by alarm yet: leave out AutoRollbackConfiguration.")
    policy = deployment.get("BlueGreenUpdatePolicy", {})
    kind = policy.get("TrafficRoutingConfiguration", {}).get("Type", "ALL_AT_ONCE")
    if kind != "ALL_AT_ONCE":
        raise ValidationException(f"Clary does not have {kind} traffic routing yet: it shifts traffic ALL_AT_ONCE.")
    return deployment
