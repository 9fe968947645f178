"""Tags of log groups, by ARN and in the older form by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.logs.errors import InvalidParameterException, TooManyTagsException
from clary.services.logs.lookup import find_group, name_of
from clary.storage.logs import LogGroup, Logs

_MOST_TAGS = 50


class LogTags:
    """The tags of groups."""

    api = "logs"

    def __init__(self, logs: Logs) -> None:
        self._logs = logs

    @operation("TagResource", resource="{resourceArn}")
    def tag(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Adds tags to the group with that ARN."""
        return self._add(find_group(self._logs, call, name_of(request["resourceArn"], call)), request["tags"])

    @operation("UntagResource", resource="{resourceArn}")
    def untag(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes tags from the group with that ARN."""
        return self._remove(find_group(self._logs, call, name_of(request["resourceArn"], call)), request["tagKeys"])

    @operation("ListTagsForResource", resource="{resourceArn}")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The tags of the group with that ARN."""
        return {"tags": find_group(self._logs, call, name_of(request["resourceArn"], call)).tags}

    @operation("TagLogGroup", resource="log-group:{logGroupName}:*")
    def tag_group(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Adds tags to the group of that name."""
        try:
            return self._add(find_group(self._logs, call, request["logGroupName"]), request["tags"])
        except TooManyTagsException as error:  # the older operation does not model that error
            raise InvalidParameterException(error.message) from error

    @operation("UntagLogGroup", resource="log-group:{logGroupName}:*")
    def untag_group(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes tags from the group of that name."""
        return self._remove(find_group(self._logs, call, request["logGroupName"]), request["tags"])

    @operation("ListTagsLogGroup", resource="log-group:{logGroupName}:*")
    def list_group(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The tags of the group of that name."""
        return {"tags": find_group(self._logs, call, request["logGroupName"]).tags}

    def _add(self, group: LogGroup, tags: Mapping[str, str]) -> dict[str, Any]:
        return self._store(group, {**group.tags, **tags})

    def _remove(self, group: LogGroup, keys: Iterable[str]) -> dict[str, Any]:
        gone = set(keys)
        return self._store(group, {key: value for key, value in group.tags.items() if key not in gone})

    def _store(self, group: LogGroup, tags: Mapping[str, str]) -> dict[str, Any]:
        if len(tags) > _MOST_TAGS:
            raise TooManyTagsException
        self._logs.change_group(group, retention_days=group.retention_days, attributes=group.attributes, tags=tags)
        return {}
