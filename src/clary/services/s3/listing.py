"""Listing a bucket's objects: ListObjects and ListObjectsV2."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.core.pages import InvalidToken, decode_token, encode_token
from clary.services.s3.errors import InvalidArgument
from clary.services.s3.parameters import canonical_id, find_bucket, url_encoded
from clary.storage.object_values import Bucket, StoredObject
from clary.storage.objects import Objects

MOST_KEYS = 1000


class ObjectListings:
    """The two listings of current objects."""

    api = "s3"

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    @operation("ListObjects", action="ListBucket", resource="{Bucket}")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of objects behind a marker."""
        bucket = find_bucket(self._objects, request)
        encode = encoder(request)
        limit = page_size(request, "MaxKeys", "max-keys")
        prefix, delimiter = request.get("Prefix", ""), request.get("Delimiter", "")
        page = self._objects.list(bucket.name, prefix, delimiter, request.get("Marker", ""), limit)
        answer = self._common(request, encode, limit) | {
            "Marker": encode(request.get("Marker", "")),
            "IsTruncated": page.next_after is not None,
            "Contents": [_entry(stored, bucket, encode, with_owner=True) for stored in page.objects],
            "CommonPrefixes": [{"Prefix": encode(found)} for found in page.prefixes],
        }
        if page.next_after is not None and delimiter:
            answer["NextMarker"] = encode(page.next_after)
        return answer

    @operation("ListObjectsV2", action="ListBucket", resource="{Bucket}")
    def list_v2(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of objects behind a continuation token or a key."""
        bucket = find_bucket(self._objects, request)
        encode = encoder(request)
        limit = page_size(request, "MaxKeys", "max-keys")
        after = _after(request)
        page = self._objects.list(bucket.name, request.get("Prefix", ""), request.get("Delimiter", ""), after, limit)
        with_owner = request.get("FetchOwner", False)
        answer = self._common(request, encode, limit) | {
            "KeyCount": len(page.objects) + len(page.prefixes),
            "IsTruncated": page.next_after is not None,
            "Contents": [_entry(stored, bucket, encode, with_owner=with_owner) for stored in page.objects],
            "CommonPrefixes": [{"Prefix": encode(found)} for found in page.prefixes],
        }
        if "ContinuationToken" in request:
            answer["ContinuationToken"] = request["ContinuationToken"]
        if "StartAfter" in request:
            answer["StartAfter"] = encode(request["StartAfter"])
        if page.next_after is not None:
            answer["NextContinuationToken"] = encode_token("objects", page.next_after)
        return answer

    def _common(self, request: Mapping[str, Any], encode: Callable[[str], str], limit: int) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "Name": request["Bucket"],
            "Prefix": encode(request.get("Prefix", "")),
            "MaxKeys": limit,
        }
        if request.get("Delimiter"):
            answer["Delimiter"] = encode(request["Delimiter"])
        if "EncodingType" in request:
            answer["EncodingType"] = request["EncodingType"]
        return answer


def encoder(request: Mapping[str, Any]) -> Callable[[str], str]:
    """How keys are written in the answer.

    Raises:
        InvalidArgument: the encoding type is not "url".
    """
    kind = request.get("EncodingType")
    if kind is None:
        return str
    if kind != "url":
        raise InvalidArgument(
            "Invalid Encoding Method specified in Request", ArgumentName="encoding-type", ArgumentValue=kind
        )
    return url_encoded


def page_size(request: Mapping[str, Any], name: str, argument: str) -> int:
    """How many entries a page has: at most a thousand.

    Raises:
        InvalidArgument: a negative number.
    """
    asked = request.get(name, MOST_KEYS)
    if not 0 <= asked < 2**31:
        raise InvalidArgument(
            f"Argument {argument} must be an integer between 0 and 2147483647",
            ArgumentName=argument,
            ArgumentValue=asked,
        )
    return min(int(asked), MOST_KEYS)


def checksum_algorithms(stored: StoredObject) -> dict[str, Any]:
    """Which checksums an object has, for an entry of a listing."""
    if not stored.checksums:
        return {}
    return {"ChecksumAlgorithm": [*stored.checksums], "ChecksumType": stored.checksum_type}


def _entry(stored: StoredObject, bucket: Bucket, encode: Callable[[str], str], *, with_owner: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "Key": encode(stored.key),
        "LastModified": int(stored.modified),
        "ETag": f'"{stored.etag}"',
        "Size": stored.size,
        "StorageClass": stored.storage_class,
        **checksum_algorithms(stored),
    }
    if with_owner:
        entry["Owner"] = {"ID": canonical_id(bucket.account)}
    return entry


def _after(request: Mapping[str, Any]) -> str:
    token = request.get("ContinuationToken")
    if token is None:
        return str(request.get("StartAfter", ""))
    try:
        kind, after = decode_token(token, 2)
    except InvalidToken:
        kind, after = "", ""
    if kind != "objects":
        raise InvalidArgument(
            "The continuation token provided is incorrect", ArgumentName="continuation-token", ArgumentValue=token
        )
    return str(after)
