"""What the two REST protocols share: members that travel in the address, the query, the headers and the status."""

from __future__ import annotations

import base64
import binascii
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote_plus

from clary.core.errors import ServiceError
from clary.core.http import ByteStream, HttpRequest, HttpResponse, stream_of
from clary.wire import json_values, quirks
from clary.wire.errors import InvalidURI, SerializationException, Unreadable
from clary.wire.eventstream import EventBodies, decode_events, event_response
from clary.wire.models import RESULT_LOCATIONS, OperationModel, Shape
from clary.wire.protocol import Protocol, Route, body_bytes, finish, header_text
from clary.wire.text import TEXT_READERS, TextReader, TextWriters

_HEADER_WRITERS = TextWriters("rfc822")


def query_pairs(query: str) -> list[tuple[str, str]]:
    """The parameters of a raw query string, decoded, in order; a name without "=" has the value "".

    Raises:
        InvalidURI: an escape does not make UTF-8.
    """
    pairs = []
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            pairs.append((_decoded(name), _decoded(value)))
    return pairs


def _decoded(text: str) -> str:
    if "%" not in text and "+" not in text:
        return text
    try:
        return unquote_plus(text, errors="strict")
    except UnicodeDecodeError:
        raise InvalidURI() from None


class Inputs:
    """Where each member of a request comes from; made once per operation."""

    def __init__(self, operation: OperationModel) -> None:
        shape = operation.input_shape
        members = {} if shape is None else shape.members
        required = () if shape is None else shape.required
        self.labels: list[tuple[str, str, TextReader]] = []
        self.query: dict[str, tuple[str, TextReader, bool]] = {}
        self.query_map: tuple[str, bool] | None = None
        self.headers: dict[str, tuple[str, TextReader]] = {}
        self.prefixes: list[tuple[str, str]] = []
        self.has_body_members = False
        self.payload_is_required = operation.input_payload is not None and operation.input_payload[0] in required
        for name, member in members.items():
            wire_name = member.location_name or name
            if member.location == "uri":
                self.labels.append((wire_name, name, TEXT_READERS.of(member)))
            elif member.location == "querystring" and member.type_name == "map":
                self.query_map = (name, member.value.type_name == "list")
            elif member.location == "querystring":
                is_list = member.type_name == "list"
                reader = TEXT_READERS.of(member.member if is_list else member)
                self.query[wire_name] = (name, reader, is_list)
            elif member.location == "header":
                self.headers[wire_name.lower()] = (name, header_reader(member))
            elif member.location == "headers":
                self.prefixes.append(((member.location_name or "").lower(), name))
            else:
                self.has_body_members = True
        self.literals = {part.partition("=")[0] for part in operation.uri.partition("?")[2].split("&")}


def header_reader(shape: Shape) -> TextReader:
    """The reader of a member that travels in a header."""
    if shape.type_name == "list":
        return _header_list_reader(shape.member)
    if shape.traits.get("jsonvalue"):
        return _read_json_header
    return TEXT_READERS.of(shape)


def _read_json_header(text: str) -> Any:
    try:
        return json_values.decode(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, SerializationException):
        raise Unreadable("not JSON in base64") from None


def _header_list_reader(element: Shape) -> TextReader:
    read = TEXT_READERS.of(element)
    # dates in headers hold a comma of their own: "Mon, 16 Dec 2019 23:48:18 GMT"
    is_dates = element.type_name == "timestamp" and element.traits.get("timestampFormat", "rfc822") == "rfc822"

    def read_list(text: str) -> list[Any]:
        parts = split_header_list(text)
        if is_dates:
            parts = [", ".join(parts[index : index + 2]) for index in range(0, len(parts), 2)]
        return [read(part) for part in parts]

    return read_list


def split_header_list(text: str) -> list[str]:
    """The elements of a comma-separated header; commas within double quotes do not separate."""
    if not text.strip():
        return []
    if '"' not in text:
        return [part.strip() for part in text.split(",")]
    parts, part, quoted, escaped = [], "", False, False
    for character in text:
        if escaped:
            part, escaped = part + character, False
        elif quoted and character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            parts.append(part.strip())
            part = ""
        else:
            part += character
    parts.append(part.strip())
    return parts


class Outputs:
    """Where each member of a result goes; made once per operation."""

    def __init__(self, shape: Shape | None) -> None:
        self.status: str | None = None
        self.headers: list[tuple[str, str, Callable[[Any], str]]] = []
        self.prefixes: list[tuple[str, str]] = []
        self.has_body_members = False
        self.names_content_type = False
        self.placed: set[str] = set()
        for name, member in shape.members.items() if shape is not None else ():
            # "uri" and "querystring" are places of a request: in a result such members belong to the body
            if member.location in RESULT_LOCATIONS:
                self.placed.add(name)
            if member.location == "statusCode":
                self.status = name
            elif member.location == "header":
                wire_name = member.location_name or name
                self.headers.append((name, wire_name, header_writer(member)))
                self.names_content_type |= wire_name.lower() == "content-type"
            elif member.location == "headers":
                self.prefixes.append((name, member.location_name or ""))
            else:
                self.has_body_members = True

    def write_headers(self, result: Mapping[str, Any]) -> list[tuple[str, str]]:
        """The headers of a result."""
        headers = []
        for name, wire_name, write in self.headers:
            value = result.get(name)
            if value is not None:
                headers.append((wire_name, header_text(write(value))))
        for name, prefix in self.prefixes:
            for key, value in (result.get(name) or {}).items():
                headers.append((header_text(prefix + key), header_text(str(value))))
        return headers


def header_writer(shape: Shape) -> Callable[[Any], str]:
    """The writer of a member that travels in a header."""
    if shape.type_name == "list":
        write = _HEADER_WRITERS.of(shape.member)
        return lambda value: ", ".join(_quoted(write(item)) for item in value)
    if shape.traits.get("jsonvalue"):
        return lambda value: base64.b64encode(json_values.encode(value)).decode("ascii")
    return _HEADER_WRITERS.of(shape)


def _quoted(text: str) -> str:
    if '"' not in text and ("," not in text or text.endswith("GMT")):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class RestProtocol(Protocol):
    """REST: a subclass says how bodies, errors and request ids are written."""

    events: EventBodies

    @abstractmethod
    def read_body(self, shape: Shape, body: bytes) -> dict[str, Any]:
        """The members of a structured body."""

    @abstractmethod
    def write_body(self, operation: OperationModel, shape: Shape, value: Any, *, is_payload: bool) -> bytes:
        """A structured body: a whole result, or the one member that is its payload."""

    @abstractmethod
    def unreadable(self, error: Unreadable) -> ServiceError:
        """The protocol's error for a header, query parameter or label that cannot be read."""

    @abstractmethod
    def request_headers(self, operation: OperationModel | None, request_id: str) -> list[tuple[str, str]]:
        """The headers that carry the request's id."""

    @property
    @abstractmethod
    def content_type(self) -> str:
        """Of structured bodies."""

    def parse(self, operation: OperationModel, request: HttpRequest, route: Route) -> dict[str, Any]:
        """Gathers the members from the address, the query, the headers and the body."""
        inputs: Inputs | None = operation.compiled.get("rest-inputs")
        if inputs is None:
            inputs = operation.compiled["rest-inputs"] = Inputs(operation)
        parameters: dict[str, Any] = {}
        wire_name = ""
        try:
            for wire_name, name, read in inputs.labels:
                parameters[name] = read(route.path_parameters[wire_name])
            if request.query and (inputs.query or inputs.query_map):
                _read_query(inputs, request.query, parameters)
            if inputs.headers or inputs.prefixes:
                _read_headers(inputs, request, parameters)
        except Unreadable as error:
            raise self.unreadable(error if error.name else Unreadable(error.reason, wire_name)) from None
        if operation.input_payload is not None:
            self._read_payload(operation, inputs, request, parameters)
        elif inputs.has_body_members and operation.input_shape is not None:
            body = body_bytes(request)
            if body:
                parameters.update(self.read_body(operation.input_shape, body))
        return parameters

    def _read_payload(
        self, operation: OperationModel, inputs: Inputs, request: HttpRequest, parameters: dict[str, Any]
    ) -> None:
        if operation.input_payload is None:
            return
        name, shape = operation.input_payload
        if shape.is_event_stream or shape.is_streaming:
            stream = request.body if isinstance(request.body, ByteStream) else stream_of(request.body)
            parameters[name] = decode_events(shape, stream, self.events) if shape.is_event_stream else stream
            return
        body = body_bytes(request)
        if shape.type_name == "blob":
            if body or inputs.payload_is_required:
                parameters[name] = body
        elif not body:
            return
        elif shape.type_name == "string":
            try:
                parameters[name] = body.decode()
            except UnicodeDecodeError:
                raise self.unreadable(Unreadable("not UTF-8", name)) from None
        else:
            parameters[name] = self.read_body(shape, body)

    def serialize(self, operation: OperationModel, result: Mapping[str, Any], request_id: str) -> HttpResponse:
        """Spreads the members over the status, the headers and the body."""
        shape = operation.output_shape
        outputs: Outputs | None = operation.compiled.get("rest-outputs")
        if outputs is None:
            outputs = operation.compiled["rest-outputs"] = Outputs(shape)
        headers = self.request_headers(operation, request_id)
        headers += outputs.write_headers(result)
        status = operation.status if outputs.status is None else result.get(outputs.status) or operation.status
        if operation.output_event_stream is not None:
            response = event_response(operation, result, headers, self.events)
            response.status = status
            return finish(response, result)
        body, content_type = self._write_payload(operation, shape, outputs, result)
        if content_type and not outputs.names_content_type:
            headers.append(("Content-Type", content_type))
        return finish(HttpResponse(status, headers, body), result)

    def _write_payload(
        self, operation: OperationModel, shape: Shape | None, outputs: Outputs, result: Mapping[str, Any]
    ) -> tuple[bytes | ByteStream, str]:
        payload = operation.output_payload
        if payload is None:
            if shape is None or operation.status == 204:
                return b"", ""
            if not outputs.has_body_members and not self.writes_empty_results:
                return b"", ""
            in_body = {name: item for name, item in result.items() if name not in outputs.placed}
            return self.write_body(operation, shape, in_body, is_payload=False), self.content_type
        value = result.get(payload[0])
        if payload[1].type_name == "blob":
            body = b"" if value is None else value
            return (body.encode() if isinstance(body, str) else body), "application/octet-stream" if body else ""
        if payload[1].type_name == "string":
            return ("" if value is None else str(value)).encode(), "text/plain" if value else ""
        if value is None:
            return self.empty_payload, self.content_type if self.empty_payload else ""
        return self.write_body(operation, payload[1], value, is_payload=True), self.content_type

    writes_empty_results: bool = False
    empty_payload: bytes = b""


def unplaced(shape: Shape, value: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a request's structure that travel in the body."""
    members = shape.members
    return {name: item for name, item in value.items() if name in members and members[name].location is None}


def _read_query(inputs: Inputs, query: str, parameters: dict[str, Any]) -> None:
    for key, value in query_pairs(query):
        entry = inputs.query.get(key)
        if entry is None:
            if inputs.query_map is not None and key not in inputs.literals:
                _gather(inputs.query_map, key, value, parameters)
            continue
        name, read, is_list = entry
        try:
            if is_list:
                parameters.setdefault(name, []).append(read(value))
            elif name not in parameters:
                parameters[name] = read(value)
        except Unreadable as error:
            raise Unreadable(error.reason, key) from None


def _gather(query_map: tuple[str, bool], key: str, value: str, parameters: dict[str, Any]) -> None:
    # A map of the query holds the parameters that are no members of their own.
    name, is_list = query_map
    gathered = parameters.setdefault(name, {})
    if is_list:
        gathered.setdefault(key, []).append(value)
    else:
        gathered.setdefault(key, value)


def _read_headers(inputs: Inputs, request: HttpRequest, parameters: dict[str, Any]) -> None:
    table = inputs.headers
    for key, value in request.headers.items():
        entry = table.get(key)
        if entry is not None:
            try:
                parameters[entry[0]] = entry[1](value)
            except Unreadable as error:
                if key not in quirks.LENIENT_HEADERS:
                    raise Unreadable(error.reason, key) from None
        for prefix, name in inputs.prefixes:
            if key.startswith(prefix):
                parameters.setdefault(name, {})[key[len(prefix) :]] = value
