"""The policy that protects the repository a request names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from clary.core.call import Call
from clary.core.policy import PolicyDocument
from clary.services.ecr.lookup import registry_of
from clary.services.ecr.policies import policy_of
from clary.storage.images import Images


def repository_guard(images: Images) -> Callable[[Call, Mapping[str, Any]], tuple[PolicyDocument | None, str]]:
    """Finds the policy and the account of the repository that a request to ECR names."""

    def guard(call: Call, request: Mapping[str, Any]) -> tuple[PolicyDocument | None, str]:
        registry, name = registry_of(call, request), request.get("repositoryName")
        record = images.repository(registry, call.region, name) if isinstance(name, str) else None
        return (policy_of(record) if record is not None else None), registry

    return guard
