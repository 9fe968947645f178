"""Tags of objects."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.s3.parameters import check_key, check_tags, find_bucket
from clary.storage.caller_access import Authorize
from clary.storage.object_errors import MethodNotAllowed
from clary.storage.object_values import Bucket, StoredObject
from clary.storage.objects import Objects


class ObjectTagging:
    """Operations on the tags of an object or of a version of it.

    Args:
        authorize: checks the action that a version needs beside the operation's own.
    """

    api = "s3"

    def __init__(self, objects: Objects, authorize: Authorize) -> None:
        self._objects = objects
        self._authorize = authorize

    @operation("GetObjectTagging", resource="{Bucket}/{Key}")
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The tags by key."""
        bucket, key = self._check(call, request, "s3:GetObjectVersionTagging")
        stored = self._objects.head(bucket.name, key, request.get("VersionId"))
        if stored.is_delete_marker:
            raise MethodNotAllowed(Method="GET", ResourceType="DeleteMarker")
        tags = [{"Key": name, "Value": value} for name, value in sorted(stored.tags.items())]
        return {"TagSet": tags, **_version(bucket, stored)}

    @operation("PutObjectTagging", resource="{Bucket}/{Key}")
    def put(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Replaces the tags."""
        bucket, key = self._check(call, request, "s3:PutObjectVersionTagging")
        tags = check_tags([(tag["Key"], tag["Value"]) for tag in request["Tagging"]["TagSet"]])
        stored = self._objects.set_tags(bucket.name, key, tags, request.get("VersionId"))
        return _version(bucket, stored)

    @operation("DeleteObjectTagging", resource="{Bucket}/{Key}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes the tags."""
        bucket, key = self._check(call, request, "s3:DeleteObjectVersionTagging")
        return _version(bucket, self._objects.set_tags(bucket.name, key, {}, request.get("VersionId")))

    def _check(self, call: Call, request: dict[str, Any], version_action: str) -> tuple[Bucket, str]:
        key = check_key(request["Key"])
        bucket = find_bucket(self._objects, request)
        if "VersionId" in request:
            self._authorize(call, version_action, f"{bucket.arn}/{key}", request["VersionId"])
        return bucket, key


def _version(bucket: Bucket, stored: StoredObject) -> dict[str, Any]:
    return {"VersionId": stored.version_id} if bucket.versioning else {}
