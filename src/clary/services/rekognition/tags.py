"""Tags of any Rekognition resource."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.rekognition import shelf
from clary.services.rekognition.errors import ResourceNotFoundException, ServiceQuotaExceededException
from clary.services.rekognition.names import COLLECTION, DATASET, PROJECT, PROJECT_VERSION, STREAM_PROCESSOR
from clary.storage.records import Records

_TAGGED = frozenset({COLLECTION, STREAM_PROCESSOR, PROJECT, PROJECT_VERSION, DATASET})


class Tags:
    """TagResource, UntagResource and ListTagsForResource.

    Args:
        records: where resources and their tags are.
    """

    api = "rekognition"

    def __init__(self, records: Records) -> None:
        self._records = records

    @operation("TagResource", resource="{ResourceArn}")
    def add(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Adds tags, or gives them new values.

        Raises:
            ResourceNotFoundException: there is no such resource.
            ServiceQuotaExceededException: it would have more than 50.
        """
        arn = self._require(call, request["ResourceArn"])
        added = shelf.tags_of(request["Tags"])
        if len({*self._records.tags(arn), *added}) > shelf.MOST_TAGS:
            raise ServiceQuotaExceededException(f"A resource can have at most {shelf.MOST_TAGS} tags: {arn}")
        self._records.set_tags(arn, added)
        return {}

    @operation("UntagResource", resource="{ResourceArn}")
    def remove(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes tags; keys that the resource does not have are ignored."""
        self._records.remove_tags(self._require(call, request["ResourceArn"]), request["TagKeys"])
        return {}

    @operation("ListTagsForResource", resource="{ResourceArn}")
    def page(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """All tags of a resource."""
        return {"Tags": self._records.tags(self._require(call, request["ResourceArn"]))}

    def _require(self, call: Call, arn: str) -> str:
        record = self._records.by_arn(arn)
        if record is None or record.account != call.account or record.kind not in _TAGGED:
            raise ResourceNotFoundException(f"Resource not found: {arn}")
        return arn
