"""IAM over a database of its own, called by the first key's role."""

from __future__ import annotations

import pytest

from clary.services.iam.resources import resources
from clary.storage.identities import Identities

from ..desk import Desk


@pytest.fixture
def iam(identities: Identities) -> Desk:
    role = identities.bootstrap().role_arn
    return Desk("iam", resources(identities=identities), identities.role_principal(role, "test"))
