"""Tags of any Comprehend resource."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.comprehend import shelf
from clary.services.comprehend.errors import (
    ResourceNotFoundException,
    TooManyTagKeysException,
    TooManyTagsException,
)
from clary.storage.records import Records


class Tags:
    """TagResource, UntagResource and ListTagsForResource.

    Args:
        records: where resources and their tags are.
    """

    api = "comprehend"

    def __init__(self, records: Records) -> None:
        self._records = records

    @operation("TagResource", resource="{ResourceArn}")
    def add(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Adds tags, or gives them new values.

        Raises:
            ResourceNotFoundException: there is no such resource.
            TooManyTagsException: it would have more than 50.
        """
        arn = self._require(call, request["ResourceArn"])
        added = shelf.tags_of(request)
        if len({*self._records.tags(arn), *added}) > shelf.MOST_TAGS:
            raise TooManyTagsException(f"A resource can have at most {shelf.MOST_TAGS} tags: {arn} would have more.")
        self._records.set_tags(arn, added)
        return {}

    @operation("UntagResource", resource="{ResourceArn}")
    def remove(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes tags; keys that the resource does not have are ignored.

        Raises:
            ResourceNotFoundException: there is no such resource.
            TooManyTagKeysException: more than 50 keys are sent.
        """
        arn = self._require(call, request["ResourceArn"])
        if len(request["TagKeys"]) > shelf.MOST_TAGS:
            raise TooManyTagKeysException(f"At most {shelf.MOST_TAGS} tag keys can be removed at once.")
        self._records.remove_tags(arn, request["TagKeys"])
        return {}

    @operation("ListTagsForResource", resource="{ResourceArn}")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """All tags of a resource.

        Raises:
            ResourceNotFoundException: there is no such resource.
        """
        arn = self._require(call, request["ResourceArn"])
        tags = self._records.tags(arn)
        return {"ResourceArn": arn, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _require(self, call: Call, arn: str) -> str:
        record = self._records.by_arn(arn)
        if record is None or record.account != call.account or not record.kind.startswith("comprehend:"):
            raise ResourceNotFoundException()
        return arn
