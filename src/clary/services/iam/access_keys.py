"""Access keys of users."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.errors import AccessDenied
from clary.core.operations import operation
from clary.services.iam.users import own_name
from clary.services.iam.views import paged
from clary.storage.identities import Identities
from clary.storage.identity_entities import ROLE, USER
from clary.storage.identity_keys import ROOT


class AccessKeys:
    """The keys with which users sign."""

    api = "iam"

    def __init__(self, identities: Identities) -> None:
        self._identities = identities

    def _owner(self, call: Call, request: dict[str, Any]) -> tuple[str, str]:
        """Kind and name of the owner: the user that is named, else the caller's own user, role or root."""
        if "UserName" not in request:
            if call.principal.kind == "root":
                return ROOT, "root"
            if call.principal.kind == "assumed-role":
                return ROLE, call.principal.name
        return USER, self._identities.entities.get(call.account, USER, own_name(call, request)).name

    @operation("CreateAccessKey", resource="user/{UserName}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes a key; its secret is told this once."""
        name = self._identities.entities.get(call.account, USER, own_name(call, request)).name
        key = self._identities.keys.create(call.account, USER, name)
        return {
            "AccessKey": {
                "UserName": name,
                "AccessKeyId": key.id,
                "Status": key.status,
                "SecretAccessKey": key.secret,
                "CreateDate": int(key.created),
            }
        }

    @operation("ListAccessKeys", resource="user/{UserName}")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists keys, without their secrets."""
        kind, name = self._owner(call, request)
        keys = {key.id: key for key in self._identities.keys.of(call.account, kind, name)}

        def view(identifier: str) -> dict[str, Any]:
            key = keys[identifier]
            return {"UserName": name, "AccessKeyId": key.id, "Status": key.status, "CreateDate": int(key.created)}

        return paged(request, "AccessKeyMetadata", list(keys), str, view)

    @operation("UpdateAccessKey", resource="user/{UserName}")
    def update(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Switches a key on or off."""
        kind, name = self._owner(call, request)
        self._identities.keys.set_status(call.account, kind, name, request["AccessKeyId"], request["Status"])
        return {}

    @operation("DeleteAccessKey", resource="user/{UserName}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes a key."""
        kind, name = self._owner(call, request)
        self._identities.keys.delete(call.account, kind, name, request["AccessKeyId"])
        return {}

    @operation("GetAccessKeyLastUsed")
    def last_used(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Tells whose key it is. Clary keeps no record of its uses, and says so with AWS's "N/A"."""
        key = self._identities.keys.find(request["AccessKeyId"])
        if key is None or key.account != call.account:
            raise AccessDenied(
                f"User: {call.principal.arn} is not authorized to perform: iam:GetAccessKeyLastUsed on resource: "
                f"access key {request['AccessKeyId']}"
            )
        owner = self._identities.entities.find(key.account, key.owner_kind, key.owner_key)
        name = owner.name if owner is not None else key.owner_key
        return {"UserName": name, "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}
