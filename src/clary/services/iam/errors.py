"""The errors of IAM, beside those that the storage of identities raises by their wire names."""

from __future__ import annotations

from clary.core.errors import ServiceError
from clary.storage.identity_store import DeleteConflict, EntityAlreadyExists, LimitExceeded, NoSuchEntity

__all__ = [
    "DeleteConflict",
    "EntityAlreadyExists",
    "InvalidInput",
    "LimitExceeded",
    "MalformedPolicyDocument",
    "NoSuchEntity",
    "UnmodifiableEntity",
    "ValidationError",
]


class MalformedPolicyDocument(ServiceError):
    """A policy document breaks the grammar of policies."""


class InvalidInput(ServiceError):
    """A parameter is well-formed but cannot be right."""


class UnmodifiableEntity(ServiceError):
    """A service-linked role is changed by its service alone."""

    fmt = "Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"


class ValidationError(ServiceError):
    """A parameter breaks a rule."""
