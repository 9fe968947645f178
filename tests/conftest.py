"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from .docker_engine import DockerEngine, run_engine

# How long a busy machine takes to make an example says nothing about the code.
settings.register_profile("clary", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("clary")


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[DockerEngine]:
    """A dockerd for all tests that need one."""
    yield from run_engine()
