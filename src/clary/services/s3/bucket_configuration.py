"""Puts together the resources that configure a bucket."""

from __future__ import annotations

from clary.services.s3.access import AccessControlLists, OwnershipControls
from clary.services.s3.bucket_features import BucketFeatures
from clary.services.s3.bucket_tagging import BucketTagging
from clary.services.s3.cors import BucketCors
from clary.services.s3.encryption import BucketEncryption
from clary.services.s3.policy import BucketPolicies
from clary.services.s3.public_access import PublicAccessBlocks
from clary.services.s3.website import BucketWebsite
from clary.storage.objects import Objects


def bucket_configuration(objects: Objects) -> list[object]:
    """The resource classes of a bucket's settings."""
    return [
        BucketPolicies(objects),
        PublicAccessBlocks(objects),
        OwnershipControls(objects),
        AccessControlLists(objects),
        BucketCors(objects),
        BucketTagging(objects),
        BucketWebsite(objects),
        BucketEncryption(objects),
        BucketFeatures(objects),
    ]
