"""The errors of the three Personalize APIs."""

from __future__ import annotations

from clary.core.errors import ServiceError


class InvalidInputException(ServiceError):
    """A parameter breaks a rule; the message names it."""


class ResourceNotFoundException(ServiceError):
    """There is no such resource."""

    status = 404


class ResourceAlreadyExistsException(ServiceError):
    """The name is taken."""


class ResourceInUseException(ServiceError):
    """Something still needs the resource, or it is not in a state that allows this."""


class LimitExceededException(ServiceError):
    """A quota of the account, the data set group or the data set is used up."""


class InvalidNextTokenException(ServiceError):
    """The token was not returned by the operation that it is sent to."""


class TooManyTagsException(ServiceError):
    """A resource would have more than 50 tags."""
