"""The condition keys that S3 adds to a request's own: what a policy may demand of a prefix, a version, a header."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.core.errors import ServiceError
from clary.core.policy_conditions import Values
from clary.services.s3.parameters import copy_source, tags_of_header
from clary.storage.objects import Objects

_KEYS: Mapping[str, str] = {
    "Prefix": "s3:prefix",
    "Delimiter": "s3:delimiter",
    "MaxKeys": "s3:max-keys",
    "VersionId": "s3:VersionId",
    "IfMatch": "s3:if-match",
    "IfNoneMatch": "s3:if-none-match",
    "ACL": "s3:x-amz-acl",
    "GrantFullControl": "s3:x-amz-grant-full-control",
    "GrantRead": "s3:x-amz-grant-read",
    "GrantReadACP": "s3:x-amz-grant-read-acp",
    "GrantWrite": "s3:x-amz-grant-write",
    "GrantWriteACP": "s3:x-amz-grant-write-acp",
    "MetadataDirective": "s3:x-amz-metadata-directive",
    "ObjectOwnership": "s3:x-amz-object-ownership",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "SSECustomerAlgorithm": "s3:x-amz-server-side-encryption-customer-algorithm",
    "StorageClass": "s3:x-amz-storage-class",
    "WebsiteRedirectLocation": "s3:x-amz-website-redirect-location",
}

_OF_TAGGED_OBJECTS = frozenset(
    {
        "GetObject",
        "HeadObject",
        "GetObjectAcl",
        "GetObjectAttributes",
        "GetObjectTagging",
        "PutObjectTagging",
        "DeleteObjectTagging",
        "PutObjectAcl",
    }
)
"""Operations for which policies may ask about the tags that the object has already."""


_ACTIONS_ON_TAGGED_OBJECTS = frozenset(
    {
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:GetObjectVersionTagging",
        "s3:PutObjectVersionTagging",
        "s3:DeleteObjectVersionTagging",
    }
)
"""The same, as actions that handlers check by themselves."""


def object_conditions(objects: Objects, operation: str, request: Mapping[str, Any]) -> dict[str, Values]:
    """`s3:ExistingObjectTag/KEY` of the object that a request is about; none where there is no such object."""
    if operation not in _OF_TAGGED_OBJECTS:
        return {}
    return _existing_tags(objects, request["Bucket"], request["Key"], request.get("VersionId"))


def action_conditions(
    objects: Objects, action: str, bucket: str, key: str, version_id: str | None
) -> dict[str, Values]:
    """The same for an action on a key that a handler checks by itself."""
    return _existing_tags(objects, bucket, key, version_id) if action in _ACTIONS_ON_TAGGED_OBJECTS else {}


def _existing_tags(objects: Objects, bucket: str, key: str, version_id: str | None) -> dict[str, Values]:
    try:
        tags = objects.head(bucket, key, version_id).tags
    except ServiceError:
        return {}
    return {f"s3:ExistingObjectTag/{name}": value for name, value in tags.items()}


def request_conditions(request: Mapping[str, Any]) -> dict[str, Values]:
    """The keys of a parsed request; what the client did not send has no key.

    Args:
        request: its parameters, as its handler gets them.
    """
    found: dict[str, Values] = {
        key: str(request[name]) for name, key in _KEYS.items() if isinstance(request.get(name), (str, int))
    }
    if "CopySource" in request:
        found["s3:x-amz-copy-source"] = _named_source(request["CopySource"])
    location = request.get("CreateBucketConfiguration", {}).get("LocationConstraint")
    if location is not None:
        found["s3:LocationConstraint"] = location
    tags = _tags(request)
    if tags:
        found.update({f"s3:RequestObjectTag/{name}": value for name, value in tags.items()})
        found["s3:RequestObjectTagKeys"] = list(tags)
    return found


def _named_source(text: str) -> str:
    """The source of a copy as policies write it: "bucket/key"."""
    try:
        bucket, key, _ = copy_source(text)
    except ServiceError:
        return text  # the handler refuses it
    return f"{bucket}/{key}"


def _tags(request: Mapping[str, Any]) -> Mapping[str, str]:
    """The tags that an object is to get: from a header, or from the body of PutObjectTagging."""
    tagging = request.get("Tagging")
    if isinstance(tagging, str):
        try:
            return tags_of_header(tagging)
        except ServiceError:
            return {}  # the handler refuses them
    if tagging is None or "Key" not in request:
        return {}
    return {tag["Key"]: tag["Value"] for tag in tagging["TagSet"]}
