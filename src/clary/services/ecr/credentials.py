"""What the registry takes instead of a signature: passwords of `docker login`, and addresses of layers.

Both are claims, signed with the secret of the access key that asked for them. So they are the caller's own, end with
the caller's key or session, say what their holder may do no further than its policies do, and nothing of them has to
be stored.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any, Protocol

from clary.core.call import Call, Principal
from clary.core.clock import Clock
from clary.storage.identity_keys import Credential
from clary.storage.records import Record

LOGIN_SECONDS = 12 * 3600
_LAYER_SECONDS = 3600
_USER = "AWS"


class Keys(Protocol):
    """Where access keys are looked up."""

    def credential(self, access_key_id: str) -> Credential | None:
        """The active key of that id, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Pass:
    """Who may use the registry, as a verified password or address says.

    Attributes:
        account, region: whose registry is meant where the address names none.
        layer: "REPOSITORY-ARN@DIGEST" that may be fetched, "" for a login.
    """

    principal: Principal
    account: str
    region: str
    layer: str = ""


class RegistryCredentials:
    """Gives out passwords and checks them.

    Args:
        keys: finds access keys.
        verify: False takes any password, for machines whose owner switched verification off.
        account, region: whose registry is meant by a password that says nothing, where any is taken.
    """

    def __init__(self, keys: Keys, clock: Clock, *, verify: bool, account: str, region: str) -> None:
        self._keys = keys
        self._clock = clock
        self._verify = verify
        self._nobody = Pass(
            Principal("root", f"arn:aws:iam::{account}:root", account, account, "root"), account, region
        )

    def login(self, call: Call) -> tuple[str, float]:
        """The token of GetAuthorizationToken (base64 of "AWS:PASSWORD") and when it ends, in seconds since 1970."""
        expires = self._expiry(call, LOGIN_SECONDS)
        password = self._signed(call, {"expires": expires})
        return base64.b64encode(f"{_USER}:{password}".encode()).decode(), expires

    def for_layer(self, call: Call, record: Record, digest: str) -> str:
        """A token by which one layer of one repository can be fetched."""
        return self._signed(call, {"expires": self._expiry(call, _LAYER_SECONDS), "layer": f"{record.arn}@{digest}"})

    def of_header(self, header: str) -> Pass | None:
        """Who sends an Authorization header ("Basic ..."), None when it is not to be trusted."""
        scheme, _, encoded = header.partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        found = self.of_token(password) if user == _USER else None
        return found if found is not None and not found.layer else (None if self._verify else self._nobody)

    def of_token(self, token: str) -> Pass | None:
        """Who was given a token, None when it is not to be trusted."""
        try:
            payload, _, mac = token.rpartition(".")
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            key, expires = claims["key"], float(claims["expires"])
            account, region, layer = claims["account"], claims["region"], claims.get("layer", "")
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        credential = self._keys.credential(key) if isinstance(key, str) and key else None
        if credential is None:
            return None if self._verify else self._nobody
        now = self._clock.time()
        if now >= expires or (credential.expires is not None and now >= credential.expires):
            return None
        if not hmac.compare_digest(_mac(credential.secret, payload), mac):
            return None
        return Pass(credential.principal, account, region, layer)

    def _expiry(self, call: Call, seconds: int) -> float:
        credential = self._keys.credential(call.principal.access_key_id)
        ends = credential.expires if credential is not None else None
        expires = self._clock.time() + seconds
        return float(int(min(expires, ends) if ends is not None else expires))

    def _signed(self, call: Call, claims: dict[str, Any]) -> str:
        key = call.principal.access_key_id
        credential = self._keys.credential(key) if key else None
        values = {"key": key, "account": call.account, "region": call.region, **claims}
        payload = base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")
        return f"{payload}.{_mac(credential.secret if credential is not None else '', payload)}"


def _mac(secret: str, payload: str) -> str:
    key = hashlib.sha256(b"clary registry\0" + secret.encode()).digest()
    return hmac.new(key, payload.encode(), hashlib.sha256).hexdigest()
