"""Who owns objects, and what ACLs say: ownership controls, canned ACLs, and the policy that all of it amounts to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.s3.access_rules import ENFORCED, check_acl, ownership_of, public_access_block
from clary.services.s3.errors import (
    InvalidBucketAclWithObjectOwnership,
    MalformedACLError,
    MalformedXML,
    NotImplementedByS3,
    OwnershipControlsNotFoundError,
)
from clary.services.s3.parameters import GRANTS, canonical_id, find_bucket
from clary.services.s3.policy_rules import is_public, statements
from clary.storage.object_errors import NoSuchKey, NoSuchVersion
from clary.storage.object_values import Bucket, StoredObject
from clary.storage.objects import Objects

_GROUPS = "http://acs.amazonaws.com/groups/global/"
_EVERYBODY, _AUTHENTICATED = f"{_GROUPS}AllUsers", f"{_GROUPS}AuthenticatedUsers"
_GROUP_GRANTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "public-read": ((_EVERYBODY, "READ"),),
    "public-read-write": ((_EVERYBODY, "READ"), (_EVERYBODY, "WRITE")),
    "authenticated-read": ((_AUTHENTICATED, "READ"),),
}
_ACTIONS = {
    "READ": ("s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"),
    "WRITE": ("s3:PutObject", "s3:DeleteObject"),
}


class OwnershipControls:
    """The ownership rule of a bucket."""

    api = "s3"

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    @operation("PutBucketOwnershipControls", resource="{Bucket}")
    def put(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Sets the rule; a bucket with an ACL for others cannot become its owner's alone."""
        bucket = find_bucket(self._objects, request)
        controls = request["OwnershipControls"]
        if len(controls["Rules"]) != 1:
            raise MalformedXML
        if controls["Rules"][0]["ObjectOwnership"] == ENFORCED and bucket.settings.get("acl", "private") != "private":
            raise InvalidBucketAclWithObjectOwnership
        self._objects.set_bucket(bucket.name, "ownership", controls)
        return {}

    @operation("GetBucketOwnershipControls", resource="{Bucket}")
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The rule."""
        bucket = find_bucket(self._objects, request)
        if bucket.settings.get("ownership") == {}:
            raise OwnershipControlsNotFoundError(BucketName=bucket.name)
        return {"OwnershipControls": {"Rules": [{"ObjectOwnership": ownership_of(bucket)}]}}

    @operation("DeleteBucketOwnershipControls", action="PutBucketOwnershipControls", resource="{Bucket}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes the rule."""
        self._objects.set_bucket(find_bucket(self._objects, request).name, "ownership", {})
        return {"__status__": 204}


class AccessControlLists:
    """The ACLs of buckets and objects: canned ones, where the ownership rule lets ACLs count at all."""

    api = "s3"

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    @operation("GetBucketAcl", resource="{Bucket}")
    def get_bucket(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Who may do what with a bucket."""
        bucket = find_bucket(self._objects, request)
        return _acl(bucket.account, bucket.settings.get("acl", "private"), bucket.account)

    @operation("PutBucketAcl", resource="{Bucket}")
    def put_bucket(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Gives a bucket a canned ACL."""
        bucket = find_bucket(self._objects, request)
        acl = _wanted(bucket, request, bucket.account)
        self._objects.set_bucket(bucket.name, "acl", None if acl == "private" else acl)
        return {}

    @operation("GetObjectAcl", resource="{Bucket}/{Key}")
    def get_object(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Who may do what with an object."""
        bucket = find_bucket(self._objects, request)
        stored = self._objects.head(bucket.name, request["Key"], request.get("VersionId"))
        if ownership_of(bucket) == ENFORCED:
            return _acl(bucket.account, "private", bucket.account)
        return _acl(stored.owner or bucket.account, stored.acl or "private", bucket.account)

    @operation("PutObjectAcl", resource="{Bucket}/{Key}")
    def put_object(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Gives an object a canned ACL."""
        bucket = find_bucket(self._objects, request)
        stored = self._objects.head(bucket.name, request["Key"], request.get("VersionId"))
        acl = _wanted(bucket, request, stored.owner or bucket.account)
        self._objects.set_acl(bucket.name, stored.key, "" if acl == "private" else acl, request.get("VersionId"))
        return {}


def effective_policy(bucket: Bucket, stored: StoredObject | None = None) -> dict[str, Any] | None:
    """The policy of a bucket as authorisation is to see it.

    `RestrictPublicBuckets` takes strangers out of a public policy; ACLs, where they count, are added as statements.
    For the usual bucket the answer is the stored policy itself, so that its parsed form can be kept.

    Args:
        stored: the object that is asked for; without it only the bucket's ACL is added.
    """
    policy: dict[str, Any] | None = bucket.settings.get("policy")
    if policy is not None and public_access_block(bucket)["RestrictPublicBuckets"] and is_public(policy):
        policy = {**policy, "Statement": [_for_account(one, bucket.account) for one in statements(policy)]}
    if not _acls_count(bucket):
        return policy
    granted = _bucket_statements(bucket)
    if stored is not None:
        actions = ["s3:GetObject", "s3:GetObjectVersion"]
        readers = _GROUP_GRANTS.get(stored.acl, ())[:1]
        granted += [_granted(group, actions, f"{bucket.arn}/{stored.key}") for group, _ in readers]
    if not granted:
        return policy
    return {"Version": "2012-10-17", "Statement": [*statements(policy or {}), *granted]}


def request_policy(objects: Objects, bucket: Bucket, request: Mapping[str, Any]) -> dict[str, Any] | None:
    """`effective_policy` for a request with its `Key` and `VersionId`; the object is looked up where its ACL counts."""
    key = request.get("Key")
    if not isinstance(key, str) or not _acls_count(bucket):
        return effective_policy(bucket)
    try:
        return effective_policy(bucket, objects.head(bucket.name, key, request.get("VersionId")))
    except (NoSuchKey, NoSuchVersion):
        return effective_policy(bucket)


def _acls_count(bucket: Bucket) -> bool:
    return ownership_of(bucket) != ENFORCED and not public_access_block(bucket)["IgnorePublicAcls"]


def _for_account(statement: Mapping[str, Any], account: str) -> Mapping[str, Any]:
    """A statement that allows nothing to anybody but services and the account; refusals stay as they are."""
    principal = statement.get("Principal")
    if statement.get("Effect") != "Allow" or (isinstance(principal, Mapping) and set(principal) == {"Service"}):
        return statement
    condition = {operator: dict(block) for operator, block in (statement.get("Condition") or {}).items()}
    # In a block that policies hardly use, because a block cannot name a key twice.
    condition.setdefault("ForAnyValue:StringEquals", {})["aws:PrincipalAccount"] = account
    return {**statement, "Condition": condition}


def _bucket_statements(bucket: Bucket) -> list[dict[str, Any]]:
    found = []
    for group, permission in _GROUP_GRANTS.get(bucket.settings.get("acl", ""), ()):
        resource = bucket.arn if permission == "READ" else f"{bucket.arn}/*"
        found.append(_granted(group, list(_ACTIONS[permission]), resource))
    return found


def _granted(group: str, actions: list[str], resource: str) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": "*", "Action": actions, "Resource": resource}
    if group == _AUTHENTICATED:
        statement["Condition"] = {"Null": {"aws:PrincipalAccount": "false"}}
    return statement


def _wanted(bucket: Bucket, request: Mapping[str, Any], owner: str) -> str:
    """The canned ACL that a request asks for.

    Raises:
        AccessControlListNotSupported: ACLs do not count in this bucket.
        AccessDenied: it is public, and the bucket blocks public ACLs.
        NotImplementedByS3: it grants to single users.
    """
    acl = request.get("ACL")
    if acl is None:
        acl = _canned(request, owner)
    check_acl(bucket, str(acl))
    return str(acl)


def _canned(request: Mapping[str, Any], owner: str) -> str:
    """The canned ACL that amounts to the grants of a request."""
    if any(name in request for name in GRANTS):
        raise NotImplementedByS3(Header="x-amz-grant-*")
    if "AccessControlPolicy" not in request:
        raise MalformedACLError
    groups = []
    for grant in request["AccessControlPolicy"].get("Grants", ()):
        grantee = grant.get("Grantee", {})
        if grantee.get("Type") == "Group":
            groups.append((grantee.get("URI", ""), grant.get("Permission", "")))
        elif (grantee.get("ID"), grant.get("Permission")) != (canonical_id(owner), "FULL_CONTROL"):
            raise NotImplementedByS3("Clary has no ACL grants to single users yet", Header="AccessControlPolicy")
    if not groups:
        return "private"
    for acl, grants in _GROUP_GRANTS.items():
        if sorted(groups) == sorted(grants):
            return acl
    raise NotImplementedByS3("Clary has only the ACL grants of canned ACLs yet", Header="AccessControlPolicy")


def _acl(owner: str, acl: str, bucket_owner: str) -> dict[str, Any]:
    grants = [(_user(owner), "FULL_CONTROL")]
    grants += [({"Type": "Group", "URI": group}, permission) for group, permission in _GROUP_GRANTS.get(acl, ())]
    if owner != bucket_owner and acl.startswith("bucket-owner-"):
        grants.append((_user(bucket_owner), "READ" if acl == "bucket-owner-read" else "FULL_CONTROL"))
    return {
        "Owner": {"ID": canonical_id(owner)},
        "Grants": [{"Grantee": grantee, "Permission": permission} for grantee, permission in grants],
    }


def _user(account: str) -> dict[str, Any]:
    return {"Type": "CanonicalUser", "ID": canonical_id(account)}
