"""Buckets as S3's clients create, find and delete them."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.core.pages import InvalidToken, decode_token, encode_token
from clary.services.s3.access_rules import ENFORCED
from clary.services.s3.errors import (
    IllegalLocationConstraintException,
    InvalidArgument,
    InvalidBucketAclWithBlockPublicAccessError,
    InvalidBucketAclWithObjectOwnership,
    InvalidBucketName,
    InvalidLocationConstraint,
    NotImplementedByS3,
)
from clary.services.s3.parameters import GRANTS, canonical_id, find_bucket
from clary.storage.object_errors import BucketAlreadyOwnedByYou
from clary.storage.objects import Objects

FIRST_REGION = "us-east-1"
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d", re.ASCII)
_RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_MOST_BUCKETS_PER_PAGE = 10_000


class Buckets:
    """Operations on buckets as a whole."""

    api = "s3"

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    @operation("CreateBucket", resource="{Bucket}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes a bucket in the region of the location constraint, else of the call."""
        name = request["Bucket"]
        if not is_bucket_name(name):
            raise InvalidBucketName(BucketName=name)
        if request.get("ObjectLockEnabledForBucket"):
            raise NotImplementedByS3(Header="x-amz-bucket-object-lock-enabled")
        configuration = request.get("CreateBucketConfiguration", {})
        region = _region(call, configuration.get("LocationConstraint"))
        _check_acl(request)
        settings: dict[str, Any] = {
            "ownership": {"Rules": [{"ObjectOwnership": request.get("ObjectOwnership", ENFORCED)}]}
        }
        if tags := configuration.get("Tags"):
            settings["tagging"] = {"TagSet": tags}
        try:
            self._objects.create_bucket(name, call.account, region, settings)
        except BucketAlreadyOwnedByYou:
            if call.region != FIRST_REGION:  # there alone, making one's bucket again is no error
                raise
        location = f"/{name}" if region == FIRST_REGION else f"{call.endpoint}/{name}/"
        return {"Location": location, "BucketArn": f"arn:aws:s3:::{name}"}

    @operation("HeadBucket", action="ListBucket", resource="{Bucket}")
    def head(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Tells that a bucket is there, and its region."""
        bucket = find_bucket(self._objects, request)
        return {"BucketRegion": bucket.region, "BucketArn": bucket.arn, "AccessPointAlias": False}

    @operation("ListBuckets", action="ListAllMyBuckets")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The account's buckets by name."""
        prefix = request.get("Prefix", "")
        limit = request.get("MaxBuckets", _MOST_BUCKETS_PER_PAGE)
        region = request.get("BucketRegion")
        after = _after(request.get("ContinuationToken"))
        found = [
            bucket
            for bucket in self._objects.list_buckets(call.account)
            if bucket.name.startswith(prefix) and bucket.name > after and region in (None, bucket.region)
        ]
        page = found[:limit]
        answer: dict[str, Any] = {
            "Buckets": [
                {
                    "Name": bucket.name,
                    "CreationDate": int(bucket.created),
                    "BucketRegion": bucket.region,
                    "BucketArn": bucket.arn,
                }
                for bucket in page
            ],
            "Owner": {"ID": canonical_id(call.account)},
        }
        if prefix:
            answer["Prefix"] = prefix
        if len(found) > limit and page:
            answer["ContinuationToken"] = encode_token("buckets", page[-1].name)
        return answer

    @operation("DeleteBucket", resource="{Bucket}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes an empty bucket."""
        find_bucket(self._objects, request)
        self._objects.delete_bucket(request["Bucket"])
        return {}

    @operation("GetBucketLocation", resource="{Bucket}")
    def location(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The bucket's region; nothing for the first one, as ever."""
        bucket = find_bucket(self._objects, request)
        return {} if bucket.region == FIRST_REGION else {"LocationConstraint": bucket.region}


def _check_acl(request: dict[str, Any]) -> None:
    """Refuses ACLs for others: a new bucket belongs to its owner alone, or at least blocks public ACLs."""
    if any(name in request for name in GRANTS):
        raise NotImplementedByS3(Header="x-amz-grant-*")
    if request.get("ACL", "private") == "private":
        return
    if request.get("ObjectOwnership", ENFORCED) == ENFORCED:
        raise InvalidBucketAclWithObjectOwnership
    raise InvalidBucketAclWithBlockPublicAccessError


def is_bucket_name(name: str) -> bool:
    """Whether S3 accepts the name for a new bucket."""
    if not _NAME.fullmatch(name) or ".." in name or ".-" in name or "-." in name:
        return False
    if name.startswith(_RESERVED_PREFIXES) or name.endswith(_RESERVED_SUFFIXES):
        return False
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return True
    return False


def _region(call: Call, constraint: str | None) -> str:
    if constraint == "EU":
        constraint = "eu-west-1"
    if constraint is None:
        if call.region != FIRST_REGION:
            raise IllegalLocationConstraintException(
                "The unspecified location constraint is incompatible for the region specific endpoint this request was"
                " sent to."
            )
        return FIRST_REGION
    if constraint == FIRST_REGION or not _REGION.fullmatch(constraint):
        raise InvalidLocationConstraint(LocationConstraint=constraint)
    if call.region not in (FIRST_REGION, constraint):
        raise IllegalLocationConstraintException(
            f"The {constraint} location constraint is incompatible for the region specific endpoint this request was"
            " sent to."
        )
    return constraint


def _after(token: str | None) -> str:
    if token is None:
        return ""
    try:
        kind, name = decode_token(token, 2)
    except InvalidToken:
        kind, name = "", ""
    if kind != "buckets":
        raise InvalidArgument("The continuation token provided is incorrect", ArgumentName="continuation-token")
    return str(name)
