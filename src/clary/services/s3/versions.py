"""Versioning: its configuration and the listing of versions."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.errors import AccessDenied
from clary.core.operations import operation
from clary.services.s3.errors import (
    IllegalVersioningConfigurationException,
    InvalidArgument,
    MalformedXML,
    NotImplementedByS3,
)
from clary.services.s3.listing import checksum_algorithms, encoder, page_size
from clary.services.s3.parameters import canonical_id, find_bucket
from clary.storage.objects import Objects


class Versions:
    """Operations on a bucket's versioning."""

    api = "s3"

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    @operation("PutBucketVersioning", resource="{Bucket}")
    def configure(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Enables or suspends versioning; it can never be switched off again."""
        bucket = find_bucket(self._objects, request)
        configuration = request["VersioningConfiguration"]
        status = configuration.get("Status")
        if configuration.get("MFADelete") == "Enabled":
            raise NotImplementedByS3(Header="x-amz-mfa")
        if status is None:
            raise IllegalVersioningConfigurationException
        if status not in ("Enabled", "Suspended"):
            raise MalformedXML
        if "mirror" in bucket.settings:
            raise AccessDenied(f"Access Denied: the bucket {bucket.name} mirrors a folder and is read-only")
        self._objects.set_bucket(bucket.name, "versioning", status)
        return {}

    @operation("GetBucketVersioning", resource="{Bucket}")
    def configuration(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The versioning status; nothing when versioning was never enabled."""
        bucket = find_bucket(self._objects, request)
        return {"Status": bucket.versioning} if bucket.versioning else {}

    @operation("ListObjectVersions", action="ListBucketVersions", resource="{Bucket}")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of versions and delete markers."""
        bucket = find_bucket(self._objects, request)
        encode = encoder(request)
        limit = page_size(request, "MaxKeys", "max-keys")
        key_marker, version_marker = request.get("KeyMarker", ""), request.get("VersionIdMarker", "")
        if version_marker and not key_marker:
            raise InvalidArgument(
                "A version-id marker cannot be specified without a key marker.",
                ArgumentName="version-id-marker",
                ArgumentValue=version_marker,
            )
        page = self._objects.list_versions(
            bucket.name, request.get("Prefix", ""), request.get("Delimiter", ""), key_marker, version_marker, limit
        )
        owner = {"ID": canonical_id(bucket.account)}
        answer: dict[str, Any] = {
            "Name": bucket.name,
            "Prefix": encode(request.get("Prefix", "")),
            "KeyMarker": encode(key_marker),
            "VersionIdMarker": version_marker,
            "MaxKeys": limit,
            "IsTruncated": page.next_key is not None,
            "Versions": [],
            "DeleteMarkers": [],
            "CommonPrefixes": [{"Prefix": encode(found)} for found in page.prefixes],
        }
        for stored in page.versions:
            entry: dict[str, Any] = {
                "Key": encode(stored.key),
                "VersionId": stored.version_id,
                "IsLatest": stored.is_latest,
                "LastModified": int(stored.modified),
                "Owner": owner,
            }
            if stored.is_delete_marker:
                answer["DeleteMarkers"].append(entry)
                continue
            entry |= {"ETag": f'"{stored.etag}"', "Size": stored.size, "StorageClass": stored.storage_class}
            answer["Versions"].append(entry | checksum_algorithms(stored))
        if request.get("Delimiter"):
            answer["Delimiter"] = encode(request["Delimiter"])
        if "EncodingType" in request:
            answer["EncodingType"] = request["EncodingType"]
        if page.next_key is not None:
            answer["NextKeyMarker"] = encode(page.next_key)
            if page.next_version is not None:
                answer["NextVersionIdMarker"] = page.next_version
        return answer
