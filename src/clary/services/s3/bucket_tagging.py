"""Tags of buckets."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.s3.errors import InvalidTag, NoSuchTagSet
from clary.services.s3.parameters import find_bucket
from clary.storage.objects import Objects

_MOST_TAGS = 50


class BucketTagging:
    """The tags of a bucket."""

    api = "s3"

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    @operation("PutBucketTagging", resource="{Bucket}")
    def put(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Replaces the tags."""
        bucket = find_bucket(self._objects, request)
        tags = request["Tagging"]["TagSet"]
        _check([(tag["Key"], tag["Value"]) for tag in tags])
        self._objects.set_bucket(bucket.name, "tagging", {"TagSet": tags} if tags else None)
        return {"__status__": 204}

    @operation("GetBucketTagging", resource="{Bucket}")
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The tags."""
        bucket = find_bucket(self._objects, request)
        if not bucket.settings.get("tagging"):
            raise NoSuchTagSet(BucketName=bucket.name)
        return {"TagSet": bucket.settings["tagging"]["TagSet"]}

    @operation("DeleteBucketTagging", action="PutBucketTagging", resource="{Bucket}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes the tags."""
        self._objects.set_bucket(find_bucket(self._objects, request).name, "tagging", None)
        return {"__status__": 204}


def _check(tags: list[tuple[str, str]]) -> None:
    if len(tags) > _MOST_TAGS:
        raise InvalidTag(f"Bucket tag count cannot be greater than {_MOST_TAGS}")
    if len(dict(tags)) < len(tags):
        raise InvalidTag("Cannot provide multiple Tags with the same key")
    for key, value in tags:
        if not 1 <= len(key) <= 128:
            raise InvalidTag("The TagKey you have provided is invalid", TagKey=key)
        if key.lower().startswith("aws:"):
            raise InvalidTag("System tags cannot be added/updated by requester", TagKey=key)
        if len(value) > 256:
            raise InvalidTag("The TagValue you have provided is invalid", TagKey=key)
