"""One Clary under attack, and a last look at what it wrote down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.conftest import RunningClary

from .confidential import check_no_secret_was_told, check_server_errors_are_logged
from .kit import Attacker


@pytest.fixture(scope="session")
def attacker(clary: RunningClary) -> Iterator[Attacker]:
    """Talks to the Clary of all client tests; in the end no log and no answer may hold a secret."""
    made = Attacker.of(clary)
    made.client("s3").create_bucket(Bucket="hostile")
    yield made
    check_no_secret_was_told(made)
    check_server_errors_are_logged(made)


@pytest.fixture(scope="session")
def s3(attacker: Attacker) -> Any:
    return attacker.client("s3")


@pytest.fixture(scope="session")
def sagemaker(attacker: Attacker) -> Any:
    return attacker.client("sagemaker")
