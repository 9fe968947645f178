"""Whatever stands in an Authorization header or a query: a refusal or a principal, never a crash."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from clary.core.call import ANONYMOUS
from clary.core.errors import ServiceError
from clary.core.http import Headers, HttpRequest

from .signing import KEY, authenticator

GATE = authenticator()
TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=60)
PIECES = st.sampled_from(
    [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 ",
        "AWS ",
        "Bearer x",
        "Credential=",
        f"Credential={KEY}/20260101/us-east-1/s3/aws4_request",
        "SignedHeaders=host;x-amz-date",
        "Signature=00",
        ", ",
        "/",
        "=",
        ";",
        ":",
    ]
)
PARAMETERS = st.sampled_from(
    [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256",
        f"X-Amz-Credential={KEY}%2F20260101%2Fus-east-1%2Fs3%2Faws4_request",
        "X-Amz-Date=20260101T000000Z",
        "X-Amz-Date=20269999T000000Z",
        "X-Amz-Expires=60",
        "X-Amz-Expires=999999999999999999999",
        "X-Amz-SignedHeaders=host",
        "X-Amz-Signature=00",
        f"AWSAccessKeyId={KEY}",
        "Signature=x",
        "Expires=99999999999999999999999",
        "Expires=1",
        "%",
        "%zz=%",
        "=&=",
    ]
)


def check(request: HttpRequest) -> None:
    try:
        result = GATE.authenticate(request)
        GATE.verify_payload(result, b"")
    except ServiceError as error:
        assert error.message
    else:
        assert result.principal is ANONYMOUS


@settings(max_examples=300)
@given(st.lists(PIECES | TEXT, max_size=8), st.sampled_from(["", "20260101T000000Z", "Thu, 01 Jan 2026", "x"]), TEXT)
@example(["AWS4-HMAC-SHA256 ", "Credential=a/b/c/d/e, SignedHeaders=host, Signature=0"], "99999999T999999Z", "/")
def test_no_authorization_header_crashes_the_gate(pieces: list[str], date: str, path: str) -> None:
    headers = {"host": "h", "authorization": "".join(pieces)}
    if date:
        headers["x-amz-date"] = date
    check(HttpRequest("GET", f"/{path}", "", Headers(headers)))


@settings(max_examples=300)
@given(st.lists(PARAMETERS | TEXT, max_size=10))
def test_no_query_crashes_the_gate(parameters: list[str]) -> None:
    check(HttpRequest("GET", "/bucket/key", "&".join(parameters), Headers({"host": "h"})))
