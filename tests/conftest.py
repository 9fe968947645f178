"""What all tests share."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# How long a busy machine takes to make an example says nothing about the code.
settings.register_profile("clary", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("clary")
