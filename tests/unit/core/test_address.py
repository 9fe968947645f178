"""Where a Clary is found from its own machine, and from containers on it."""

from __future__ import annotations

import pytest

from clary.core.address import Address


@pytest.mark.parametrize(
    ("host", "here", "in_container"),
    [
        ("127.0.0.1", "http://127.0.0.1:4566", ""),
        ("::1", "http://[::1]:4566", ""),
        ("localhost", "http://localhost:4566", ""),
        ("0.0.0.0", "http://127.0.0.1:4566", "http://172.17.0.1:4566"),
        ("::", "http://127.0.0.1:4566", "http://172.17.0.1:4566"),
        ("192.0.2.7", "http://192.0.2.7:4566", "http://192.0.2.7:4566"),
        ("2001:db8::7", "http://[2001:db8::7]:4566", "http://[2001:db8::7]:4566"),
    ],
)
def test_an_address_is_told_as_far_as_it_can_be_reached(host: str, here: str, in_container: str) -> None:
    assert Address(host, 4566).url == here
    assert Address(host, 4566).url_from_container("172.17.0.1") == in_container


def test_a_container_whose_network_does_not_lead_here_is_told_nothing() -> None:
    assert Address("0.0.0.0", 4566).url_from_container("") == ""
