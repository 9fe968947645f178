"""rpc-v2-cbor: the operation in the path, everything else in a CBOR body."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import cbor2

from clary.core.errors import ServiceError
from clary.core.http import HttpRequest, HttpResponse
from clary.wire import timestamps
from clary.wire.compilers import Compiler
from clary.wire.errors import SerializationException, match_error
from clary.wire.eventstream import EventBodies, event_response
from clary.wire.json_protocol import json_error_type, query_error_headers
from clary.wire.json_values import Convert, JsonReaders, JsonWriters, refuse
from clary.wire.models import OperationModel, Shape
from clary.wire.protocol import Protocol, Route, body_bytes, finish

_MAX_DEPTH = 256


class CborReaders(JsonReaders):
    """As of JSON, but that blobs are bytes, timestamps are tagged and members have their own names."""

    def wire_name(self, name: str, member: Shape) -> str:
        """The member's name in the model."""
        return name

    def floating(self, shape: Shape) -> Convert:
        """Numbers; CBOR has the special ones."""
        read_json_float = super().floating(shape)
        return lambda value: value if type(value) is float else read_json_float(value)

    def timestamp(self, shape: Shape) -> Convert:
        """Tagged epoch seconds, and bare ones."""
        read_json_timestamp = super().timestamp(shape)
        return lambda value: timestamps.aware(value) if isinstance(value, datetime) else read_json_timestamp(value)

    def blob(self, shape: Shape) -> Convert:
        """Byte strings."""

        def read(value: Any) -> bytes:
            if not isinstance(value, bytes):
                raise refuse(value, "a Blob")
            return value

        return read


class CborWriters(JsonWriters):
    """As of JSON, but that blobs are bytes, timestamps are tagged and members have their own names."""

    def wire_name(self, name: str, member: Shape) -> str:
        """The member's name in the model."""
        return name

    def floating(self, shape: Shape) -> Convert:
        """Numbers."""
        return float

    def timestamp(self, shape: Shape) -> Convert:
        """Epoch seconds under tag 1, always, whatever the model says for other protocols."""
        return lambda value: cbor2.CBORTag(1, float(timestamps.epoch(value)))

    def blob(self, shape: Shape) -> Convert:
        """Byte strings."""
        return lambda value: value.encode() if isinstance(value, str) else bytes(value)


_READERS: Compiler[Convert] = CborReaders()
_WRITERS: Compiler[Convert] = CborWriters()


def _epoch_tag(value: Any, immutable: bool) -> Any:
    if type(value) not in (int, float):
        raise SerializationException("Unexpected field type")
    try:
        return timestamps.from_epoch(value)
    except ValueError:
        raise SerializationException("Unexpected field type") from None


def read_cbor(shape: Shape, body: bytes) -> Any:
    """Decodes a CBOR item as the model says; an empty body is an empty structure.

    Raises:
        SerializationException: it is not CBOR, or a value has the wrong type.
    """
    if not body:
        return {}
    try:
        value = cbor2.loads(body, semantic_decoders={1: _epoch_tag}, max_depth=_MAX_DEPTH)
        return _READERS.of(shape)(value)
    except SerializationException:
        raise
    except Exception:
        # Hostile items make the decoder fail in many ways (sets of lists, dates without a year, bad references).
        raise SerializationException("The request body is not valid CBOR.") from None


def write_cbor(shape: Shape, value: Any) -> bytes:
    """Encodes a result as the model says."""
    return cbor2.dumps(_WRITERS.of(shape)(value))


_EVENTS = EventBodies("application/cbor", write_cbor, read_cbor, has_initial_response=True)


class CborProtocol(Protocol):
    """rpc-v2-cbor."""

    name = "smithy-rpc-v2-cbor"

    def parse(self, operation: OperationModel, request: HttpRequest, route: Route) -> dict[str, Any]:
        """Reads the body."""
        if operation.input_shape is None:
            return {}
        parameters: dict[str, Any] = read_cbor(operation.input_shape, body_bytes(request))
        return parameters

    def _headers(self, request_id: str) -> list[tuple[str, str]]:
        return [("smithy-protocol", "rpc-v2-cbor"), ("x-amzn-RequestId", request_id)]

    def serialize(self, operation: OperationModel, result: Mapping[str, Any], request_id: str) -> HttpResponse:
        """Writes a CBOR map; nothing at all for operations without a result."""
        headers = self._headers(request_id)
        if operation.output_event_stream is not None:
            return finish(event_response(operation, result, headers, _EVENTS), result)
        if operation.output_shape is None:
            return finish(HttpResponse(operation.status, headers), result)
        headers.append(("Content-Type", "application/cbor"))
        return finish(HttpResponse(operation.status, headers, write_cbor(operation.output_shape, result)), result)

    def serialize_error(self, operation: OperationModel | None, error: ServiceError, request_id: str) -> HttpResponse:
        """Writes `__type`, the message and the modelled members."""
        form = match_error(operation, error)
        body: dict[str, Any] = {"__type": json_error_type(operation, form)}
        body.update({} if form.shape is None else _WRITERS.of(form.shape)(form.members))
        if not any(name.lower() == "message" for name in body):
            body["message"] = form.message
        headers = [*self._headers(request_id), ("Content-Type", "application/cbor")]
        headers += query_error_headers(operation, form)
        return HttpResponse(form.status, headers, cbor2.dumps(body))


CBOR = CborProtocol()
