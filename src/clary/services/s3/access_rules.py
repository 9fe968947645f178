"""The rules of a bucket that decide who may be let in at all: public access block, object ownership, public ACLs."""

from __future__ import annotations

from clary.core.errors import AccessDenied
from clary.services.s3.errors import AccessControlListNotSupported
from clary.storage.object_values import Bucket

SWITCHES = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
BLOCK_SETTING = "public-access-block"
ENFORCED = "BucketOwnerEnforced"
PUBLIC_ACLS = frozenset(("public-read", "public-read-write", "authenticated-read"))
_ACLS_OF_ENFORCED = ("private", "bucket-owner-full-control")


def public_access_block(bucket: Bucket) -> dict[str, bool]:
    """The switches of a bucket as they count.

    A bucket that nobody configured has all on, as every bucket that AWS makes; a mirror, which exists to be read by
    everybody, has them off.
    """
    stored = bucket.settings.get(BLOCK_SETTING)
    if stored is None:
        return dict.fromkeys(SWITCHES, "mirror" not in bucket.settings)
    return {switch: bool(stored.get(switch, False)) for switch in SWITCHES}


def ownership_of(bucket: Bucket) -> str:
    """The ownership rule that counts: the bucket's owner owns everything unless somebody chose otherwise."""
    rules = (bucket.settings.get("ownership") or {}).get("Rules", ())
    return str(rules[0]["ObjectOwnership"]) if rules else ENFORCED


def check_acl(bucket: Bucket, acl: str) -> None:
    """Lets a canned ACL for the bucket or an object in it pass.

    Raises:
        AccessControlListNotSupported: ACLs do not count in this bucket.
        AccessDenied: it is public, and the bucket blocks public ACLs.
    """
    if ownership_of(bucket) == ENFORCED and acl not in _ACLS_OF_ENFORCED:
        raise AccessControlListNotSupported
    if acl in PUBLIC_ACLS and public_access_block(bucket)["BlockPublicAcls"]:
        raise AccessDenied("Access Denied")
