"""Puts the resources of ECR together."""

from __future__ import annotations

from clary.core.clock import Clock
from clary.services.ecr.authorization import AuthorizationTokens
from clary.services.ecr.credentials import RegistryCredentials
from clary.services.ecr.images import RepositoryImages
from clary.services.ecr.layers import Layers
from clary.services.ecr.lifecycle import LifecyclePolicies
from clary.services.ecr.policies import RepositoryPolicies
from clary.services.ecr.repositories import Repositories
from clary.services.ecr.tags import RepositoryTags
from clary.storage.images import Images
from clary.storage.records import Records


def resources(
    *, records: Records, images: Images, clock: Clock, registry_credentials: RegistryCredentials
) -> list[object]:
    """The resource classes of ECR."""
    return [
        Repositories(records, images),
        RepositoryImages(images),
        Layers(images, registry_credentials),
        AuthorizationTokens(registry_credentials),
        LifecyclePolicies(records, images, clock),
        RepositoryPolicies(records, images),
        RepositoryTags(records, images),
    ]
