"""AWS's own SigV4 test suite: our canonical forms are its, its signed requests pass, tampered ones do not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from clary.core.clock import FixedClock
from clary.core.errors import ServiceError
from clary.core.http import Headers, HttpRequest
from clary.gateway import sigv4
from clary.gateway.identity import Authenticator
from clary.storage.identities import Credential

from .signing import ALICE, KEY, SECRET

SUITE = Path(__file__).parents[4] / "shared" / "wire_cases" / "sigv4"
CASES = sorted(path.with_suffix("") for path in SUITE.rglob("*.req"))
WHEN = 1_440_938_160.0  # 20150830T123600Z
SCOPE = "20150830/us-east-1/service/aws4_request"

pytestmark = pytest.mark.skipif(not CASES, reason="the SigV4 suite is not beside the project (shared/wire_cases)")


def read(case: Path, suffix: str) -> str:
    return case.with_name(f"{case.name}{suffix}").read_bytes().decode("latin-1").replace("\r\n", "\n")


def parsed(text: str) -> HttpRequest:
    head, _, body = text.partition("\n\n")
    first, *lines = head.split("\n")
    method, _, target = first.removesuffix(" HTTP/1.1").partition(" ")
    path, _, query = target.partition("?")
    pairs: list[tuple[str, str]] = []
    for line in filter(None, lines):
        if line[0] in " \t":
            name, value = pairs.pop()
            pairs.append((name, f"{value} {line.strip()}"))
        else:
            name, _, value = line.partition(":")
            pairs.append((name, value.strip()))  # as HTTP servers hand it over
    return HttpRequest(method, path, query, Headers(pairs), body.encode("latin-1"))


def signed_request(case: Path) -> HttpRequest:
    """The signed request, with the signature of the .authz file."""
    return with_header(parsed(read(case, ".sreq")), "authorization", read(case, ".authz").strip())


def with_header(request: HttpRequest, name: str, value: str) -> HttpRequest:
    headers = Headers(dict(request.headers))
    headers[name] = value
    return replace(request, headers=headers)


def gate(request: HttpRequest, clock: FixedClock | None = None) -> Authenticator:
    class Keys:
        def credential(self, access_key_id: str) -> Credential | None:
            token = request.headers.get("x-amz-security-token")
            return Credential(SECRET, ALICE, token) if access_key_id == KEY else None

    return Authenticator(Keys(), clock or FixedClock(WHEN))


def verify(request: HttpRequest, keys: HttpRequest, clock: FixedClock | None = None) -> None:
    checker = gate(keys, clock)
    assert isinstance(request.body, bytes)
    authentication = checker.authenticate(request)
    checker.verify_payload(authentication, request.body)
    assert authentication.principal == ALICE


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_canonical_request_string_to_sign_and_signature_are_those_of_the_suite(case: Path) -> None:
    request = parsed(read(case, ".sreq"))
    authorization = read(case, ".authz")
    names = authorization.split("SignedHeaders=")[1].split(",")[0]
    body = request.body if isinstance(request.body, bytes) else b""
    canonical = sigv4.canonical_request(
        request.method,
        sigv4.canonical_path(request.path, is_s3=False),
        sigv4.canonical_query(request.query),
        sigv4.canonical_headers(request.headers, names.split(";")),
        names,
        sigv4.hashlib.sha256(body).hexdigest(),
    )
    assert canonical == read(case, ".creq")
    text = sigv4.string_to_sign("20150830T123600Z", SCOPE, canonical)
    assert text == read(case, ".sts")
    key = sigv4.signing_key(SECRET, "20150830", "us-east-1", "service")
    assert authorization.endswith(f"Signature={sigv4.signature(key, text)}")


def test_the_two_files_of_a_case_give_one_signature_but_for_a_known_slip() -> None:
    different = [
        c.name for c in CASES if parsed(read(c, ".sreq")).headers["authorization"] != read(c, ".authz").strip()
    ]
    assert different == ["get-vanilla-with-session-token"]  # its .sreq carries the signature of get-vanilla


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_signed_request_of_the_suite_passes(case: Path) -> None:
    request = signed_request(case)
    verify(request, request)


def tampered(request: HttpRequest) -> list[tuple[str, HttpRequest]]:
    """The request with one thing changed, for everything that the signature covers."""
    authorization = request.headers["authorization"]
    names = authorization.split("SignedHeaders=")[1].split(",")[0].split(";")
    body = request.body if isinstance(request.body, bytes) else b""
    query = f"{request.query}&" if request.query else ""
    changes = [
        ("method", replace(request, method="PUT")),
        ("path", replace(request, path=f"{request.path}/more")),
        ("query", replace(request, query=f"{query}more=1")),
        ("body", replace(request, body=body + b"x")),
        ("time", with_header(request, "x-amz-date", "20150830T123601Z")),
        ("day", with_header(request, "x-amz-date", "20150831T123600Z")),
        ("region", authorization.replace("us-east-1", "us-east-2")),
        ("service", authorization.replace("/service/", "/servicf/")),
        ("terminator", authorization.replace("aws4_request", "aws5_request")),
        ("key", authorization.replace(KEY, "AKIDEXAMPLF")),
        ("signature", authorization[:-1] + ("0" if authorization[-1] != "0" else "1")),
        ("empty signature", authorization[: authorization.index("Signature=") + len("Signature=")]),
        ("list of headers", authorization.replace("SignedHeaders=", "SignedHeaders=accept;")),
        ("no host signed", authorization.replace("host;", "")),
    ]
    made = [
        (name, with_header(request, "authorization", change) if isinstance(change, str) else change)
        for name, change in changes
    ]
    made += [(f"header {name}", with_header(request, name, request.headers[name] + "x")) for name in names]
    return made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_tampered_variation_passes(case: Path) -> None:
    request = signed_request(case)
    for name, changed in tampered(request):
        with pytest.raises(ServiceError):
            verify(changed, request)
            pytest.fail(f"tampered {name} was accepted")


@pytest.mark.parametrize("case", CASES[:3], ids=lambda case: case.name)
@pytest.mark.parametrize(("seconds", "passes"), [(-901, False), (-899, True), (899, True), (901, False)])
def test_a_replay_passes_for_fifteen_minutes(case: Path, seconds: int, passes: bool) -> None:
    request = signed_request(case)
    clock = FixedClock(WHEN + seconds)
    if passes:
        verify(request, request, clock)
    else:
        with pytest.raises(ServiceError):
            verify(request, request, clock)
