"""S3 with the rights of whoever called: what services read and write for a request that hands over no role.

The counterpart of `data_access`, which acts as a role long after the request; here the request is still there, and what
its signature, session policy and conditions allow decides.
"""

from __future__ import annotations

from typing import Protocol

from clary.core.call import Call
from clary.storage.object_errors import NoSuchBucket
from clary.storage.object_reading import Source
from clary.storage.objects import Objects


class Authorize(Protocol):
    """Lets an allowed action on an object, bucket or other resource pass: `authorize(call, "s3:GetObject", arn)`."""

    def __call__(self, call: Call, action: str, arn: str, version_id: str | None = None) -> None:
        """Raises AccessDenied when the caller may not; policies may ask for the tags of the version."""
        ...


class CallerAccess:
    """Reads and writes objects as the caller of an operation.

    Args:
        objects: where S3's objects are.
        authorize: says whether the caller may.
    """

    def __init__(self, objects: Objects, authorize: Authorize) -> None:
        self._objects = objects
        self._authorize = authorize

    def source(self, call: Call, bucket: str, key: str, version: str | None = None) -> Source:
        """An object whose bytes stay readable until the source is closed.

        Raises:
            AccessDenied, NoSuchBucket, NoSuchKey, NoSuchVersion.
        """
        action = "s3:GetObject" if version is None else "s3:GetObjectVersion"
        self._authorize(call, action, f"arn:aws:s3:::{bucket}/{key}", version)
        return self._objects.source(bucket, key, version)

    def require_writable(self, call: Call, bucket: str, key: str) -> None:
        """Checks that the caller may store an object.

        Raises:
            AccessDenied, NoSuchBucket.
        """
        self._authorize(call, "s3:PutObject", f"arn:aws:s3:::{bucket}/{key}")
        if self._objects.bucket(bucket) is None:
            raise NoSuchBucket(BucketName=bucket)
