"""GetAuthorizationToken: what `aws ecr get-login-password` hands to `docker login`."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.ecr.credentials import RegistryCredentials
from clary.services.ecr.lookup import moment


class AuthorizationTokens:
    """The passwords of the registry."""

    api = "ecr"

    def __init__(self, credentials: RegistryCredentials) -> None:
        self._credentials = credentials

    @operation("GetAuthorizationToken")
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A password that is the caller's own, good for twelve hours or as long as the caller's session."""
        answers = []
        host = urlsplit(call.endpoint).hostname or ""
        for registry in request.get("registryIds") or [call.account]:
            token, expires = self._credentials.login(call)
            endpoint = call.endpoint
            if host.endswith("amazonaws.com"):
                endpoint = f"https://{registry}.dkr.ecr.{call.region}.amazonaws.com"
            answers.append({"authorizationToken": token, "expiresAt": moment(expires), "proxyEndpoint": endpoint})
        return {"authorizationData": answers}
