"""REST with JSON bodies."""

from __future__ import annotations

from typing import Any

from clary.core.errors import ServiceError
from clary.core.http import HttpResponse
from clary.wire.errors import SerializationException, Unreadable, match_error
from clary.wire.eventstream import REST_JSON_EVENTS
from clary.wire.json_protocol import error_members
from clary.wire.json_values import encode, read_json, write_json
from clary.wire.models import OperationModel, Shape
from clary.wire.rest import Outputs, RestProtocol, unplaced


class RestJsonProtocol(RestProtocol):
    """rest-json."""

    name = "rest-json"
    events = REST_JSON_EVENTS
    content_type = "application/json"
    writes_empty_results = True
    empty_payload = b"{}"

    def read_body(self, shape: Shape, body: bytes) -> dict[str, Any]:
        """Reads a JSON object; members that travel elsewhere are not taken from it."""
        value = read_json(shape, body)
        return unplaced(shape, value) if isinstance(value, dict) and not shape.is_document else value

    def write_body(self, operation: OperationModel, shape: Shape, value: Any, *, is_payload: bool) -> bytes:
        """Writes a JSON object."""
        return write_json(shape, value)

    def unreadable(self, error: Unreadable) -> ServiceError:
        """A value in the wrong type is a serialization error, wherever it stood."""
        return SerializationException(f"{error.name}: {error.reason}" if error.name else error.reason)

    def request_headers(self, operation: OperationModel | None, request_id: str) -> list[tuple[str, str]]:
        """The request's id."""
        return [("x-amzn-RequestId", request_id)]

    def serialize_error(self, operation: OperationModel | None, error: ServiceError, request_id: str) -> HttpResponse:
        """The code in a header, the message and the modelled members in the body or where the model places them."""
        form = match_error(operation, error)
        headers = self.request_headers(operation, request_id)
        headers += [("x-amzn-ErrorType", form.code), ("Content-Type", self.content_type)]
        body = error_members(form)
        if form.shape is not None:
            headers += Outputs(form.shape).write_headers(form.members)
            for name, member in form.shape.members.items():
                if member.location is not None and name.lower() != "message":
                    body.pop(member.location_name or name, None)
        is_head = operation is not None and operation.method == "HEAD"
        return HttpResponse(form.status, headers, b"" if is_head else encode(body))


REST_JSON = RestJsonProtocol()
