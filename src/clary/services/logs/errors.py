"""The errors of CloudWatch Logs."""

from __future__ import annotations

from clary.core.errors import ServiceError


class InvalidParameterException(ServiceError):
    """A parameter breaks a rule, or two of them contradict each other."""


class ResourceNotFoundException(ServiceError):
    """The group or stream is not there."""

    fmt = "The specified log {kind} does not exist."


class ResourceAlreadyExistsException(ServiceError):
    """The name is taken."""

    fmt = "The specified log {kind} already exists"


class ValidationException(ServiceError):
    """The request is well-formed but must not be carried out."""


class TooManyTagsException(ServiceError):
    """A resource may have 50 tags."""

    fmt = "The maximum number of tags is 50"
