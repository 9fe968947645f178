"""The errors SageMaker's model knows; `ValidationException` and `AccessDeniedException` are common to all JSON APIs."""

from __future__ import annotations

from clary.core.errors import ServiceError


class ResourceNotFound(ServiceError):
    """The resource is not there."""


class ResourceInUse(ServiceError):
    """The name is taken, or something still needs the resource."""


class ResourceLimitExceeded(ServiceError):
    """The account has no quota left for this."""


class ConflictException(ServiceError):
    """Two requests changed the same resource at once."""


def account_limit(quota: str, requested: int, unit: str = "Instances") -> ResourceLimitExceeded:
    """The error for a quota that is zero on a fresh AWS account too, and in Clary is not there yet.

    Args:
        quota: AWS's name of it ("ml.m5.large for training warm pool usage").
    """
    return ResourceLimitExceeded(
        f"The account-level service limit '{quota}' is 0 {unit}, with current utilization of 0 {unit} and a request "
        f"delta of {requested} {unit}. Please use AWS Service Quotas to request an increase for this quota."
    )
