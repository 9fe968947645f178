"""The errors of CloudWatch."""

from __future__ import annotations

from clary.core.errors import ServiceError


class InvalidParameterValueException(ServiceError):
    """A parameter's value is outside what is allowed."""


class InvalidParameterCombinationException(ServiceError):
    """Parameters contradict each other."""


class MissingRequiredParameterException(ServiceError):
    """A parameter is missing that the others ask for."""

    fmt = "The parameter {name} is required."


class ValidationError(ServiceError):
    """A query of GetMetricData breaks a rule; AWS answers with this code, which the model does not list."""


class InvalidNextToken(ServiceError):
    """The token was not made for this listing."""

    fmt = "The next token specified is invalid."
