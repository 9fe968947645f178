"""Signs requests with botocore's own signers, and knows one key for each kind of caller."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from clary.core.call import Principal
from clary.core.clock import FixedClock
from clary.core.errors import ServiceError
from clary.core.http import Headers, HttpRequest
from clary.gateway.identity import Authenticator
from clary.storage.identities import Credential

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TEMPORARY, TEMPORARY_SECRET, TOKEN = "ASIDEXAMPLE", "anotherSecret", "FwoGZXIvYXdzEXAMPLE//token=="
ALICE = Principal("user", "arn:aws:iam::123456789012:user/alice", "123456789012", "AIDAEXAMPLE", "alice", "", KEY)


class Keyring:
    """The keys that the tests sign with."""

    def __init__(self, expires: float = 4e9) -> None:
        self.credentials = {
            KEY: Credential(SECRET, ALICE),
            TEMPORARY: Credential(TEMPORARY_SECRET, ALICE, TOKEN, expires),
        }

    def credential(self, access_key_id: str) -> Credential | None:
        return self.credentials.get(access_key_id)


def now_clock() -> FixedClock:
    """A clock that stands at the time at which botocore signs."""
    return FixedClock(time.time())


def authenticator(clock: FixedClock | None = None, **options) -> Authenticator:
    return Authenticator(Keyring(), clock or now_clock(), **options)


def long_lived() -> Credentials:
    return Credentials(KEY, SECRET)


def temporary() -> Credentials:
    return Credentials(TEMPORARY, TEMPORARY_SECRET, TOKEN)


def signed(signer, method: str, url: str, headers: dict[str, str] | None = None, body: bytes = b"", auth_path=None):
    """The request as it arrives, after a botocore signer has signed it."""
    request = AWSRequest(method, url, headers=dict(headers or {}), data=body, auth_path=auth_path)
    request.context["client_config"] = None
    signer.add_auth(request)
    prepared = request.prepare()
    parts = urlsplit(prepared.url)
    pairs = [(name, value.decode() if isinstance(value, bytes) else value) for name, value in prepared.headers.items()]
    arrived = Headers(pairs)
    arrived.setdefault("host", parts.netloc)
    return HttpRequest(method, parts.path or "/", parts.query, arrived, body)


def verify(request: HttpRequest, gate: Authenticator | None = None):
    gate = gate or authenticator()
    result = gate.authenticate(request)
    assert isinstance(request.body, bytes)
    gate.verify_payload(result, request.body)
    return result


def refused(request: HttpRequest, gate: Authenticator | None = None) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        verify(request, gate)
    return caught.value
