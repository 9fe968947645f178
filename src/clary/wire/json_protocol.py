"""AWS JSON 1.0 and 1.1: the operation in `X-Amz-Target`, everything else in the body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.core.errors import ServiceError
from clary.core.http import HttpRequest, HttpResponse
from clary.wire.errors import ErrorForm, match_error
from clary.wire.eventstream import JSON_EVENTS, event_response
from clary.wire.json_values import JSON_WRITERS, encode, read_json, write_json
from clary.wire.models import OperationModel
from clary.wire.protocol import Protocol, Route, body_bytes, finish


class JsonProtocol(Protocol):
    """AWS JSON.

    Args:
        version: "1.0" or "1.1"; they differ in their content type alone.
    """

    name = "json"

    def __init__(self, version: str) -> None:
        self.version = version
        self._content_type = ("Content-Type", f"application/x-amz-json-{version}")

    def parse(self, operation: OperationModel, request: HttpRequest, route: Route) -> dict[str, Any]:
        """Reads the body; an empty one is an empty request."""
        shape = operation.input_shape
        if shape is None:
            return {}
        parameters: dict[str, Any] = read_json(shape, body_bytes(request))
        return parameters

    def serialize(self, operation: OperationModel, result: Mapping[str, Any], request_id: str) -> HttpResponse:
        """Writes a JSON object; nothing at all for operations without a result."""
        headers = [("x-amzn-RequestId", request_id)]
        if operation.output_event_stream is not None:
            return finish(event_response(operation, result, headers, JSON_EVENTS), result)
        shape = operation.output_shape
        body = b"" if shape is None else write_json(shape, result)
        return finish(HttpResponse(operation.status, [*headers, self._content_type], body), result)

    def serialize_error(self, operation: OperationModel | None, error: ServiceError, request_id: str) -> HttpResponse:
        """Writes `__type`, the message and the modelled members."""
        form = match_error(operation, error)
        headers = [("x-amzn-RequestId", request_id), self._content_type]
        body: dict[str, Any] = {"__type": json_error_type(operation, form)}
        body.update(error_members(form))
        headers += query_error_headers(operation, form)
        return HttpResponse(form.status, headers, encode(body))


def error_members(form: ErrorForm) -> dict[str, Any]:
    """An error's members as values for JSON, the message always among them."""
    members: dict[str, Any] = {} if form.shape is None else JSON_WRITERS.of(form.shape)(form.members)
    if not any(name.lower() == "message" for name in members):
        members["message"] = form.message
    return members


def json_error_type(operation: OperationModel | None, form: ErrorForm) -> str:
    """What `__type` says: the shape's name where an old code travels in a header of its own, else the code."""
    if form.shape is not None and operation is not None and operation.service.is_query_compatible:
        return form.shape.name
    return form.code


def query_error_headers(operation: OperationModel | None, form: ErrorForm) -> list[tuple[str, str]]:
    """The header that carries the query protocol's code of an API which once spoke it."""
    if form.shape is None or operation is None or not operation.service.is_query_compatible:
        return []
    return [("x-amzn-query-error", f"{form.code};{form.fault}")]


JSON_1_0 = JsonProtocol("1.0")
JSON_1_1 = JsonProtocol("1.1")
