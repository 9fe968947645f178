"""`application/vnd.amazon.eventstream`: frames of typed headers and a payload, each with two checksums.

A handler returns an event stream as an iterable, synchronous or not, of events `{"EventName": {member: value}}`.
"""

from __future__ import annotations

import struct
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zlib import crc32

from clary.core.errors import InternalFailure, ServiceError
from clary.core.http import ByteStream, HttpResponse
from clary.wire import timestamps
from clary.wire.errors import SerializationException, match_error
from clary.wire.json_values import read_json, write_json
from clary.wire.models import OperationModel, Shape
from clary.wire.xml_values import XML_READERS, XmlWriters, parse_document

CONTENT_TYPE = "application/vnd.amazon.eventstream"
MAX_FRAME_BYTES = 24 * 1024 * 1024
_PRELUDE = struct.Struct("!II")
_WORD = struct.Struct("!I")
_OVERHEAD_BYTES = 16
_INTEGER_FORMS = {2: struct.Struct("!b"), 3: struct.Struct("!h"), 4: struct.Struct("!i"), 5: struct.Struct("!q")}

HeaderValue = bool | int | bytes | str | datetime


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of an event stream.

    Attributes:
        headers: names beginning with ":" belong to the protocol (":message-type", ":event-type", ...).
        payload: the bytes after the headers.
    """

    headers: Mapping[str, HeaderValue]
    payload: bytes


def encode_frame(frame: Frame) -> bytes:
    """The bytes of a frame."""
    headers = b"".join(_encode_header(name, value) for name, value in frame.headers.items())
    prelude = _PRELUDE.pack(len(headers) + len(frame.payload) + _OVERHEAD_BYTES, len(headers))
    message = b"".join((prelude, _WORD.pack(crc32(prelude)), headers, frame.payload))
    return message + _WORD.pack(crc32(message))


def _encode_header(name: str, value: HeaderValue) -> bytes:
    head = bytes((len(name.encode()),)) + name.encode()
    if isinstance(value, bool):
        return head + (b"\x00" if value else b"\x01")
    if isinstance(value, int):
        kind = 4 if -(2**31) <= value < 2**31 else 5
        return head + bytes((kind,)) + _INTEGER_FORMS[kind].pack(value)
    if isinstance(value, datetime):
        return head + b"\x08" + struct.pack("!q", round(timestamps.aware(value).timestamp() * 1000))
    data = value if isinstance(value, bytes) else value.encode()
    return head + (b"\x06" if isinstance(value, bytes) else b"\x07") + struct.pack("!H", len(data)) + data


async def decode_frames(chunks: AsyncIterable[bytes]) -> AsyncIterator[Frame]:
    """The frames of a stream, as they become complete.

    Raises:
        SerializationException: a checksum is wrong, a length is absurd, or the stream ends within a frame.
    """
    pending = bytearray()
    async for chunk in chunks:
        pending += chunk
        while len(pending) >= 12:
            length, header_length = _PRELUDE.unpack_from(pending)
            if _WORD.unpack_from(pending, 8)[0] != crc32(pending[:8]):
                raise SerializationException("The prelude of an event has a wrong checksum.")
            if not _OVERHEAD_BYTES + header_length <= length <= MAX_FRAME_BYTES:
                raise SerializationException("The length of an event is out of bounds.")
            if len(pending) < length:
                break
            message = bytes(pending[:length])
            del pending[:length]
            if _WORD.unpack_from(message, length - 4)[0] != crc32(message[:-4]):
                raise SerializationException("An event has a wrong checksum.")
            yield Frame(_decode_headers(message[12 : 12 + header_length]), message[12 + header_length : -4])
    if pending:
        raise SerializationException("The stream ends within an event.")


def _decode_headers(data: bytes) -> dict[str, HeaderValue]:
    headers: dict[str, HeaderValue] = {}
    position = 0
    try:
        while position < len(data):
            end = position + 1 + data[position]
            name = data[position + 1 : end].decode()
            headers[name], position = _decode_value(data[end], data, end + 1)
    except (struct.error, IndexError, UnicodeDecodeError, ValueError):
        raise SerializationException("The headers of an event cannot be read.") from None
    return headers


def _decode_value(kind: int, data: bytes, position: int) -> tuple[HeaderValue, int]:
    if kind in (0, 1):
        return kind == 0, position
    if kind in _INTEGER_FORMS:
        form = _INTEGER_FORMS[kind]
        return form.unpack_from(data, position)[0], position + form.size
    if kind in (6, 7):
        length = struct.unpack_from("!H", data, position)[0]
        value = data[position + 2 : position + 2 + length]
        if len(value) != length:
            raise ValueError("a header ends early")
        return value if kind == 6 else value.decode(), position + 2 + length
    if kind == 8:
        milliseconds = struct.unpack_from("!q", data, position)[0]
        return timestamps.from_epoch(milliseconds / 1000), position + 8
    if kind == 9:
        return data[position : position + 16], position + 16
    raise ValueError("unknown type of header")


@dataclass(frozen=True, slots=True)
class EventBodies:
    """How a protocol writes and reads the structured payloads of events.

    Attributes:
        content_type: of such a payload.
        write: shape and value to bytes.
        read: shape and bytes to value.
        has_initial_response: whether the other members of the result come first, as an event of their own.
    """

    content_type: str
    write: Callable[[Shape, Any], bytes]
    read: Callable[[Shape, bytes], Any]
    has_initial_response: bool


def event_response(
    operation: OperationModel, result: Mapping[str, Any], headers: list[tuple[str, str]], bodies: EventBodies
) -> HttpResponse:
    """The response whose body is the result's event stream."""
    stream = ByteStream(_frames(operation, result, bodies))
    return HttpResponse(operation.status, [*headers, ("Content-Type", CONTENT_TYPE)], stream)


async def _frames(operation: OperationModel, result: Mapping[str, Any], bodies: EventBodies) -> AsyncIterator[bytes]:
    if operation.output_event_stream is None or operation.output_shape is None:
        return
    name, shape = operation.output_event_stream
    if bodies.has_initial_response:
        others = {key: value for key, value in result.items() if key != name}
        yield encode_frame(
            Frame(_event_headers("initial-response", bodies), bodies.write(operation.output_shape, others))
        )
    events = result.get(name, ())
    try:
        if isinstance(events, AsyncIterable):
            async for event in events:
                yield encode_frame(encode_event(shape, event, bodies))
        else:
            for event in events:
                yield encode_frame(encode_event(shape, event, bodies))
    except ServiceError as error:
        yield encode_frame(_exception(operation, shape, error, bodies))
    except Exception:
        # the client is told before the connection breaks; whoever sends the stream logs what it was
        failure = InternalFailure("The stream broke off because of an internal error.")
        yield encode_frame(_exception(operation, shape, failure, bodies))
        raise


def _event_headers(event_type: str, bodies: EventBodies) -> dict[str, HeaderValue]:
    return {":message-type": "event", ":event-type": event_type, ":content-type": bodies.content_type}


def encode_event(union: Shape, event: Mapping[str, Any], bodies: EventBodies) -> Frame:
    """The frame of one event `{"EventName": {member: value}}`.

    Raises:
        KeyError: the model has no such event.
    """
    (name, value), *_ = event.items()
    shape = union.members[name]
    headers = _event_headers(name, bodies)
    for member_name, member in shape.members.items():
        if member.traits.get("eventheader") and value.get(member_name) is not None:
            headers[member_name] = value[member_name]
    for member_name, member in shape.members.items():
        if member.traits.get("eventpayload"):
            payload = value.get(member_name, b"")
            if member.type_name == "blob":
                headers[":content-type"] = "application/octet-stream"
                return Frame(headers, bytes(payload))
            if member.type_name == "string":
                headers[":content-type"] = "text/plain"
                return Frame(headers, (payload or "").encode())
            return Frame(headers, bodies.write(member, payload or {}))
    if not shape.members:
        del headers[":content-type"]
        return Frame(headers, b"")
    return Frame(headers, bodies.write(shape, value))


def _exception(operation: OperationModel, union: Shape, error: ServiceError, bodies: EventBodies) -> Frame:
    form = match_error(operation, error)
    for name, shape in union.members.items():
        if shape.traits.get("exception") and error.wire_code in (name, shape.name, shape.error_code):
            members = dict(form.members) or {"message": form.message, "Message": form.message}
            headers = {":message-type": "exception", ":exception-type": name, ":content-type": bodies.content_type}
            return Frame(headers, bodies.write(shape, members))
    return Frame({":message-type": "error", ":error-code": form.code, ":error-message": form.message}, b"")


def decode_event(union: Shape, frame: Frame, bodies: EventBodies) -> dict[str, Any]:
    """One event of an input stream as `{"EventName": {member: value}}`; empty for events the model does not know."""
    name = frame.headers.get(":event-type")
    shape = union.members.get(name) if isinstance(name, str) else None
    if shape is None or not isinstance(name, str):
        return {}
    value: dict[str, Any] = {}
    has_payload = False
    for member_name, member in shape.members.items():
        if member.traits.get("eventheader"):
            if member_name in frame.headers:
                value[member_name] = frame.headers[member_name]
        elif member.traits.get("eventpayload"):
            has_payload = True
            if member.type_name == "blob":
                value[member_name] = frame.payload
            elif member.type_name == "string":
                value[member_name] = frame.payload.decode("utf-8", "replace")
            else:
                value[member_name] = bodies.read(member, frame.payload)
    if not has_payload and frame.payload:
        value.update(bodies.read(shape, frame.payload))
    return {name: value}


async def decode_events(
    union: Shape, chunks: AsyncIterable[bytes], bodies: EventBodies
) -> AsyncIterator[dict[str, Any]]:
    """The events of an input stream, one by one.

    Raises:
        SerializationException: a frame or a payload cannot be read.
    """
    async for frame in decode_frames(chunks):
        event = decode_event(union, frame, bodies)
        if event:
            yield event


_XML_WRITERS = XmlWriters()


def _write_xml(shape: Shape, value: Any) -> bytes:
    out: list[str] = []
    _XML_WRITERS.of(shape, shape.name)(value, out)
    return "".join(out).encode()


def _read_xml(shape: Shape, body: bytes) -> Any:
    return XML_READERS.of(shape)([parse_document(body)])


JSON_EVENTS = EventBodies("application/json", write_json, read_json, has_initial_response=True)
REST_JSON_EVENTS = EventBodies("application/json", write_json, read_json, has_initial_response=False)
XML_EVENTS = EventBodies("text/xml", _write_xml, _read_xml, has_initial_response=False)
