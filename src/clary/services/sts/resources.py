"""Puts the resources of STS together."""

from __future__ import annotations

from clary.services.sts.assume_role import AssumedRoles
from clary.services.sts.caller import Caller
from clary.storage.identities import Identities


def resources(*, identities: Identities) -> list[object]:
    """The resource classes of STS."""
    return [Caller(identities), AssumedRoles(identities)]
