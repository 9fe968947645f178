from __future__ import annotations

from clary.core.http import Headers, HttpRequest, conditions_of


def test_the_conditions_of_a_request_have_a_referer_only_where_one_was_sent() -> None:
    request = HttpRequest("GET", "/", "", Headers([("user-agent", "curl")]), scheme="https", client_ip="10.0.0.1")
    conditions = {"aws:SourceIp": "10.0.0.1", "aws:SecureTransport": "true", "aws:UserAgent": "curl"}
    assert conditions_of(request) == conditions
    request.headers["referer"] = "http://page"
    assert conditions_of(request) == {**conditions, "aws:Referer": "http://page"}
