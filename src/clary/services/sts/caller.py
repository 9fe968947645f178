"""Who calls: GetCallerIdentity, GetAccessKeyInfo, GetSessionToken."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.errors import AccessDenied
from clary.core.operations import operation
from clary.services.sts.errors import ValidationError
from clary.storage.identities import Identities
from clary.storage.identity_keys import Session

_SESSION_SECONDS = 43_200
_ROOT_SESSION_SECONDS = 3600


def credentials_view(session: Session) -> dict[str, Any]:
    """Temporary credentials as STS hands them out."""
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret,
        "SessionToken": session.token,
        "Expiration": int(session.expires),
    }


class Caller:
    """Answers about the caller and its keys."""

    api = "sts"

    def __init__(self, identities: Identities) -> None:
        self._identities = identities

    @operation("GetCallerIdentity", public=True)
    def identity(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Tells the caller who it is; needs no permission, even a deny does not forbid it."""
        return {"UserId": call.principal.user_id, "Account": call.principal.account, "Arn": call.principal.arn}

    @operation("GetAccessKeyInfo")
    def access_key_info(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Tells whose account a key belongs to."""
        identifier = request["AccessKeyId"]
        key = self._identities.keys.find(identifier)
        if key is not None:
            return {"Account": key.account}
        credential = self._identities.credential(identifier)
        if credential is None:
            raise ValidationError(f"The access key {identifier} does not exist.")
        return {"Account": credential.principal.account}

    @operation("GetSessionToken", public=True)
    def session_token(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes temporary credentials of the caller's own; needs no permission."""
        if "SerialNumber" in request or "TokenCode" in request:
            raise AccessDenied("MultiFactorAuthentication failed with invalid MFA one time pass code. ")
        current = self._identities.credential(call.principal.access_key_id)
        if current is None or current.session_token is not None:
            raise AccessDenied("Cannot call GetSessionToken with session credentials")
        is_root = call.principal.kind == "root"
        seconds = request.get("DurationSeconds", _ROOT_SESSION_SECONDS if is_root else _SESSION_SECONDS)
        if is_root:
            seconds = min(seconds, _ROOT_SESSION_SECONDS)
        session = self._identities.keys.issue_session(call.principal, seconds)
        return {"Credentials": credentials_view(session)}
