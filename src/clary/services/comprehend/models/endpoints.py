"""Endpoints: the users' own models, answering at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.core.call import Call
from clary.core.clock import timestamp
from clary.core.operations import operation
from clary.services.comprehend import shelf
from clary.services.comprehend.errors import (
    InvalidRequestException,
    ResourceInUseException,
    ResourceLimitExceededException,
)
from clary.services.comprehend.idempotency import asked, sent_before
from clary.services.comprehend.models.model_shelf import ModelShelf
from clary.services.comprehend.models.serving_plans import ServingPlans
from clary.services.comprehend.names import (
    CLASSIFIER,
    CLASSIFIER_ENDPOINT,
    ENDPOINTS,
    MODELS,
    RECOGNIZER_ENDPOINT,
    resource_arn,
)
from clary.services.comprehend.roles import require_role
from clary.storage.identities import Identities
from clary.storage.records import Filters, Record, RecordChanged, RecordExists, Records

MOST_UNITS = 50
_SETTLED = ("IN_SERVICE", "FAILED")


class Endpoints:
    """The endpoints of every account.

    Args:
        records: where they are kept.
        identities: whom roles belong to.
        models: finds what they answer with.
        plans: runs them.
    """

    api = "comprehend"

    def __init__(self, records: Records, identities: Identities, models: ModelShelf, plans: ServingPlans) -> None:
        self._records = records
        self._identities = identities
        self._models = models
        self._plans = plans

    @operation(
        "CreateEndpoint",
        resource="document-classifier-endpoint/{EndpointName} or entity-recognizer-endpoint/{EndpointName}",
    )
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lets a model answer; returns before it does.

        Raises:
            InvalidRequestException: both or neither of ModelArn and FlywheelArn are named, or the role is not usable.
            ResourceNotFoundException: there is no such model or flywheel.
            ResourceUnavailableException: the model is not trained.
            ResourceInUseException: the name is taken.
            ResourceLimitExceededException: it asks for too many inference units.
        """
        tags = shelf.tags_of(request)
        model = self._model(call, request, "ModelArn")
        units = _units(request["DesiredInferenceUnits"])
        if "DataAccessRoleArn" in request:
            require_role(self._identities, call, request["DataAccessRoleArn"])
        kind = CLASSIFIER_ENDPOINT if model.kind == CLASSIFIER else RECOGNIZER_ENDPOINT
        name = request["EndpointName"]
        arn = resource_arn(call, kind, name)
        known = sent_before(self._records, arn, request)
        if known is not None:
            return {"EndpointArn": arn, "ModelArn": known.body["model"]}
        body = {
            "request": asked(request),
            "token": request.get("ClientRequestToken"),
            "units": units,
            **self._answering(model),
            **({"role": request["DataAccessRoleArn"]} if "DataAccessRoleArn" in request else {}),
            **({"flywheel": request["FlywheelArn"]} if "FlywheelArn" in request else {}),
        }
        record = Record(kind, call.account, call.region, name, arn, "CREATING", model.arn, body=body)
        try:
            self._plans.start(record, model, units, tags)
        except RecordExists as error:
            raise ResourceInUseException(f"{arn} exists already.") from error
        return {"EndpointArn": arn, "ModelArn": model.arn}

    @operation("DescribeEndpoint", resource="{EndpointArn}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """An endpoint.

        Raises:
            ResourceNotFoundException: there is no such endpoint.
        """
        return {"EndpointProperties": self._properties(self._find(call, request["EndpointArn"]))}

    @operation("ListEndpoints")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of endpoints of both kinds of models, the newest first.

        Raises:
            InvalidRequestException: the token is not one of this listing.
        """
        found: list[Record] = []
        for kind in ENDPOINTS:
            page = self._records.page(kind, call.account, call.region, filters=_chosen(request), limit=1000)
            found += page.records
        wanted = request.get("Filter", {}).get("Status")
        shown = [self._properties(record) for record in sorted(found, key=lambda one: (-one.created, one.arn))]
        shown = [one for one in shown if wanted in (None, one["Status"])]
        start, size = shelf.place_in_list(request)
        answer: dict[str, Any] = {"EndpointPropertiesList": shown[start : start + size]}
        if start + size < len(shown):
            answer["NextToken"] = shelf.list_token(start + size)
        return answer

    @operation("UpdateEndpoint", resource="{EndpointArn}")
    def update(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lets another model answer, or with other units; what answered goes on until the new one does.

        Raises:
            InvalidRequestException: the model is of another kind, or nothing is to be changed.
            ResourceNotFoundException: there is no such endpoint, model or flywheel.
            ResourceUnavailableException: the model is not trained.
            ResourceInUseException: the endpoint is being created or changed.
            ResourceLimitExceededException: it asks for too many inference units.
        """
        record = self._find(call, request["EndpointArn"])
        if len(request) < 2:
            raise InvalidRequestException("Name what is to be changed: a model, inference units or a role.")
        named = request.get("DesiredModelArn") or request.get("FlywheelArn")
        model = self._model(call, request, "DesiredModelArn") if named else self._current(call, record)
        expected = CLASSIFIER_ENDPOINT if model.kind == CLASSIFIER else RECOGNIZER_ENDPOINT
        if record.kind != expected:
            raise InvalidRequestException(f"{model.arn} is not a model of the kind that {record.arn} answers with.")
        units = _units(request.get("DesiredInferenceUnits", record.body["units"]))
        body = {**record.body, "units": units, **self._answering(model)}
        if "DesiredDataAccessRoleArn" in request:
            body["role"] = require_role(self._identities, call, request["DesiredDataAccessRoleArn"])
        if "FlywheelArn" in request:
            body["flywheel"] = request["FlywheelArn"]
        try:
            self._plans.change(record, model, units, body)
        except RecordChanged as error:
            raise ResourceInUseException(f"{record.arn} is being created or changed. Try again later.") from error
        return {"DesiredModelArn": model.arn}

    @operation("DeleteEndpoint", resource="{EndpointArn}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Ends an endpoint.

        Raises:
            ResourceNotFoundException: there is no such endpoint.
            ResourceInUseException: it is being created or changed.
        """
        record = self._find(call, request["EndpointArn"])
        if self._plans.state(record)[0] not in _SETTLED:
            raise ResourceInUseException(f"{record.arn} is being created or changed. Try again later.")
        try:
            self._records.delete(record)
        except RecordChanged as error:
            raise ResourceInUseException(f"{record.arn} is being changed. Try again.") from error
        self._plans.end(record)
        return {}

    def _answering(self, model: Record) -> dict[str, Any]:
        """What the endpoint keeps of its model, for those who ask it."""
        result = self._models.result(model)
        return {"model": model.arn, "several": result.get("several", False), "native": result.get("native", False)}

    def _find(self, call: Call, arn: str) -> Record:
        return shelf.find(self._records, call, ENDPOINTS, arn)

    def _model(self, call: Call, request: Mapping[str, Any], member: str) -> Record:
        named = [name for name in (member, "FlywheelArn") if request.get(name)]
        if len(named) != 1:
            raise InvalidRequestException(f"Name either {member} or FlywheelArn.")
        if named[0] == member:
            return self._models.usable(call, MODELS, request[member])
        return self._models.active(call, request["FlywheelArn"])

    def _current(self, call: Call, record: Record) -> Record:
        return self._models.usable(call, MODELS, record.body["model"])

    def _properties(self, record: Record) -> dict[str, Any]:
        status, reason = self._plans.state(record)
        body = record.body
        role = {"DataAccessRoleArn": body["role"], "DesiredDataAccessRoleArn": body["role"]} if "role" in body else {}
        return {
            "EndpointArn": record.arn,
            "Status": status,
            **({"Message": reason} if reason else {}),
            "ModelArn": body["model"],
            "DesiredModelArn": body["model"],
            "DesiredInferenceUnits": body["units"],
            "CurrentInferenceUnits": body["units"],
            "CreationTime": timestamp(record.created),
            "LastModifiedTime": timestamp(record.modified),
            **role,
            **({"FlywheelArn": body["flywheel"]} if "flywheel" in body else {}),
        }


def _units(count: int) -> int:
    if count > MOST_UNITS:
        raise ResourceLimitExceededException(f"An endpoint can have at most {MOST_UNITS} inference units, not {count}.")
    return count


def _chosen(request: Mapping[str, Any]) -> Filters:
    asked_for = request.get("Filter", {})
    after, before = asked_for.get("CreationTimeAfter"), asked_for.get("CreationTimeBefore")
    return Filters(
        parent=asked_for.get("ModelArn"),
        created_after=after.timestamp() if after else None,
        created_before=before.timestamp() if before else None,
    )
