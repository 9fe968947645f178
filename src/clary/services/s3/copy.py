"""Copies inside the store: whole objects, and ranges as parts of an upload."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.s3.errors import InvalidArgument, NotImplementedByS3
from clary.services.s3.multipart import check_part_number, part_checksums
from clary.services.s3.parameters import (
    attributes_of,
    check_key,
    check_owner,
    checksum_members,
    copy_source,
    described,
    encryption_members,
    find_bucket,
)
from clary.services.s3.preconditions import check_source
from clary.storage.caller_access import Authorize
from clary.storage.object_errors import InvalidRequest, NoSuchBucket, NoSuchKey
from clary.storage.object_reading import Source
from clary.storage.object_receiving import LARGEST_PUT_BYTES
from clary.storage.object_uploads import Uploads
from clary.storage.object_values import Attributes, Bucket, Integrity, StoredObject
from clary.storage.object_writes import Conditions
from clary.storage.objects import Objects

_RANGE = re.compile(r"bytes=(\d+)-(\d+)", re.ASCII)
_CHANGES = ("StorageClass", "WebsiteRedirectLocation", "ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled")


class Copies:
    """Operations that read one object and write another.

    Args:
        authorize: checks that the caller may read the source.
    """

    api = "s3"

    def __init__(self, objects: Objects, uploads: Uploads, authorize: Authorize) -> None:
        self._objects = objects
        self._uploads = uploads
        self._authorize = authorize

    @operation("CopyObject", action="PutObject", resource="{Bucket}/{Key}")
    def copy(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Copies an object, with its own or with new metadata."""
        key = check_key(request["Key"])
        bucket = find_bucket(self._objects, request)
        if request.get("IfNoneMatch", "*") != "*":
            raise NotImplementedByS3(Header="If-None-Match")
        origin, source, version_id = self._source(call, request)
        try:
            _check_self_copy(request, source.stored, version_id)
            if source.stored.size > LARGEST_PUT_BYTES:
                raise InvalidRequest(
                    "The specified copy source is larger than the maximum allowable size for a copy source:"
                    f" {LARGEST_PUT_BYTES}"
                )
            attributes = _copied_attributes(attributes_of(call, request, bucket), request, source.stored)
            asked = request.get("ChecksumAlgorithm")
            algorithms = (asked,) if asked else tuple(source.stored.checksums)
            stored = self._objects.copy(
                source,
                bucket.name,
                key,
                attributes,
                integrity=Integrity(algorithms),
                conditions=Conditions(request.get("IfMatch"), request.get("IfNoneMatch")),
            )
        finally:
            source.close()
        answer = described(stored, bucket)
        result = {"ETag": answer.pop("ETag"), "LastModified": int(stored.modified), **checksum_members(stored)}
        return answer | {"CopyObjectResult": result} | _source_version(origin, source.stored)

    @operation("UploadPartCopy", action="PutObject", resource="{Bucket}/{Key}")
    def copy_part(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes a range of an object a part of an upload."""
        number = check_part_number(request["PartNumber"])
        bucket = find_bucket(self._objects, request)
        upload = self._uploads.find(bucket.name, check_key(request["Key"]), request["UploadId"])
        origin, source, _ = self._source(call, request)
        try:
            start, end = _copied_range(request.get("CopySourceRange"), source.stored.size)
            part = self._uploads.copy_part(upload, number, source, start, end)
        finally:
            source.close()
        result = {"ETag": f'"{part.etag}"', "LastModified": int(part.modified)}
        if upload.explicit:
            result |= part_checksums(part)
        answer = {"CopyPartResult": result, **encryption_members(upload.attributes.encryption)}
        return answer | _source_version(origin, source.stored)

    def _source(self, call: Call, request: Mapping[str, Any]) -> tuple[Bucket, Source, str | None]:
        name, key, version_id = copy_source(request["CopySource"])
        check_key(key)
        bucket = self._objects.bucket(name)
        if bucket is None:
            raise NoSuchBucket(BucketName=name)
        check_owner(bucket, request.get("ExpectedSourceBucketOwner"))
        action = "s3:GetObject" if version_id is None else "s3:GetObjectVersion"
        self._authorize(call, action, f"{bucket.arn}/{key}", version_id)
        try:
            source = self._objects.source(name, key, version_id)
        except NoSuchKey:
            self._authorize(call, "s3:ListBucket", bucket.arn)
            raise NoSuchKey(Key=key) from None
        if source.stored.is_delete_marker:
            raise InvalidRequest(
                "The source of a copy request may not specifically refer to a delete marker by version id."
            )
        try:
            check_source(request, source.stored)
        except BaseException:
            source.close()
            raise
        return bucket, source, version_id


def _check_self_copy(request: Mapping[str, Any], source: StoredObject, version_id: str | None) -> None:
    """Refuses a copy of an object to itself that changes nothing."""
    same = (source.bucket, source.key) == (request["Bucket"], request["Key"])
    if not same or version_id is not None or request.get("MetadataDirective") == "REPLACE":
        return
    if not any(name in request for name in _CHANGES):
        raise InvalidRequest(
            "This copy request is illegal because it is trying to copy an object to itself without changing the"
            " object's metadata, storage class, website redirect location or encryption attributes."
        )


def _copied_attributes(asked: Attributes, request: Mapping[str, Any], source: StoredObject) -> Attributes:
    """What the copy is given by the request, and what it keeps of its source."""
    kept = asked
    if request.get("MetadataDirective", "COPY") == "COPY":
        redirect = "x-amz-website-redirect-location"
        headers = {name: value for name, value in source.headers.items() if name != redirect}
        if redirect in asked.headers:
            headers[redirect] = asked.headers[redirect]
        kept = replace(kept, headers=headers, metadata=source.metadata)
    if request.get("TaggingDirective", "COPY") == "COPY":
        kept = replace(kept, tags=source.tags)
    return kept


def _copied_range(text: str | None, size: int) -> tuple[int, int]:
    if text is None:
        return 0, size
    matched = _RANGE.fullmatch(text)
    if matched is None or int(matched[1]) > int(matched[2]):
        raise InvalidArgument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the"
            " zero-based offsets of the first and last bytes to copy",
            ArgumentName="x-amz-copy-source-range",
            ArgumentValue=text,
        )
    if int(matched[2]) >= size:
        raise InvalidArgument(
            f"Range specified is not valid for source object of size: {size}",
            ArgumentName="x-amz-copy-source-range",
            ArgumentValue=text,
        )
    return int(matched[1]), int(matched[2]) + 1


def _source_version(bucket: Bucket, source: StoredObject) -> dict[str, Any]:
    return {"CopySourceVersionId": source.version_id} if bucket.versioning else {}
