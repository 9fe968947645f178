"""Instance profiles: a name for a role, as EC2 and SageMaker notebooks carry it."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.iam.errors import EntityAlreadyExists, LimitExceeded
from clary.services.iam.views import entity_page, paged, role_view, tag_list, tags_of
from clary.storage.identities import Identities
from clary.storage.identity_entities import INSTANCE_PROFILE, ROLE, Entity


class InstanceProfiles:
    """The instance profiles of an account; each holds at most one role."""

    api = "iam"

    def __init__(self, identities: Identities) -> None:
        self._identities = identities

    def _view(self, profile: Entity) -> dict[str, Any]:
        roles = self._identities.entities.members(profile.account, INSTANCE_PROFILE, profile.name, ROLE)
        view: dict[str, Any] = {
            "Path": profile.path,
            "InstanceProfileName": profile.name,
            "InstanceProfileId": profile.id,
            "Arn": profile.arn,
            "CreateDate": int(profile.created),
            "Roles": [role_view(role, in_list=True) for role in roles],
        }
        if profile.tags:
            view["Tags"] = tag_list(profile.tags)
        return view

    @operation("CreateInstanceProfile", resource="instance-profile/{InstanceProfileName}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes an instance profile."""
        profile = self._identities.entities.create(
            call.account,
            INSTANCE_PROFILE,
            request["InstanceProfileName"],
            request.get("Path", "/"),
            {"tags": tags_of(request)},
        )
        return {"InstanceProfile": self._view(profile)}

    @operation("GetInstanceProfile", resource="instance-profile/{InstanceProfileName}")
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Describes an instance profile."""
        name = request["InstanceProfileName"]
        return {"InstanceProfile": self._view(self._identities.entities.get(call.account, INSTANCE_PROFILE, name))}

    @operation("ListInstanceProfiles", resource="instance-profile/*")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists instance profiles by name."""
        return entity_page(request, "InstanceProfiles", self._identities, call.account, INSTANCE_PROFILE, self._view)

    @operation("ListInstanceProfilesForRole", resource="role/{RoleName}")
    def of_role(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists the instance profiles that hold a role."""
        role = self._identities.entities.get(call.account, ROLE, request["RoleName"])
        profiles = self._identities.entities.containers(call.account, INSTANCE_PROFILE, role.name)
        return paged(request, "InstanceProfiles", profiles, lambda profile: profile.key, self._view)

    @operation("AddRoleToInstanceProfile", resource="instance-profile/{InstanceProfileName}")
    def add(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts a role into an empty instance profile."""
        profile = self._identities.entities.get(call.account, INSTANCE_PROFILE, request["InstanceProfileName"])
        roles = self._identities.entities.members(call.account, INSTANCE_PROFILE, profile.name, ROLE)
        if any(role.key == request["RoleName"].lower() for role in roles):
            raise EntityAlreadyExists(f"Role {request['RoleName']} already exists in instance profile {profile.name}.")
        if roles:
            raise LimitExceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
        self._identities.entities.add_member(call.account, INSTANCE_PROFILE, profile.name, ROLE, request["RoleName"])
        return {}

    @operation("RemoveRoleFromInstanceProfile", resource="instance-profile/{InstanceProfileName}")
    def remove(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Takes the role out again."""
        self._identities.entities.remove_member(
            call.account, INSTANCE_PROFILE, request["InstanceProfileName"], ROLE, request["RoleName"]
        )
        return {}

    @operation("DeleteInstanceProfile", resource="instance-profile/{InstanceProfileName}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes an empty instance profile."""
        self._identities.entities.delete(call.account, INSTANCE_PROFILE, request["InstanceProfileName"])
        return {}
