"""What every protocol can do: read a request, write a result, write an error."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from clary.core.errors import ServiceError
from clary.core.http import HttpRequest, HttpResponse
from clary.wire.models import OperationModel

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
HEADERS_KEY = "__headers__"
STATUS_KEY = "__status__"


class Protocol(ABC):
    """One of AWS's wire protocols. Instances hold no state of a request and serve any thread.

    Attributes:
        name: botocore's name of the protocol ("json", "rest-xml", ...).
    """

    name: str = ""

    @abstractmethod
    def parse(self, operation: OperationModel, request: HttpRequest, route: Route) -> dict[str, Any]:
        """The request's parameters under the model's names.

        Args:
            request: its body is bytes, but for operations with a streaming input, whose body may be a `ByteStream`.

        Raises:
            ServiceError: the request is not what the model says, in the code and words of the protocol.
        """

    @abstractmethod
    def serialize(self, operation: OperationModel, result: Mapping[str, Any], request_id: str) -> HttpResponse:
        """The HTTP response for a handler's result; its `__headers__` and `__status__` are honoured."""

    @abstractmethod
    def serialize_error(self, operation: OperationModel | None, error: ServiceError, request_id: str) -> HttpResponse:
        """The HTTP response for an error; `operation` is None where the request named none."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes.

    Attributes:
        api: botocore's name of the API.
        operation: the operation's name.
        protocol: what the request is written in.
        model: the operation's model.
        path_parameters: the labels of the address, percent-decoded ({"Bucket": ..., "Key": ...}).
    """

    api: str
    operation: str
    protocol: Protocol
    model: OperationModel
    path_parameters: dict[str, str] = field(default_factory=dict)


def header_text(text: str) -> str:
    """Text without control characters: a value that came from a caller must not begin another header."""
    return text if text.isprintable() else _CONTROL_CHARACTERS.sub(" ", text)


def finish(response: HttpResponse, result: Mapping[str, Any]) -> HttpResponse:
    """Applies the handler's own headers and status to a response."""
    extra: Iterable[tuple[str, str]] = result.get(HEADERS_KEY, ())
    if extra:
        replaced = {name.lower() for name, _ in extra}
        response.headers = [pair for pair in response.headers if pair[0].lower() not in replaced]
        response.headers.extend((header_text(name), header_text(value)) for name, value in extra)
    status = result.get(STATUS_KEY)
    if status is not None:
        response.status = status
    return response


def body_bytes(request: HttpRequest) -> bytes:
    """The body of a request that has been read.

    Raises:
        TypeError: it has not; see `clary.wire.bodies.receive`.
    """
    if not isinstance(request.body, bytes):
        raise TypeError("the body of this request has to be read before it is parsed")
    return request.body
