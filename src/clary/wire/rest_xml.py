"""REST with XML bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.core.errors import ServiceError
from clary.core.http import HttpResponse
from clary.wire import quirks
from clary.wire.errors import ErrorForm, InvalidArgument, MalformedXML, Unreadable, match_error
from clary.wire.eventstream import XML_EVENTS
from clary.wire.models import OperationModel, Shape
from clary.wire.protocol import HEADERS_KEY
from clary.wire.rest import Outputs, RestProtocol
from clary.wire.xml_values import XML_READERS, XmlWriters, escape, namespace, parse_document

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_WRITERS = XmlWriters(always_milliseconds=True)


class RestXmlProtocol(RestProtocol):
    """rest-xml, in the dialect of the object store where an API computes checksums of its own."""

    name = "rest-xml"
    events = XML_EVENTS
    content_type = "application/xml"

    def read_body(self, shape: Shape, body: bytes) -> dict[str, Any]:
        """Reads an XML document; the name of its root does not matter, as at AWS."""
        try:
            value: dict[str, Any] = XML_READERS.of(shape)([parse_document(body)])
        except (Unreadable, RecursionError):
            raise MalformedXML() from None
        return value

    def write_body(self, operation: OperationModel, shape: Shape, value: Any, *, is_payload: bool) -> bytes:
        """Writes an XML document in the API's namespace."""
        out = [DECLARATION]
        tag = shape.location_name or quirks.ROOT_ELEMENTS.get(shape.name) or shape.name
        declared = namespace(shape)
        api_namespace = operation.service.xml_namespace
        if api_namespace and f'xmlns="{api_namespace}"' not in declared:
            declared += f' xmlns="{escape(api_namespace)}"'
        unwrapped = quirks.UNWRAPPED_RESULTS.get(shape.name)
        if unwrapped is not None:
            out.append(f"<{tag}{declared}>{escape(str(value.get(unwrapped) or ''))}</{tag}>")
        elif is_payload and shape.type_name != "structure":
            _WRITERS.of(shape, tag)(value, out)
        else:
            out.append(f"<{tag}{declared}{_WRITERS.attributes(shape, value)}>")
            _WRITERS.content(shape)(value, out)
            out.append(f"</{tag}>")
        return "".join(out).encode("utf-8", "replace")

    def unreadable(self, error: Unreadable) -> ServiceError:
        """A header or query parameter that cannot be read."""
        subject = error.name or "value"
        if "integer" in error.reason:
            return InvalidArgument(f"Provided {subject} not an integer or within integer range", ArgumentName=subject)
        return InvalidArgument(f"Provided {subject} is {error.reason}", ArgumentName=subject)

    def request_headers(self, operation: OperationModel | None, request_id: str) -> list[tuple[str, str]]:
        """The request's id, and the host's where the API has one."""
        if operation is not None and not _has_bare_errors(operation):
            return [("x-amzn-RequestId", request_id)]
        return [("x-amz-request-id", request_id), ("x-amz-id-2", request_id)]

    def serialize_error(self, operation: OperationModel | None, error: ServiceError, request_id: str) -> HttpResponse:
        """An `Error` document; errors of HEAD have no body, so that clients see the status alone."""
        form = match_error(operation, error)
        headers = self.request_headers(operation, request_id)
        if form.shape is not None:
            headers += Outputs(form.shape).write_headers(form.members)
        headers += error.details.get(HEADERS_KEY, ())
        if (operation is not None and operation.method == "HEAD") or form.status == 304:
            return HttpResponse(form.status, headers)
        headers.append(("Content-Type", self.content_type))
        if operation is None or _has_bare_errors(operation):
            document = bare_error(form, error.details, request_id)
        else:
            document = wrapped_error(form, request_id, operation.service.xml_namespace)
        return HttpResponse(form.status, headers, document)


def _has_bare_errors(operation: OperationModel) -> bool:
    # The model has no trait for it. APIs that check sums of bodies (`checksumFormat`) write errors this way.
    return "checksumFormat" in operation.service.metadata


def bare_error(form: ErrorForm, details: Mapping[str, Any], request_id: str) -> bytes:
    """An error as the object store writes it: `Error` is the root, and every detail an element."""
    code = quirks.BARE_ERROR_CODES.get(form.code, form.code)
    out = [DECLARATION, f"<Error><Code>{escape(code)}</Code><Message>{escape(form.message)}</Message>"]
    _write_members(form, out)
    for name, value in details.items():
        # the details of these errors are named as elements are; others are arguments of messages
        if name not in form.members and name[:1].isupper() and name.isidentifier() and isinstance(value, str | int):
            out.append(f"<{name}>{escape(str(value))}</{name}>")
    out.append(f"<RequestId>{escape(request_id)}</RequestId><HostId>{escape(request_id)}</HostId></Error>")
    return "".join(out).encode("utf-8", "replace")


def wrapped_error(form: ErrorForm, request_id: str, xml_namespace: str | None) -> bytes:
    """An error as every other XML API writes it."""
    declared = f' xmlns="{escape(xml_namespace)}"' if xml_namespace else ""
    out = [f"<ErrorResponse{declared}><Error><Type>{form.fault}</Type><Code>{escape(form.code)}</Code>"]
    out.append(f"<Message>{escape(form.message)}</Message>")
    _write_members(form, out)
    out.append(f"</Error><RequestId>{escape(request_id)}</RequestId></ErrorResponse>")
    return "".join(out).encode("utf-8", "replace")


def _write_members(form: ErrorForm, out: list[str]) -> None:
    if form.shape is not None:
        # "Message" has been written; "message" is a member of its own to clients that parse the modelled shape
        members = {name: value for name, value in form.members.items() if name != "Message"}
        _WRITERS.content(form.shape)(members, out)


REST_XML = RestXmlProtocol()
