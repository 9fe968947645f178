from __future__ import annotations

import pytest

from clary.core.http import Headers, HttpRequest, conditions_of


def test_the_conditions_of_a_request_have_a_referer_only_where_one_was_sent() -> None:
    request = HttpRequest("GET", "/", "", Headers([("user-agent", "curl")]), scheme="https", client_ip="10.0.0.1")
    conditions = {"aws:SourceIp": "10.0.0.1", "aws:SecureTransport": "true", "aws:UserAgent": "curl"}
    assert conditions_of(request) == conditions
    request.headers["referer"] = "http://page"
    assert conditions_of(request) == {**conditions, "aws:Referer": "http://page"}


@pytest.mark.parametrize(
    ("scheme", "client_ip", "is_secure"),
    [
        ("http", "127.0.0.1", "true"),
        ("http", "::1", "true"),
        ("http", "10.0.0.1", "false"),
        ("http", "", "false"),
        ("https", "10.0.0.1", "true"),
    ],
)
def test_what_never_left_the_machine_was_transported_securely(scheme: str, client_ip: str, is_secure: str) -> None:
    request = HttpRequest("GET", "/", "", Headers(), scheme=scheme, client_ip=client_ip)
    assert conditions_of(request)["aws:SecureTransport"] == is_secure
