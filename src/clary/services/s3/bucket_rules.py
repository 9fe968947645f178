"""What protects a bucket from those who reach it through another service: the same as at S3's own door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.core.policy_conditions import Values
from clary.services.s3.access import effective_policy
from clary.services.s3.request_conditions import action_conditions
from clary.storage.data_access import BucketRules
from clary.storage.object_values import Bucket
from clary.storage.objects import Objects


def bucket_rules(objects: Objects) -> BucketRules:
    """The rules of all buckets: public access block, ACLs of the bucket, and the tags that an object has already."""

    def rules(bucket: Bucket, action: str, key: str) -> tuple[Mapping[str, Any] | None, Mapping[str, Values]]:
        conditions = action_conditions(objects, action, bucket.name, key, None) if key else {}
        return effective_policy(bucket), conditions

    return rules
