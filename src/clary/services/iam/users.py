"""Users: CreateUser, GetUser, ListUsers, UpdateUser, DeleteUser and their tags."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.iam.errors import NoSuchEntity, ValidationError
from clary.services.iam.tagging import add_tags, list_tags, remove_tags
from clary.services.iam.views import entity_page, tags_of, user_view
from clary.storage.identities import Identities
from clary.storage.identity_entities import USER


def own_name(call: Call, request: dict[str, Any]) -> str:
    """The user that a request means: the one it names, else its sender.

    Raises:
        ValidationError: no user is named, and the sender is none.
    """
    if "UserName" in request:
        return str(request["UserName"])
    if call.principal.kind != "user":
        raise ValidationError("Must specify userName when calling with non-User credentials")
    return call.principal.name


class Users:
    """The users of an account."""

    api = "iam"

    def __init__(self, identities: Identities) -> None:
        self._identities = identities

    @operation("CreateUser", resource="user/{UserName}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes a user."""
        body: dict[str, Any] = {"tags": tags_of(request)}
        if "PermissionsBoundary" in request:
            body["boundary"] = self._identities.policies.get(request["PermissionsBoundary"]).arn
        path = request.get("Path", "/")
        return {
            "User": user_view(self._identities.entities.create(call.account, USER, request["UserName"], path, body))
        }

    @operation("GetUser", resource="user/{UserName}")
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Describes a user, the caller without a name."""
        return {"User": user_view(self._identities.entities.get(call.account, USER, own_name(call, request)))}

    @operation("ListUsers", resource="user/*")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists users by name."""
        return entity_page(request, "Users", self._identities, call.account, USER, user_view)

    @operation("UpdateUser", resource="user/{UserName}")
    def update(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Gives a user another name or path."""
        user = self._identities.entities.get(call.account, USER, request["UserName"])
        name, path = request.get("NewUserName", user.name), request.get("NewPath", user.path)
        if (name, path) != (user.name, user.path):
            self._identities.entities.rename(call.account, USER, user.name, name, path)
        return {}

    @operation("DeleteUser", resource="user/{UserName}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes a user that has no keys, groups and policies any more."""
        self._identities.entities.delete(call.account, USER, request["UserName"])
        return {}

    @operation("TagUser", resource="user/{UserName}")
    def tag(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Adds tags."""
        return add_tags(self._identities, call.account, USER, request["UserName"], request)

    @operation("UntagUser", resource="user/{UserName}")
    def untag(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes tags."""
        return remove_tags(self._identities, call.account, USER, request["UserName"], request)

    @operation("ListUserTags", resource="user/{UserName}")
    def tags(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists tags."""
        return list_tags(self._identities, call.account, USER, request["UserName"], request)

    @operation("GetLoginProfile", resource="user/{UserName}")
    def login_profile(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Describes a console password: users of Clary have none."""
        user = self._identities.entities.get(call.account, USER, own_name(call, request))
        raise NoSuchEntity(f"Login Profile for User {user.name} cannot be found.")

    @operation("ListMFADevices", resource="user/{UserName}")
    def mfa_devices(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists second factors: Clary knows none."""
        self._identities.entities.get(call.account, USER, own_name(call, request))
        return {"MFADevices": [], "IsTruncated": False}
