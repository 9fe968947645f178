"""Service-linked roles: made for a service, which alone uses and changes them."""

from __future__ import annotations

import json
import re
from typing import Any

from clary.core.call import Call
from clary.core.ids import request_id
from clary.core.operations import operation
from clary.services.iam.errors import InvalidInput, NoSuchEntity
from clary.services.iam.roles import SERVICE_PATH
from clary.services.iam.views import role_view
from clary.storage.identities import Identities
from clary.storage.identity_entities import ROLE

_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com\Z")
_TASK = re.compile(r"task/aws-service-role/[^/]+/(?P<role>[^/]+)/[0-9a-f-]{36}\Z")


class ServiceLinkedRoles:
    """Makes and deletes service-linked roles."""

    api = "iam"

    def __init__(self, identities: Identities) -> None:
        self._identities = identities

    @operation("CreateServiceLinkedRole")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes the role of a service."""
        service = request["AWSServiceName"]
        if not _SERVICE.match(service):
            raise InvalidInput(f"Service role name could not be determined for {service}.")
        words = re.split(r"[.-]", service.removesuffix(".amazonaws.com"))
        name = "AWSServiceRoleFor" + "".join(word.capitalize() for word in words)
        if "CustomSuffix" in request:
            name += f"_{request['CustomSuffix']}"
        if self._identities.entities.find(call.account, ROLE, name) is not None:
            raise InvalidInput(
                f"Service role name {name} has been taken in this account, please try a different suffix."
            )
        trust = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
            }
        )
        body = {"trust": trust, "max_session_seconds": 3600}
        if "Description" in request:
            body["description"] = request["Description"]
        role = self._identities.entities.create(call.account, ROLE, name, f"{SERVICE_PATH}{service}/", body)
        return {"Role": role_view(role)}

    @operation("DeleteServiceLinkedRole")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes the role of a service; the task that AWS would start is over when this returns."""
        role = self._identities.entities.get(call.account, ROLE, request["RoleName"])
        if not role.path.startswith(SERVICE_PATH):
            raise NoSuchEntity(f"The service-linked role with name {role.name} cannot be found.")
        self._identities.entities.delete(call.account, ROLE, role.name)
        return {"DeletionTaskId": f"task{role.path}{role.name}/{request_id()}"}

    @operation("GetServiceLinkedRoleDeletionStatus")
    def deletion_status(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Tells how far a deletion is: it failed when the role is still there."""
        task = _TASK.match(request["DeletionTaskId"])
        if task is None:
            raise InvalidInput("The deletion task id is not valid.")
        is_there = self._identities.entities.find(call.account, ROLE, task["role"]) is not None
        return {"Status": "FAILED" if is_there else "SUCCEEDED"}
