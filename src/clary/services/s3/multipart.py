"""Multipart uploads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.core.call import Call
from clary.core.http import ByteStream, stream_of
from clary.core.operations import operation
from clary.services.s3.errors import InvalidArgument, MalformedXML, NotImplementedByS3
from clary.services.s3.listing import encoder, page_size
from clary.services.s3.parameters import (
    attributes_of,
    canonical_id,
    check_key,
    checksum_members,
    described,
    encryption_members,
    expected_checksums,
    find_bucket,
    integrity_of,
    url_encoded,
)
from clary.storage.checksums import ALGORITHMS, can_combine
from clary.storage.object_errors import InvalidRequest
from clary.storage.object_multipart import MOST_PARTS
from clary.storage.object_uploads import Uploads
from clary.storage.object_values import CompletedPart, Integrity, Part, Upload
from clary.storage.object_writes import Conditions
from clary.storage.objects import Objects


class MultipartUploads:
    """Operations on multipart uploads."""

    api = "s3"

    def __init__(self, objects: Objects, uploads: Uploads) -> None:
        self._objects = objects
        self._uploads = uploads

    @operation("CreateMultipartUpload", action="PutObject", resource="{Bucket}/{Key}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Begins an upload."""
        key = check_key(request["Key"])
        bucket = find_bucket(self._objects, request)
        algorithm, kind = request.get("ChecksumAlgorithm"), request.get("ChecksumType")
        _check_type(algorithm, kind)
        attributes = attributes_of(call, request, bucket)
        upload = self._uploads.create(bucket.name, key, attributes, algorithm, kind)
        answer = {
            "Bucket": bucket.name,
            "Key": key,
            "UploadId": upload.id,
            **encryption_members(attributes.encryption),
        }
        return answer | _checksum_kind(upload)

    @operation("UploadPart", action="PutObject", resource="{Bucket}/{Key}")
    async def upload_part(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stores a part."""
        number = check_part_number(request["PartNumber"])
        bucket = find_bucket(self._objects, request)
        upload = self._uploads.find(bucket.name, check_key(request["Key"]), request["UploadId"])
        integrity = integrity_of(request)
        _check_algorithm(upload, integrity)
        body = request.get("Body", b"")
        part = await self._uploads.put_part(
            upload, number, body if isinstance(body, ByteStream) else stream_of(body), integrity
        )
        answer = {"ETag": f'"{part.etag}"', **encryption_members(upload.attributes.encryption)}
        return answer | part_checksums(part)

    @operation("CompleteMultipartUpload", action="PutObject", resource="{Bucket}/{Key}")
    def complete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes the parts an object."""
        key = check_key(request["Key"])
        bucket = find_bucket(self._objects, request)
        listed = request.get("MultipartUpload", {}).get("Parts", [])
        if not listed:
            raise MalformedXML
        if request.get("IfNoneMatch", "*") != "*":
            raise NotImplementedByS3(Header="If-None-Match")
        stored = self._uploads.complete(
            bucket.name,
            key,
            request["UploadId"],
            [_completed(part) for part in listed],
            conditions=Conditions(request.get("IfMatch"), request.get("IfNoneMatch")),
            expected=expected_checksums(request),
            size=request.get("MpuObjectSize"),
        )
        return {
            "Location": f"{call.endpoint}/{bucket.name}/{url_encoded(key)}",
            "Bucket": bucket.name,
            "Key": key,
            **described(stored, bucket),
            **checksum_members(stored),
        }

    @operation("AbortMultipartUpload", resource="{Bucket}/{Key}")
    def abort(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Gives an upload up."""
        bucket = find_bucket(self._objects, request)
        self._uploads.abort(bucket.name, check_key(request["Key"]), request["UploadId"])
        return {}

    @operation("ListParts", action="ListMultipartUploadParts", resource="{Bucket}/{Key}")
    def list_parts(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of the parts that were uploaded."""
        bucket = find_bucket(self._objects, request)
        upload = self._uploads.find(bucket.name, check_key(request["Key"]), request["UploadId"])
        limit = page_size(request, "MaxParts", "max-parts")
        after = int(request.get("PartNumberMarker") or 0)
        found = self._uploads.parts(upload, after, limit + 1)
        page = found[:limit]
        owner = {"ID": canonical_id(bucket.account)}
        answer: dict[str, Any] = {
            "Bucket": bucket.name,
            "Key": upload.key,
            "UploadId": upload.id,
            "PartNumberMarker": after,
            "NextPartNumberMarker": page[-1].number if page else after,
            "MaxParts": limit,
            "IsTruncated": bool(page) and len(found) > limit,
            "Parts": [_part_entry(part, upload) for part in page],
            "Initiator": {"ID": call.principal.arn or owner["ID"], "DisplayName": call.principal.name},
            "Owner": owner,
            "StorageClass": upload.attributes.storage_class,
        }
        return answer | _checksum_kind(upload)

    @operation("ListMultipartUploads", action="ListBucketMultipartUploads", resource="{Bucket}")
    def list_uploads(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of the uploads in progress."""
        bucket = find_bucket(self._objects, request)
        encode = encoder(request)
        limit = page_size(request, "MaxUploads", "max-uploads")
        prefix, delimiter = request.get("Prefix", ""), request.get("Delimiter", "")
        key_marker, id_marker = request.get("KeyMarker", ""), request.get("UploadIdMarker", "")
        page, prefixes, more = self._page(bucket.name, prefix, delimiter, (key_marker, id_marker), limit)
        owner = {"ID": canonical_id(bucket.account)}
        answer: dict[str, Any] = {
            "Bucket": bucket.name,
            "KeyMarker": encode(key_marker),
            "UploadIdMarker": id_marker,
            "Prefix": encode(prefix),
            "MaxUploads": limit,
            "IsTruncated": more is not None,
            "Uploads": [
                {
                    "UploadId": upload.id,
                    "Key": encode(upload.key),
                    "Initiated": int(upload.created),
                    "StorageClass": upload.attributes.storage_class,
                    "Owner": owner,
                    "Initiator": owner,
                    **_checksum_kind(upload),
                }
                for upload in page
            ],
            "CommonPrefixes": [{"Prefix": encode(found)} for found in prefixes],
        }
        if delimiter:
            answer["Delimiter"] = encode(delimiter)
        if "EncodingType" in request:
            answer["EncodingType"] = request["EncodingType"]
        if more is not None:
            answer["NextKeyMarker"], answer["NextUploadIdMarker"] = encode(more[0]), more[1]
        return answer

    def _page(
        self, bucket: str, prefix: str, delimiter: str, marker: tuple[str, str], limit: int
    ) -> tuple[list[Upload], list[str], tuple[str, str] | None]:
        """Uploads, common prefixes and the next page's marker, None at the end."""
        page: list[Upload] = []
        prefixes: list[str] = []
        last: tuple[str, str] | None = None
        while True:
            rows = self._uploads.list(bucket, prefix, *marker, limit=limit + 1)
            for upload in rows:
                marker = upload.key, upload.id
                at = upload.key.find(delimiter, len(prefix)) if delimiter else -1
                shared = upload.key[: at + len(delimiter)] if at >= 0 else None
                if shared is not None and prefixes and prefixes[-1] == shared:
                    last = marker
                    continue
                if len(page) + len(prefixes) >= limit:
                    return page, prefixes, last
                last = marker
                if shared is None:
                    page.append(upload)
                else:
                    prefixes.append(shared)
            if len(rows) <= limit:
                return page, prefixes, None


def check_part_number(number: int) -> int:
    """The number, if a part may have it; raises `InvalidArgument`."""
    if not 1 <= number <= MOST_PARTS:
        raise InvalidArgument(
            f"Part number must be an integer between 1 and {MOST_PARTS}, inclusive",
            ArgumentName="partNumber",
            ArgumentValue=number,
        )
    return number


def part_checksums(part: Part) -> dict[str, Any]:
    """The checksums of a part as members."""
    return {f"Checksum{name}": value for name, value in part.checksums.items()}


def _checksum_kind(upload: Upload) -> dict[str, Any]:
    if not upload.explicit:
        return {}
    return {"ChecksumAlgorithm": upload.algorithm, "ChecksumType": upload.checksum_type}


def _part_entry(part: Part, upload: Upload) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "PartNumber": part.number,
        "LastModified": int(part.modified),
        "ETag": f'"{part.etag}"',
        "Size": part.size,
    }
    return entry | part_checksums(part) if upload.explicit else entry


def _completed(part: Mapping[str, Any]) -> CompletedPart:
    if "ETag" not in part or "PartNumber" not in part:
        raise MalformedXML
    checksums = {name: part[f"Checksum{name}"] for name in ALGORITHMS if f"Checksum{name}" in part}
    return CompletedPart(part["PartNumber"], part["ETag"], checksums)


def _check_type(algorithm: str | None, kind: str | None) -> None:
    """Refuses a checksum type that its algorithm cannot have."""
    if kind is None:
        return
    if algorithm is None:
        raise InvalidRequest(
            "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
        )
    impossible = not can_combine(algorithm) if kind == "FULL_OBJECT" else algorithm == "CRC64NVME"
    if impossible:
        raise InvalidRequest(
            f"The {kind} checksum type cannot be used with the {algorithm.lower()} checksum algorithm."
        )


def _check_algorithm(upload: Upload, integrity: Integrity) -> None:
    """Refuses a part whose checksum is another one than its upload was begun with."""
    for algorithm in (*integrity.algorithms, *integrity.expected):
        if upload.explicit and algorithm != upload.algorithm:
            raise InvalidRequest(
                f"Checksum Type mismatch occurred, expected checksum Type: {upload.algorithm.lower()},"
                f" actual checksum Type: {algorithm.lower()}"
            )
