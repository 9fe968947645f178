"""Log groups: CreateLogGroup, DescribeLogGroups, DeleteLogGroup, retention and deletion protection."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.core.pages import encode_token
from clary.services.logs.errors import (
    InvalidParameterException,
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
    ValidationException,
)
from clary.services.logs.lookup import find_group, group_arn, name_of, read_token
from clary.storage.logs import GroupExists, LogGroup, Logs, NoSuchGroup

RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731)
RETENTION_YEARS_DAYS = (1096, 1827, 2192, 2557, 2922, 3288, 3653)
_ATTRIBUTES = ("kmsKeyId", "logGroupClass", "deletionProtectionEnabled")
_PAGE = 50


class LogGroups:
    """The groups of an account and region."""

    api = "logs"

    def __init__(self, logs: Logs) -> None:
        self._logs = logs

    @operation("CreateLogGroup", resource="log-group:{logGroupName}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes a group."""
        name = request["logGroupName"]
        if name.startswith("aws/"):
            raise InvalidParameterException("Log groups starting with AWS/ are reserved for AWS.")
        attributes: dict[str, Any] = {key: request[key] for key in _ATTRIBUTES if key in request}
        try:
            self._logs.create_group(call.account, call.region, name, attributes=attributes, tags=request.get("tags"))
        except GroupExists as error:
            raise ResourceAlreadyExistsException(kind="group") from error
        return {}

    @operation("DescribeLogGroups", resource="log-group:*")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists groups by name, by prefix, by a piece of their name, or those that are named."""
        prefix, pattern = request.get("logGroupNamePrefix", ""), request.get("logGroupNamePattern", "")
        if prefix and pattern:
            raise InvalidParameterException(
                "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
            )
        limit = request.get("limit", _PAGE)
        wanted = request.get("logGroupIdentifiers")
        if wanted:
            found = [self._or_none(call, identifier) for identifier in sorted(set(wanted))]
            return {"logGroups": [_described(group) for group in found if group is not None]}
        position = read_token(request.get("nextToken"), str)
        after = position[0] if position else ""
        kind = request.get("logGroupClass")
        matching: list[LogGroup] = []
        while len(matching) <= limit:
            page = self._logs.groups(
                call.account, call.region, prefix=prefix, contains=pattern, after=after, limit=limit + 1
            )
            matching += [group for group in page if kind is None or _class_of(group) == kind]
            if len(page) <= limit:
                break
            after = page[-1].name
        answer: dict[str, Any] = {"logGroups": [_described(group) for group in matching[:limit]]}
        if len(matching) > limit:
            answer["nextToken"] = encode_token(matching[limit - 1].name)
        return answer

    def _or_none(self, call: Call, identifier: str) -> LogGroup | None:
        try:
            return find_group(self._logs, call, name_of(identifier, call))
        except ResourceNotFoundException:
            return None

    @operation("DeleteLogGroup", resource="log-group:{logGroupName}:*")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes a group with its streams and events."""
        group = find_group(self._logs, call, request["logGroupName"])
        if group.attributes.get("deletionProtectionEnabled"):
            raise ValidationException(
                f"Log group {group.name} cannot be deleted because deletion protection is enabled for it."
            )
        try:
            self._logs.delete_group(call.account, call.region, group.name)
        except NoSuchGroup as error:
            raise ResourceNotFoundException(kind="group") from error
        return {}

    @operation("PutLogGroupDeletionProtection", resource="log-group:{logGroupIdentifier}:*")
    def protect(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Switches the protection against deletion on or off."""
        group = find_group(self._logs, call, name_of(request["logGroupIdentifier"], call))
        enabled = request["deletionProtectionEnabled"]
        self._logs.change_group(
            group,
            retention_days=group.retention_days,
            attributes={**group.attributes, "deletionProtectionEnabled": enabled},
            tags=group.tags,
        )
        return {}

    @operation("PutRetentionPolicy", resource="log-group:{logGroupName}:*")
    def put_retention(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Sets how many days the events of a group are kept."""
        days = request["retentionInDays"]
        if days not in RETENTION_DAYS + RETENTION_YEARS_DAYS:
            allowed = ", ".join(str(known) for known in RETENTION_DAYS + RETENTION_YEARS_DAYS)
            raise InvalidParameterException(
                f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
                f"Member must satisfy enum value set: [{allowed}]"
            )
        return self._set_retention(call, request["logGroupName"], days)

    @operation("DeleteRetentionPolicy", resource="log-group:{logGroupName}:*")
    def delete_retention(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Keeps the events of a group for ever."""
        return self._set_retention(call, request["logGroupName"], None)

    def _set_retention(self, call: Call, name: str, days: int | None) -> dict[str, Any]:
        group = find_group(self._logs, call, name)
        self._logs.change_group(group, retention_days=days, attributes=group.attributes, tags=group.tags)
        return {}


def _class_of(group: LogGroup) -> str:
    return str(group.attributes.get("logGroupClass", "STANDARD"))


def _described(group: LogGroup) -> dict[str, Any]:
    described: dict[str, Any] = {
        "logGroupName": group.name,
        "creationTime": group.created_ms,
        "metricFilterCount": 0,
        "arn": f"{group_arn(group)}:*",
        "logGroupArn": group_arn(group),
        "storedBytes": group.stored_bytes,
        "logGroupClass": _class_of(group),
        "deletionProtectionEnabled": bool(group.attributes.get("deletionProtectionEnabled", False)),
    }
    if group.retention_days is not None:
        described["retentionInDays"] = group.retention_days
    if "kmsKeyId" in group.attributes:
        described["kmsKeyId"] = group.attributes["kmsKeyId"]
    return described
