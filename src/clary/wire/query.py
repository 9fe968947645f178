"""The query protocol: a form body in, an XML document out."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
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

_WRITERS = XmlWriters()
_MAX_DEPTH = 64


class Node:
    """A place in the tree of parameters: `A.member.1.B=x` is the value x below "A", "member", "1", "B".

    Attributes:
        value: what stands at this very name; None where only longer names do.
        children: the places below, by the next part of their names.
    """

    __slots__ = ("children", "value")

    def __init__(self) -> None:
        self.value: str | None = None
        self.children: dict[str, Node] = {}


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
    """The parameters as a tree; the first value of a name counts."""
    root = Node()
    for name, value in pairs:
        node = root
        for part in name.split(".", _MAX_DEPTH):
            child = node.children.get(part)
            if child is None:
                child = node.children[part] = Node()
            node = child
        if node.value is None:
            node.value = value
    return root


def _indexed(node: Node | None) -> list[Node]:
    # Only the order of the indices counts: an absent one leaves no gap, a huge one takes no memory.
    if node is None:
        return []
    indexed = [(int(key), child) for key, child in node.children.items() if _is_index(key)]
    return [child for _, child in sorted(indexed, key=itemgetter(0))]


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
        return TEXT_READERS.of(shape)(node.value or "")
    except Unreadable as error:
        raise Unreadable(error.reason, name) from None


def _read_structure(shape: Shape, node: Node) -> dict[str, Any]:
    result = {}
    for name, member in shape.members.items():
        wire_name = member.location_name or name
        child = node.children.get(wire_name)
        if child is None and member.type_name == "list" and member.is_flattened and member.member.location_name:
            child = node.children.get(member.member.location_name)
        if child is not None:
            result[name] = read_node(member, child, wire_name)
    return result


def _read_list(shape: Shape, node: Node) -> list[Any]:
    element = shape.member.location_name or "member"
    container = node if shape.is_flattened else node.children.get(element)
    return [read_node(shape.member, item, element) for item in _indexed(container)]


def _read_map(shape: Shape, node: Node) -> dict[str, Any]:
    key_name = shape.key.location_name or "key"
    value_name = shape.value.location_name or "value"
    result = {}
    for entry in _indexed(node if shape.is_flattened else node.children.get("entry")):
        if key_name in entry.children:
            key = read_node(shape.key, entry.children[key_name], key_name)
            result[key] = read_node(shape.value, entry.children.get(value_name) or Node(), value_name)
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
