"""Groups of users."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.iam.views import entity_page, group_view, paged, user_view
from clary.storage.identities import Identities
from clary.storage.identity_entities import GROUP, USER


class Groups:
    """The groups of an account and who is in them."""

    api = "iam"

    def __init__(self, identities: Identities) -> None:
        self._identities = identities

    @operation("CreateGroup", resource="group/{GroupName}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes a group."""
        group = self._identities.entities.create(call.account, GROUP, request["GroupName"], request.get("Path", "/"))
        return {"Group": group_view(group)}

    @operation("GetGroup", resource="group/{GroupName}")
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Describes a group and lists its users."""
        group = self._identities.entities.get(call.account, GROUP, request["GroupName"])
        members = self._identities.entities.members(call.account, GROUP, group.name, USER)
        return {"Group": group_view(group), **paged(request, "Users", members, lambda user: user.key, user_view)}

    @operation("ListGroups", resource="group/*")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists groups by name."""
        return entity_page(request, "Groups", self._identities, call.account, GROUP, group_view)

    @operation("ListGroupsForUser", resource="user/{UserName}")
    def of_user(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists the groups of a user."""
        user = self._identities.entities.get(call.account, USER, request["UserName"])
        groups = self._identities.entities.containers(call.account, GROUP, user.name)
        return paged(request, "Groups", groups, lambda group: group.key, group_view)

    @operation("UpdateGroup", resource="group/{GroupName}")
    def update(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Gives a group another name or path."""
        group = self._identities.entities.get(call.account, GROUP, request["GroupName"])
        name, path = request.get("NewGroupName", group.name), request.get("NewPath", group.path)
        if (name, path) != (group.name, group.path):
            self._identities.entities.rename(call.account, GROUP, group.name, name, path)
        return {}

    @operation("DeleteGroup", resource="group/{GroupName}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes an empty group without policies."""
        self._identities.entities.delete(call.account, GROUP, request["GroupName"])
        return {}

    @operation("AddUserToGroup", resource="group/{GroupName}")
    def add(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts a user into a group."""
        self._identities.entities.add_member(call.account, GROUP, request["GroupName"], USER, request["UserName"])
        return {}

    @operation("RemoveUserFromGroup", resource="group/{GroupName}")
    def remove(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Takes a user out of a group."""
        self._identities.entities.remove_member(call.account, GROUP, request["GroupName"], USER, request["UserName"])
        return {}
