"""Tags of any Personalize resource."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.personalize import shelf
from clary.services.personalize.errors import ResourceNotFoundException, TooManyTagsException
from clary.storage.records import Records


class Tags:
    """TagResource, UntagResource and ListTagsForResource.

    Args:
        records: where resources and their tags are.
    """

    api = "personalize"

    def __init__(self, records: Records) -> None:
        self._records = records

    @operation("TagResource", resource="{resourceArn}")
    def add(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Adds tags, or gives them new values.

        Raises:
            ResourceNotFoundException: there is no such resource.
            TooManyTagsException: it would have more than 50.
        """
        arn = self._require(call, request["resourceArn"])
        added = shelf.tags_of(request["tags"])
        if len({*self._records.tags(arn), *added}) > shelf.MOST_TAGS:
            raise TooManyTagsException(f"A resource can have at most {shelf.MOST_TAGS} tags: {arn} would have more.")
        self._records.set_tags(arn, added)
        return {}

    @operation("UntagResource", resource="{resourceArn}")
    def remove(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes tags; keys that the resource does not have are ignored."""
        self._records.remove_tags(self._require(call, request["resourceArn"]), request["tagKeys"])
        return {}

    @operation("ListTagsForResource", resource="{resourceArn}")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """All tags of a resource."""
        tags = self._records.tags(self._require(call, request["resourceArn"]))
        return {"tags": [{"tagKey": key, "tagValue": value} for key, value in tags.items()]}

    def _require(self, call: Call, arn: str) -> str:
        record = self._records.by_arn(arn)
        if record is None or record.account != call.account or not record.kind.startswith("personalize:"):
            raise ResourceNotFoundException(f"Resource Arn {arn} does not exist.")
        return arn
