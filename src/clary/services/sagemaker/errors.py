"""The errors SageMaker's model knows; `ValidationException` and `AccessDeniedException` are common to all JSON APIs."""

from __future__ import annotations

from clary.core.errors import ServiceError


class ResourceInUse(ServiceError):
    """The name is taken, or something still needs the resource."""


class ResourceNotFound(ServiceError):
    """There is no such resource."""


class ResourceLimitExceeded(ServiceError):
    """The account has no quota left for this."""


def account_limit(quota: str, requested: int, *, allowed: int = 0) -> ResourceLimitExceeded:
    """The error for asking more than a quota, in the words of a fresh AWS account.

    Args:
        quota: AWS's name of it ("ml.m5.large for training warm pool usage").
        requested, allowed: instances.
    """
    return ResourceLimitExceeded(
        f"The account-level service limit '{quota}' is {allowed} Instances, with current utilization of 0 Instances "
        f"and a request delta of {requested} Instances. Please use AWS Service Quotas to request an increase for this "
        "quota."
    )
