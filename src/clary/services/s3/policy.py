"""Bucket policies: PutBucketPolicy, GetBucketPolicy, GetBucketPolicyStatus, DeleteBucketPolicy."""

from __future__ import annotations

import json
from typing import Any

from clary.core.call import Call
from clary.core.errors import AccessDenied
from clary.core.operations import operation
from clary.core.policy_documents import MalformedPolicy as MalformedDocument
from clary.core.policy_documents import PolicyKind, parse
from clary.services.s3.access_rules import public_access_block
from clary.services.s3.errors import MalformedPolicy, NoSuchBucketPolicy
from clary.services.s3.parameters import find_bucket
from clary.services.s3.policy_rules import LARGEST_POLICY_BYTES, is_public, resource_problem
from clary.storage.objects import Objects


class BucketPolicies:
    """The policy of a bucket, kept as it was written."""

    api = "s3"

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    @operation("PutBucketPolicy", resource="{Bucket}")
    def put(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Replaces the policy; one that would open a bucket which blocks public policies is refused."""
        bucket = find_bucket(self._objects, request)
        text = request["Policy"]
        if len(text.encode()) > LARGEST_POLICY_BYTES:
            raise MalformedPolicy("Normalized policy document exceeds the maximum allowed size")
        try:
            parse(text, PolicyKind.RESOURCE)
        except MalformedDocument as error:
            raise MalformedPolicy(str(error)) from error
        policy = json.loads(text)
        if (problem := resource_problem(policy, bucket.name)) is not None:
            raise MalformedPolicy(problem)
        if is_public(policy) and public_access_block(bucket)["BlockPublicPolicy"]:
            raise AccessDenied(
                f"User: {call.principal.arn} is not authorized to perform: s3:PutBucketPolicy on resource: "
                f'"{bucket.arn}" because public policies are prevented by the BlockPublicPolicy setting in S3 Block '
                "Public Access."
            )
        self._objects.set_bucket(bucket.name, "policy", policy)
        return {"__status__": 204}

    @operation("GetBucketPolicy", resource="{Bucket}")
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The policy as JSON."""
        return {"Policy": json.dumps(self._stored(request), separators=(",", ":"), ensure_ascii=False)}

    @operation("GetBucketPolicyStatus", resource="{Bucket}")
    def status(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Whether the policy is public."""
        return {"PolicyStatus": {"IsPublic": is_public(self._stored(request))}}

    @operation("DeleteBucketPolicy", resource="{Bucket}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes the policy; it is no error where there is none."""
        self._objects.set_bucket(find_bucket(self._objects, request).name, "policy", None)
        return {"__status__": 204}

    def _stored(self, request: dict[str, Any]) -> dict[str, Any]:
        bucket = find_bucket(self._objects, request)
        policy: dict[str, Any] | None = bucket.settings.get("policy")
        if policy is None:
            raise NoSuchBucketPolicy(BucketName=bucket.name)
        return policy
