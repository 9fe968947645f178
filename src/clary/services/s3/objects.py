"""Objects: put, get, head, delete, and their attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clary.core.call import Call
from clary.core.errors import ServiceError
from clary.core.http import ByteStream, stream_of
from clary.core.operations import operation
from clary.services.s3.errors import InvalidPartNumber, MalformedXML, NotImplementedByS3
from clary.services.s3.parameters import (
    attributes_of,
    check_key,
    checksum_members,
    described,
    find_bucket,
    header_members,
    integrity_of,
    readable_metadata,
)
from clary.services.s3.preconditions import is_unchanged, parse_range
from clary.storage.caller_access import Authorize
from clary.storage.object_errors import InvalidRequest, MethodNotAllowed, NoSuchKey
from clary.storage.object_reading import Source
from clary.storage.object_values import Bucket, Deleted, Segment, StoredObject
from clary.storage.objects import Objects

_MOST_KEYS_PER_DELETION = 1000
_MOST_PARTS_PER_PAGE = 1000
_OVERRIDES = {
    "ResponseCacheControl": "CacheControl",
    "ResponseContentDisposition": "ContentDisposition",
    "ResponseContentEncoding": "ContentEncoding",
    "ResponseContentLanguage": "ContentLanguage",
    "ResponseContentType": "ContentType",
    "ResponseExpires": "Expires",
}


class ObjectOperations:
    """Operations on one object, and the deletion of many.

    Args:
        authorize: checks the actions that a request needs beside the operation's own.
    """

    api = "s3"

    def __init__(self, objects: Objects, authorize: Authorize) -> None:
        self._objects = objects
        self._authorize = authorize

    @operation("PutObject", resource="{Bucket}/{Key}")
    async def put(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stores an object."""
        key = check_key(request["Key"])
        bucket = find_bucket(self._objects, request)
        if request.get("IfNoneMatch", "*") != "*":
            raise NotImplementedByS3(Header="If-None-Match")
        if "Tagging" in request:
            self._authorize(call, "s3:PutObjectTagging", f"{bucket.arn}/{key}")
        attributes = attributes_of(call, request, bucket)
        body = request.get("Body", b"")
        stored = await self._objects.put(
            bucket.name,
            key,
            body if isinstance(body, ByteStream) else _stream(body),
            attributes,
            integrity=integrity_of(request),
            if_match=request.get("IfMatch"),
            if_none_match=request.get("IfNoneMatch"),
        )
        return {**described(stored, bucket), **checksum_members(stored)}

    @operation("GetObject", resource="{Bucket}/{Key}")
    async def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Sends an object or a range of it."""
        bucket, source = self._find(call, request, "GET")
        try:
            answer, window = self._answer(call, request, bucket, source.stored, source.segments)
            if window is None:
                source.close()
                return answer
            answer["Body"] = source.stream(*window)
            return answer
        except BaseException:
            source.close()
            raise

    @operation("HeadObject", action="GetObject", resource="{Bucket}/{Key}")
    async def head(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Describes an object as GetObject would."""
        bucket, source = self._find(call, request, "HEAD", to_read=False)
        return self._answer(call, request, bucket, source.stored, source.segments)[0]

    @operation("DeleteObject", resource="{Bucket}/{Key}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes an object, or a version of it for good."""
        key = check_key(request["Key"])
        bucket = find_bucket(self._objects, request)
        version_id = request.get("VersionId")
        _refuse_directory_conditions(request, "x-amz-if-match-last-modified-time", "IfMatchLastModifiedTime")
        _refuse_directory_conditions(request, "x-amz-if-match-size", "IfMatchSize")
        if version_id is not None:
            self._authorize(call, "s3:DeleteObjectVersion", f"{bucket.arn}/{key}")
        deleted = self._objects.delete(bucket.name, key, version_id, if_match=request.get("IfMatch"))
        return _deleted_members(deleted)

    @operation("DeleteObjects", resource="{Bucket}", public=True)
    def delete_many(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes up to a thousand keys in one commit; each is allowed or refused by itself."""
        bucket = find_bucket(self._objects, request)
        entries = request["Delete"]["Objects"]
        if not entries or len(entries) > _MOST_KEYS_PER_DELETION:
            raise MalformedXML
        outcomes: list[Deleted | ServiceError | None] = []
        for entry in entries:
            try:
                check_key(entry["Key"])
                _refuse_directory_conditions(entry, "LastModifiedTime", "LastModifiedTime")
                _refuse_directory_conditions(entry, "Size", "Size")
                action = "s3:DeleteObjectVersion" if "VersionId" in entry else "s3:DeleteObject"
                self._authorize(call, action, f"{bucket.arn}/{entry['Key']}")
                outcomes.append(None)
            except ServiceError as error:
                outcomes.append(error)
        allowed = [entry for entry, outcome in zip(entries, outcomes, strict=True) if outcome is None]
        results = iter(
            self._objects.delete_many(
                bucket.name, [(entry["Key"], entry.get("VersionId"), entry.get("ETag")) for entry in allowed]
            )
        )
        answer: dict[str, Any] = {"Deleted": [], "Errors": []}
        for entry, refused in zip(entries, outcomes, strict=True):
            outcome = refused if refused is not None else next(results)
            named = {name: entry[name] for name in ("Key", "VersionId") if name in entry}
            if isinstance(outcome, ServiceError):
                answer["Errors"].append({**named, "Code": outcome.wire_code, "Message": outcome.message})
            elif not request["Delete"].get("Quiet"):
                answer["Deleted"].append({**named, **_marker_members(entry, outcome)})
        return answer

    @operation("GetObjectAttributes", resource="{Bucket}/{Key}")
    async def attributes(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The attributes that the request names."""
        self._authorize(call, "s3:GetObject", f"arn:aws:s3:::{request['Bucket']}/{request['Key']}")
        bucket, source = self._find(call, request, "GET", to_read=False)
        stored = source.stored
        wanted = request.get("ObjectAttributes", [])
        answer: dict[str, Any] = {"LastModified": int(stored.modified)}
        if bucket.versioning:
            answer["VersionId"] = stored.version_id
        if "ETag" in wanted:
            answer["ETag"] = stored.etag
        if "ObjectSize" in wanted:
            answer["ObjectSize"] = stored.size
        if "StorageClass" in wanted:
            answer["StorageClass"] = stored.storage_class
        if "Checksum" in wanted and stored.checksums:
            answer["Checksum"] = checksum_members(stored)
        if "ObjectParts" in wanted and stored.part_count:
            answer["ObjectParts"] = _parts_page(request, source.segments)
        return answer

    def _find(
        self, call: Call, request: Mapping[str, Any], method: str, *, to_read: bool = True
    ) -> tuple[Bucket, Source]:
        key = check_key(request["Key"])
        bucket = find_bucket(self._objects, request)
        version_id = request.get("VersionId")
        if "SSECustomerAlgorithm" in request:
            raise InvalidRequest("The encryption parameters are not applicable to this object.")
        if version_id is not None:
            self._authorize(call, "s3:GetObjectVersion", f"{bucket.arn}/{key}", version_id)
        try:
            source = self._objects.source(bucket.name, key, version_id, to_read=to_read)
        except NoSuchKey as error:
            # who may not list a bucket is not told which keys are missing
            self._authorize(call, "s3:ListBucket", bucket.arn)
            marker = error.details.get("DeleteMarkerVersionId")
            if marker is None:
                raise
            raise NoSuchKey(
                Key=key, __headers__=[("x-amz-delete-marker", "true"), ("x-amz-version-id", marker)]
            ) from None
        if source.stored.is_delete_marker:
            raise MethodNotAllowed(
                Method=method,
                ResourceType="DeleteMarker",
                __headers__=[("x-amz-delete-marker", "true"), ("Allow", "DELETE")],
            )
        return bucket, source

    def _answer(
        self,
        call: Call,
        request: Mapping[str, Any],
        bucket: Bucket,
        stored: StoredObject,
        segments: Sequence[Segment],
    ) -> tuple[dict[str, Any], tuple[int, int] | None]:
        """The answer without its body, and the bytes the body has; None for a body-less 304."""
        answer = {**described(stored, bucket), "LastModified": int(stored.modified)}
        if is_unchanged(request, stored):
            return {**answer, "__status__": 304}, None
        window, partial = _window(request, stored, segments)
        answer |= header_members(stored)
        answer |= {"AcceptRanges": "bytes", "ContentLength": window[1] - window[0]}
        if stored.metadata:
            answer["Metadata"] = readable_metadata(stored.metadata)
        if stored.storage_class != "STANDARD":
            answer["StorageClass"] = stored.storage_class
        if stored.tags:
            answer["TagCount"] = len(stored.tags)
        if "PartNumber" in request and stored.part_count:
            answer["PartsCount"] = stored.part_count
        if partial:
            answer["ContentRange"] = f"bytes {window[0]}-{window[1] - 1}/{stored.size}"
            answer["__status__"] = 206
        if request.get("ChecksumMode") == "ENABLED":
            answer |= _checksums_of(request, stored, segments, whole=window == (0, stored.size))
        answer |= _overrides(call, request)
        return answer, window


def _window(
    request: Mapping[str, Any], stored: StoredObject, segments: Sequence[Segment]
) -> tuple[tuple[int, int], bool]:
    """The bytes a read asks for, and whether they count as a part of the object."""
    number = request.get("PartNumber")
    text = request.get("Range")
    if number is not None:
        if text is not None:
            raise InvalidRequest("Cannot specify both Range header and partNumber query parameter")
        return _part_window(number, stored, segments), stored.size > 0
    found = parse_range(text, stored.size) if text is not None else None
    return (found, True) if found is not None else ((0, stored.size), False)


def _part_window(number: int, stored: StoredObject, segments: Sequence[Segment]) -> tuple[int, int]:
    if not stored.part_count and number == 1:
        return 0, stored.size
    start = 0
    for segment in segments if stored.part_count else ():
        if segment.number == number:
            return start, start + segment.size
        start += segment.size
    raise InvalidPartNumber(PartNumberRequested=number, ActualPartCount=stored.part_count or 1)


def _checksums_of(
    request: Mapping[str, Any], stored: StoredObject, segments: Sequence[Segment], *, whole: bool
) -> dict[str, Any]:
    if "PartNumber" in request and stored.part_count:
        part = next(segment for segment in segments if segment.number == request["PartNumber"])
        return {f"Checksum{name}": value for name, value in part.checksums.items()}
    return checksum_members(stored) if whole else {}


def _overrides(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    """Headers of the answer that the request itself sets."""
    overrides = {member: request[name] for name, member in _OVERRIDES.items() if name in request}
    if overrides and call.principal.is_anonymous:
        raise InvalidRequest("Request specific response headers cannot be used for anonymous GET requests.")
    return overrides


def _refuse_directory_conditions(request: Mapping[str, Any], header: str, name: str) -> None:
    """Refuses a condition that only directory buckets know; ignoring it would delete what was to be kept."""
    if name in request:
        raise NotImplementedByS3(Header=header)


def _deleted_members(deleted: Deleted) -> dict[str, Any]:
    members: dict[str, Any] = {}
    if deleted.version_id is not None:
        members["VersionId"] = deleted.version_id
    if deleted.is_delete_marker:
        members["DeleteMarker"] = True
    return members


def _marker_members(entry: Mapping[str, Any], deleted: Deleted) -> dict[str, Any]:
    if not deleted.is_delete_marker:
        return {}
    return {"DeleteMarker": True, "DeleteMarkerVersionId": deleted.version_id}


def _parts_page(request: Mapping[str, Any], segments: Sequence[Segment]) -> dict[str, Any]:
    after = request.get("PartNumberMarker", 0)
    limit = min(request.get("MaxParts", _MOST_PARTS_PER_PAGE), _MOST_PARTS_PER_PAGE)
    rest = [segment for segment in segments if segment.number > after]
    page = rest[:limit]
    answer: dict[str, Any] = {
        "TotalPartsCount": len(segments),
        "PartNumberMarker": after,
        "NextPartNumberMarker": page[-1].number if page else after,
        "MaxParts": limit,
        "IsTruncated": len(rest) > limit,
    }
    if any(segment.checksums for segment in page):
        answer["Parts"] = [
            {
                "PartNumber": segment.number,
                "Size": segment.size,
                **{f"Checksum{name}": value for name, value in segment.checksums.items()},
            }
            for segment in page
        ]
    return answer


def _stream(body: bytes | str) -> ByteStream:
    return stream_of(body.encode() if isinstance(body, str) else body)
