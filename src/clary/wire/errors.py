"""Errors that the wire itself raises, and how any error is matched with the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clary.core.errors import ClaryError, ServiceError
from clary.wire.models import OperationModel, Shape


class UnknownOperation(ServiceError):
    """The request names no operation of the APIs that were looked at."""

    code = "UnknownOperationException"
    status = 404

    def __init__(self, message: str = "The requested operation is not known.", **details: Any) -> None:
        super().__init__(message, **details)


class InvalidAction(UnknownOperation):
    """A form names an action that the API does not have (query protocol)."""

    code = "InvalidAction"
    status = 400


class MethodNotAllowed(UnknownOperation):
    """No operation on this path takes the method (XML protocols)."""

    code = "MethodNotAllowed"
    status = 405

    def __init__(self, message: str = "The specified method is not allowed against this resource.") -> None:
        super().__init__(message)


class SerializationException(ServiceError):
    """A JSON or CBOR request is malformed, or holds a value of the wrong type."""


class MalformedXML(ServiceError):
    """An XML body cannot be read."""

    fmt = "The XML you provided was not well-formed or did not validate against our published schema"


class InvalidArgument(ServiceError):
    """A header or query parameter cannot be read or is out of bounds (XML protocols)."""


class InvalidRequest(ServiceError):
    """A request that contradicts itself (XML protocols)."""


class InvalidURI(ServiceError):
    """The path or the query is not percent-encoded UTF-8."""

    fmt = "Couldn't parse the specified URI."


class MalformedInput(ServiceError):
    """A form body of the query protocol holds a value of the wrong type."""


class IncompleteBody(ServiceError):
    """A body ended early or was longer than announced."""

    fmt = "You did not provide the number of bytes specified by the Content-Length HTTP header"


class MalformedTrailerError(ServiceError):
    """A trailing header that was announced did not come, or cannot be read."""

    fmt = "The request contained trailing data that was not well-formed or did not conform to our published schema."


class RequestTooLarge(ServiceError):
    """A body is larger than what the operation takes."""

    code = "RequestEntityTooLargeException"
    status = 413
    fmt = "The request is larger than {limit_bytes} bytes."


class Unreadable(ClaryError):
    """A text is not what the model says; each protocol turns this into an error of its own.

    Args:
        reason: what was expected, without the text itself, which may be a secret.
        name: where it stood (a header, a query parameter, an element), when known.
    """

    def __init__(self, reason: str, name: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.name = name


@dataclass(frozen=True, slots=True)
class ErrorForm:
    """An error, matched with the model and ready to be written.

    Attributes:
        code: the code that clients look up.
        status: HTTP status.
        message: for humans.
        shape: the modelled error, None where the model has none of that name.
        members: what goes along: modelled members by member name, the message among them under its modelled name.
    """

    code: str
    status: int
    message: str
    shape: Shape | None
    members: dict[str, Any]

    @property
    def fault(self) -> str:
        """Whose fault it is, in the query protocol's words."""
        return "Sender" if self.status < 500 else "Receiver"


def match_error(operation: OperationModel | None, error: ServiceError) -> ErrorForm:
    """Finds the modelled shape of an error, its code, its status and the members to send along."""
    shape = None if operation is None else operation.error_shape(error.wire_code)
    if shape is None:
        return ErrorForm(error.wire_code, type(error).status, error.message, None, {})
    members: dict[str, Any] = {}
    for name in shape.members:
        if name.lower() == "message":
            members[name] = error.message
        elif error.details.get(name) is not None:
            members[name] = error.details[name]
    modelled = shape.traits.get("error", {}).get("httpStatusCode")
    status = modelled or (500 if shape.traits.get("fault") and type(error).status < 500 else type(error).status)
    return ErrorForm(shape.error_code, status, error.message, shape, members)
