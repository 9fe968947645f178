"""The errors of STS."""

from __future__ import annotations

from clary.core.errors import ServiceError


class MalformedPolicyDocument(ServiceError):
    """A session policy breaks the grammar of policies."""


class PackedPolicyTooLarge(ServiceError):
    """The session policies are too large together."""

    fmt = "Packed size of session policies consumes {percent}% of allotted space."


class ValidationError(ServiceError):
    """A parameter breaks a rule."""
