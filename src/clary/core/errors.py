"""The one root of Clary's errors, and the errors that cross the wire.

A `ServiceError` subclass is named as its wire code, so `class NoSuchBucket(ServiceError)` arrives at a boto3 client
as `client.exceptions.NoSuchBucket`. Nothing below the gateway knows how an error is written in XML, JSON or CBOR.
"""

from __future__ import annotations

from typing import Any, ClassVar


class ClaryError(Exception):
    """Root of everything Clary raises on purpose."""


class ServiceError(ClaryError):
    """An error a client receives: its class name (or `code`) is the wire code.

    Subclasses set `fmt`, a `str.format` template that is filled from the constructor's keyword arguments; the
    arguments are kept in `details`, and those that the modelled error shape has as members are sent along.

    Args:
        message: the whole message; replaces the template.
        **details: arguments of the template and members of the modelled error shape.
    """

    code: ClassVar[str | None] = None
    fmt: ClassVar[str] = "{message}"
    status: ClassVar[int] = 400

    def __init__(self, message: str | None = None, **details: Any) -> None:
        self.details = details
        self.message = message if message is not None else self.fmt.format(**details)
        super().__init__(self.message)

    @property
    def wire_code(self) -> str:
        """The error code as clients read it."""
        return type(self).code or type(self).__name__

    @property
    def is_client_fault(self) -> bool:
        """Whether the caller, not Clary, has to change something."""
        return type(self).status < 500


class ValidationException(ServiceError):
    """A parameter breaks a rule; the message names field, value and rule."""


class AccessDeniedException(ServiceError):
    """The caller's policies do not allow the action (JSON APIs; S3 says `AccessDenied`)."""

    status = 400


class AccessDenied(ServiceError):
    """The caller's policies do not allow the action (S3, IAM, STS)."""

    status = 403


class InternalFailure(ServiceError):
    """Clary failed; the log line with the same request id says where."""

    status = 500
    fmt = "The request processing has failed because of an unknown error, exception or failure. (request {request_id})"


class OperationNotImplemented(ServiceError):
    """The operation exists in the AWS model and Clary does not have it; `docs/coverage.md` lists what it has."""

    code = "NotImplemented"
    status = 501
    fmt = "Clary does not implement the operation {operation} of the API {api} yet. See docs/coverage.md."
