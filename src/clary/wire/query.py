"""The query protocol: a form body in, an XML document out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from clary.core.errors import ServiceError
from clary.core.http import HttpRequest, HttpResponse
from clary.wire.errors import MalformedInput, Unreadable, match_error
from clary.wire.models import OperationModel, Shape
from clary.wire.protocol import Protocol, Route, finish
from clary.wire.rest_xml import wrapped_error
from clary.wire.text import TEXT_READERS
from clary.wire.xml_values import XmlWriters, escape

Node = dict[str, Any]
"""A level of the parameters' tree: the parts of the names between their dots; "" holds a value of its own."""

_WRITERS = XmlWriters()
_MAX_DEPTH = 64


def form_pairs(data: str) -> list[tuple[str, str]]:
    """The parameters of a form body or query string, in order.

    Raises:
        MalformedInput: an escape does not make UTF-8.
    """
    pairs = []
    for part in data.split("&"):
        if part:
            name, _, value = part.partition("=")
            try:
                pairs.append((unquote_plus(name, errors="strict"), unquote_plus(value, errors="strict")))
            except UnicodeDecodeError:
                raise MalformedInput("The request is not UTF-8.") from None
    return pairs


def form_text(request: HttpRequest) -> str:
    """The parameters as they were sent: the query string, and a form body after it.

    Raises:
        MalformedInput: the body is not text.
    """
    try:
        body = request.body.decode() if isinstance(request.body, bytes) else ""
    except UnicodeDecodeError:
        raise MalformedInput("The request is not UTF-8.") from None
    return f"{request.query}&{body.strip()}" if request.query and body else request.query or body.strip()


def tree(pairs: list[tuple[str, str]]) -> Node:
    """`A.member.1.B=x` as `{"A": {"member": {"1": {"B": {"": "x"}}}}}`; the first value of a name counts."""
    root: Node = {}
    for name, value in pairs:
        parts = name.split(".", _MAX_DEPTH)
        node = root
        for part in parts:
            node = node.setdefault(part, {})
        node.setdefault("", value)
    return root


def _indexed(node: Node) -> list[Node]:
    # Only the order of the indices counts: an absent one leaves no gap, a huge one takes no memory.
    return [item for _, item in sorted((int(key), item) for key, item in node.items() if _is_index(key))]


def _is_index(key: str) -> bool:
    return key.isascii() and key.isdigit() and len(key) < 10


def read_node(shape: Shape, node: Node, name: str = "") -> Any:
    """A value of the tree, as the model says.

    Raises:
        Unreadable: a scalar of the wrong type.
    """
    if shape.type_name == "structure":
        return _read_structure(shape, node)
    if shape.type_name == "list":
        return _read_list(shape, node)
    if shape.type_name == "map":
        return _read_map(shape, node)
    try:
        return TEXT_READERS.of(shape)(node.get("", ""))
    except Unreadable as error:
        raise Unreadable(error.reason, name) from None


def _read_structure(shape: Shape, node: Node) -> dict[str, Any]:
    result = {}
    for name, member in shape.members.items():
        wire_name = member.location_name or name
        child = node.get(wire_name)
        if child is None and member.type_name == "list" and member.is_flattened and member.member.location_name:
            child = node.get(member.member.location_name)
        if isinstance(child, dict):
            result[name] = read_node(member, child, wire_name)
    return result


def _read_list(shape: Shape, node: Node) -> list[Any]:
    element = shape.member.location_name or "member"
    container = node if shape.is_flattened else node.get(element, {})
    return [read_node(shape.member, item, element) for item in _indexed(container)]


def _read_map(shape: Shape, node: Node) -> dict[str, Any]:
    key_name = shape.key.location_name or "key"
    value_name = shape.value.location_name or "value"
    result = {}
    for entry in _indexed(node if shape.is_flattened else node.get("entry", {})):
        if key_name in entry:
            key = read_node(shape.key, entry[key_name], key_name)
            result[key] = read_node(shape.value, entry.get(value_name, {}), value_name)
    return result


class QueryProtocol(Protocol):
    """query."""

    name = "query"

    def parse(self, operation: OperationModel, request: HttpRequest, route: Route) -> dict[str, Any]:
        """Reads the form body, or the query string of a GET."""
        if operation.input_shape is None:
            return {}
        try:
            parameters: dict[str, Any] = read_node(operation.input_shape, tree(form_pairs(form_text(request))))
        except Unreadable as error:
            raise MalformedInput(f"Invalid value for the parameter {error.name}: {error.reason}") from None
        return parameters

    def serialize(self, operation: OperationModel, result: Mapping[str, Any], request_id: str) -> HttpResponse:
        """Writes `NameResponse` with a `NameResult` inside, and the request's id."""
        shape = operation.output_shape
        namespace = operation.service.xml_namespace
        declared = f' xmlns="{escape(namespace)}"' if namespace else ""
        out = [f"<{operation.name}Response{declared}>"]
        if shape is not None:
            wrapper = shape.traits.get("resultWrapper") or f"{operation.name}Result"
            out.append(f"<{wrapper}>")
            _WRITERS.content(shape)(result, out)
            out.append(f"</{wrapper}>")
        out.append(f"<ResponseMetadata><RequestId>{escape(request_id)}</RequestId></ResponseMetadata>")
        out.append(f"</{operation.name}Response>")
        headers = [("x-amzn-RequestId", request_id), ("Content-Type", "text/xml")]
        return finish(HttpResponse(operation.status, headers, "".join(out).encode("utf-8", "replace")), result)

    def serialize_error(self, operation: OperationModel | None, error: ServiceError, request_id: str) -> HttpResponse:
        """Writes an `ErrorResponse`."""
        form = match_error(operation, error)
        headers = [("x-amzn-RequestId", request_id), ("Content-Type", "text/xml")]
        namespace = None if operation is None else operation.service.xml_namespace
        return HttpResponse(form.status, headers, wrapped_error(form, request_id, namespace))


QUERY = QueryProtocol()
