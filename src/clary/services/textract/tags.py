"""Tags of adapters and their versions."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.textract import shelf
from clary.services.textract.errors import ResourceNotFoundException
from clary.services.textract.names import ADAPTER, ADAPTER_VERSION
from clary.storage.records import Records


class Tags:
    """TagResource, UntagResource and ListTagsForResource.

    Args:
        records: where resources and their tags are.
    """

    api = "textract"

    def __init__(self, records: Records) -> None:
        self._records = records

    @operation("TagResource", resource="{ResourceARN}")
    def add(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Adds tags, or gives them new values.

        Raises:
            ResourceNotFoundException: there is no such resource.
            InvalidParameterException: a key is one of AWS's own.
            ServiceQuotaExceededException: it would have more than 200.
        """
        arn = self._require(call, request["ResourceARN"])
        shelf.check_tags({**self._records.tags(arn), **request["Tags"]})
        self._records.set_tags(arn, request["Tags"])
        return {}

    @operation("UntagResource", resource="{ResourceARN}")
    def remove(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes tags; keys that the resource does not have are ignored.

        Raises:
            ResourceNotFoundException: there is no such resource.
        """
        self._records.remove_tags(self._require(call, request["ResourceARN"]), request["TagKeys"])
        return {}

    @operation("ListTagsForResource", resource="{ResourceARN}")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """All tags of a resource.

        Raises:
            ResourceNotFoundException: there is no such resource.
        """
        return {"Tags": self._records.tags(self._require(call, request["ResourceARN"]))}

    def _require(self, call: Call, arn: str) -> str:
        record = self._records.by_arn(arn)
        if record is None or (record.account, record.region) != (call.account, call.region):
            raise ResourceNotFoundException(f"There is no resource {arn}.")
        if record.kind not in (ADAPTER, ADAPTER_VERSION):
            raise ResourceNotFoundException(f"There is no resource {arn} that can have tags.")
        return arn
