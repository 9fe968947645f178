"""What the object operations have in common: reading a writer's parameters, describing a stored object."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from email.utils import formatdate, parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from clary.core.call import Call
from clary.core.errors import AccessDenied
from clary.services.s3.access_rules import check_acl
from clary.services.s3.errors import (
    BadRequest,
    InvalidArgument,
    InvalidDigest,
    InvalidTag,
    KeyTooLongError,
    MetadataTooLarge,
    NotImplementedByS3,
)
from clary.storage.checksums import ALGORITHMS, is_checksum
from clary.storage.object_errors import InvalidRequest, NoSuchBucket
from clary.storage.object_values import Attributes, Bucket, Integrity, StoredObject
from clary.storage.objects import Objects

DEFAULT_CONTENT_TYPE = "binary/octet-stream"
_LONGEST_KEY_BYTES = 1024
_MOST_METADATA_BYTES = 2048
_MOST_TAGS = 10
_TAG_CHARACTERS = re.compile(r"[\w\s+\-=.:/@]*")
_HEADERS = {
    "CacheControl": "Cache-Control",
    "ContentDisposition": "Content-Disposition",
    "ContentEncoding": "Content-Encoding",
    "ContentLanguage": "Content-Language",
    "ContentType": "Content-Type",
    "WebsiteRedirectLocation": "x-amz-website-redirect-location",
}
_LOCK_PARAMETERS = ("ObjectLockMode", "ObjectLockRetainUntilDate", "ObjectLockLegalHoldStatus")
GRANTS = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWriteACP", "GrantWrite")


def canonical_id(account: str) -> str:
    """The 64 hexadecimal digits under which S3 knows an account."""
    return hashlib.sha256(f"canonical user of account {account}".encode()).hexdigest()


def find_bucket(objects: Objects, request: Mapping[str, Any]) -> Bucket:
    """The bucket a request names.

    Raises:
        NoSuchBucket: there is none.
        AccessDenied: it does not belong to the expected owner.
    """
    name = request["Bucket"]
    bucket = objects.bucket(name)
    if bucket is None:
        raise NoSuchBucket(BucketName=name)
    check_owner(bucket, request.get("ExpectedBucketOwner"))
    return bucket


def check_owner(bucket: Bucket, expected: str | None) -> None:
    """Refuses a bucket that belongs to somebody else than the client expects."""
    if expected is not None and expected != bucket.account:
        raise AccessDenied("Access Denied")


def check_key(key: str) -> str:
    """The key, if it is one.

    Raises:
        KeyTooLongError: it has more than 1,024 bytes.
        InvalidArgument: it is not UTF-8.
    """
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise InvalidArgument("The key is not valid UTF-8", ArgumentName="key") from None
    if size > _LONGEST_KEY_BYTES:
        raise KeyTooLongError(Size=size, MaxSizeAllowed=_LONGEST_KEY_BYTES)
    return key


def attributes_of(call: Call, request: Mapping[str, Any], bucket: Bucket) -> Attributes:
    """What the writer of an object says beside its bytes."""
    refuse_unsupported(request)
    return Attributes(
        headers=headers_of(request),
        metadata=metadata_of(request),
        tags=tags_of_header(request.get("Tagging")),
        storage_class=request.get("StorageClass", "STANDARD"),
        encryption=encryption_of(request, bucket),
        owner=call.account,
        acl=acl_of(request, bucket),
    )


def refuse_unsupported(request: Mapping[str, Any]) -> None:
    """Refuses what would be promised and not kept: keys of the client's own, object locks.

    Raises:
        NotImplementedByS3, InvalidRequest.
    """
    if "SSECustomerAlgorithm" in request or "SSECustomerKey" in request:
        raise NotImplementedByS3(Header="x-amz-server-side-encryption-customer-algorithm")
    if any(name in request for name in _LOCK_PARAMETERS):
        raise InvalidRequest("Bucket is missing Object Lock Configuration")
    if request.get("WriteOffsetBytes"):
        raise NotImplementedByS3(Header="x-amz-write-offset-bytes")


def headers_of(request: Mapping[str, Any]) -> dict[str, str]:
    """The HTTP headers that readers are to be given."""
    headers = {header: request[name] for name, header in _HEADERS.items() if name in request}
    # the client's own framing is not part of the object
    encoding = [part.strip() for part in headers.get("Content-Encoding", "").split(",")]
    kept = ",".join(part for part in encoding if part and part != "aws-chunked")
    headers["Content-Encoding"] = kept
    if (expires := request.get("Expires")) is not None:
        headers["Expires"] = expires if isinstance(expires, str) else formatdate(expires.timestamp(), usegmt=True)
    return {name: value for name, value in headers.items() if value}


def metadata_of(request: Mapping[str, Any]) -> dict[str, str]:
    """User metadata.

    Raises:
        MetadataTooLarge: names and values together have more than 2 KB.
    """
    metadata = {name.lower(): value for name, value in request.get("Metadata", {}).items()}
    size = sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items())
    if size > _MOST_METADATA_BYTES:
        raise MetadataTooLarge(Size=size, MaxSizeAllowed=_MOST_METADATA_BYTES)
    return metadata


def tags_of_header(text: str | None) -> dict[str, str]:
    """The tags of `x-amz-tagging`: a URL query."""
    if not text:
        return {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        pairs = []
    if not pairs or len(dict(pairs)) != len(pairs):
        raise InvalidArgument(
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name"
            " duplicates.",
            ArgumentName="x-amz-tagging",
            ArgumentValue=text,
        )
    return check_tags(pairs)


def check_tags(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Tags of an object as a dictionary.

    Raises:
        BadRequest: more than ten.
        InvalidTag: a name twice, or something too long or with a forbidden character.
    """
    if len(pairs) > _MOST_TAGS:
        raise BadRequest("Object tags cannot be greater than 10")
    tags = dict(pairs)
    if len(tags) != len(pairs):
        raise InvalidTag("Cannot provide multiple Tags with the same key")
    for key, value in pairs:
        if not 1 <= len(key) <= 128 or not _TAG_CHARACTERS.fullmatch(key) or key.startswith("aws:"):
            raise InvalidTag("The TagKey you have provided is invalid", TagKey=key)
        if len(value) > 256 or not _TAG_CHARACTERS.fullmatch(value):
            raise InvalidTag("The TagValue you have provided is invalid", TagKey=key, TagValue=value)
    return tags


def encryption_of(request: Mapping[str, Any], bucket: Bucket) -> dict[str, Any]:
    """What the writer, else the bucket's default, says of encryption; AES256, the default of all, is left out."""
    chosen = {
        name: request[name] for name in ("ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled") if name in request
    }
    if "ServerSideEncryption" not in chosen:
        for rule in (bucket.settings.get("encryption") or {}).get("Rules", []):
            default = rule.get("ApplyServerSideEncryptionByDefault", {})
            chosen["ServerSideEncryption"] = default.get("SSEAlgorithm", "AES256")
            if "KMSMasterKeyID" in default:
                chosen.setdefault("SSEKMSKeyId", default["KMSMasterKeyID"])
            if rule.get("BucketKeyEnabled"):
                chosen["BucketKeyEnabled"] = True
    return {} if chosen.get("ServerSideEncryption", "AES256") == "AES256" else chosen


def acl_of(request: Mapping[str, Any], bucket: Bucket) -> str:
    """The canned ACL of an object, "" for the default one.

    Raises:
        AccessControlListNotSupported: the bucket's owner owns every object.
        AccessDenied: it is public, and the bucket blocks public ACLs.
        NotImplementedByS3: it grants to single users.
    """
    if any(name in request for name in GRANTS):
        check_acl(bucket, "grants")
        raise NotImplementedByS3(Header="x-amz-grant-*")
    acl = str(request.get("ACL", "private"))
    check_acl(bucket, acl)
    return "" if acl == "private" else acl


def integrity_of(request: Mapping[str, Any]) -> Integrity:
    """How the writer wants the bytes checked.

    Raises:
        InvalidDigest, InvalidRequest: a digest that is none, or several checksums.
    """
    expected = expected_checksums(request)
    algorithm = request.get("ChecksumAlgorithm")
    return Integrity((algorithm,) if algorithm else (), expected, _content_md5(request))


def expected_checksums(request: Mapping[str, Any]) -> dict[str, str]:
    """The checksum a client sends along, by algorithm."""
    expected = {name: request[f"Checksum{name}"] for name in ALGORITHMS if f"Checksum{name}" in request}
    if len(expected) > 1:
        raise InvalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
    for name, value in expected.items():
        if not is_checksum(name, value.partition("-")[0]):
            raise InvalidRequest(f"Value for x-amz-checksum-{name.lower()} header is invalid.")
    return expected


def _content_md5(request: Mapping[str, Any]) -> bytes | None:
    text = request.get("ContentMD5")
    if text is None:
        return None
    try:
        digest = base64.b64decode(text, validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != 16:
        raise InvalidDigest(**{"Content-MD5": text})
    return digest


def described(stored: StoredObject, bucket: Bucket) -> dict[str, Any]:
    """The members that answers about an object share: ETag, encryption, version."""
    members: dict[str, Any] = {"ETag": f'"{stored.etag}"', **encryption_members(stored.encryption)}
    if bucket.versioning:
        members["VersionId"] = stored.version_id
    return members


def encryption_members(encryption: Mapping[str, Any]) -> dict[str, Any]:
    """The encryption members of an answer."""
    return {"ServerSideEncryption": "AES256", **encryption}


def checksum_members(stored: StoredObject) -> dict[str, Any]:
    """The checksums of an object and how they were made."""
    if not stored.checksums:
        return {}
    members = {f"Checksum{name}": value for name, value in stored.checksums.items()}
    return {**members, "ChecksumType": stored.checksum_type}


def header_members(stored: StoredObject) -> dict[str, Any]:
    """The HTTP headers of an object as members."""
    members: dict[str, Any] = {"ContentType": DEFAULT_CONTENT_TYPE}
    for name, header in _HEADERS.items():
        if header in stored.headers:
            members[name] = stored.headers[header]
    if (expires := stored.headers.get("Expires")) is not None:
        try:
            members["Expires"] = parsedate_to_datetime(expires)
        except ValueError:
            members["__headers__"] = [("Expires", expires)]
    return members


def readable_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """User metadata for a header: what is not ASCII is encoded as RFC 2047 says, as AWS does."""
    return {name: value if value.isascii() else _rfc2047(value) for name, value in metadata.items()}


def _rfc2047(value: str) -> str:
    return f"=?UTF-8?B?{base64.b64encode(value.encode()).decode()}?="


def url_encoded(text: str) -> str:
    """A key as listings write it with `encoding-type=url`."""
    return quote(text, safe="/")


def copy_source(text: str) -> tuple[str, str, str | None]:
    """Bucket, key and version of `x-amz-copy-source`.

    Raises:
        InvalidArgument: it names no object.
    """
    path, _, query = text.partition("?")
    version = None
    if query.startswith("versionId="):
        version = unquote(query.removeprefix("versionId="))
    elif query:
        path = text  # a question mark that a client did not encode belongs to the key
    bucket, _, key = unquote(path).removeprefix("/").partition("/")
    if not bucket or not key:
        raise InvalidArgument(
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
            ArgumentName="x-amz-copy-source",
            ArgumentValue=text,
        )
    return bucket, key, version
