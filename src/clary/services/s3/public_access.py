"""Block Public Access: the four switches of a bucket, all on until its owner turns them off."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.s3.access_rules import BLOCK_SETTING, SWITCHES, public_access_block
from clary.services.s3.errors import MalformedXML, NoSuchPublicAccessBlockConfiguration
from clary.services.s3.parameters import find_bucket
from clary.storage.objects import Objects


class PublicAccessBlocks:
    """The public access block of a bucket."""

    api = "s3"

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    @operation("PutPublicAccessBlock", action="PutBucketPublicAccessBlock", resource="{Bucket}")
    def put(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Sets the switches; those that are not named are off."""
        bucket = find_bucket(self._objects, request)
        given = request["PublicAccessBlockConfiguration"]
        if not given:
            raise MalformedXML
        self._objects.set_bucket(bucket.name, BLOCK_SETTING, {switch: given.get(switch, False) for switch in SWITCHES})
        return {}

    @operation("GetPublicAccessBlock", action="GetBucketPublicAccessBlock", resource="{Bucket}")
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The switches."""
        bucket = find_bucket(self._objects, request)
        if bucket.settings.get(BLOCK_SETTING) == {} or (
            BLOCK_SETTING not in bucket.settings and "mirror" in bucket.settings
        ):
            raise NoSuchPublicAccessBlockConfiguration(BucketName=bucket.name)
        return {"PublicAccessBlockConfiguration": public_access_block(bucket)}

    @operation("DeletePublicAccessBlock", action="PutBucketPublicAccessBlock", resource="{Bucket}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Turns all switches off."""
        self._objects.set_bucket(find_bucket(self._objects, request).name, BLOCK_SETTING, {})
        return {"__status__": 204}
