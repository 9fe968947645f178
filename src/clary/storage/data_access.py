"""S3 on behalf of a role: what jobs and services read and write for the user who gave them that role.

The role's own policies and the bucket's policy decide, exactly as for a request that is signed with the role's
credentials. A job never reaches the object store in another way. Services that are given no role, but act with the
rights of whoever called them (Rekognition, Textract), name that caller's ARN in the place of the role's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from clary.core.call import Principal
from clary.core.errors import AccessDenied, ValidationException
from clary.core.policy_conditions import Values
from clary.storage.object_errors import NoSuchBucket
from clary.storage.object_receiving import storage_errors
from clary.storage.object_values import Attributes, Bucket, StoredObject
from clary.storage.objects import NO_ATTRIBUTES, Objects

_PAGE_KEYS = 1000


class DataAccessDenied(AccessDenied):
    """The role may not do that with the bucket or object.

    The details are `role`, `action` ("s3:GetObject") and `resource` (an ARN).
    """

    code = "AccessDenied"


class Decision(Protocol):
    """What policies say of an action."""

    @property
    def allowed(self) -> bool:
        """Whether it may be done."""
        ...

    @property
    def explicit_deny(self) -> bool:
        """Whether a policy forbids it by name."""
        ...


class RolePolicies(Protocol):
    """What this module needs of `Identities`."""

    def principal(self, arn: str, session_name: str) -> Principal:
        """The principal a service acts as: a session of that role, or that user."""
        ...

    def allowed(
        self,
        principal: Principal,
        action: str,
        resource_arn: str,
        conditions: Mapping[str, Values] = ...,
        resource_policy: Mapping[str, Any] | None = ...,
        resource_account: str = ...,
    ) -> Decision:
        """Evaluates identity and resource policies."""
        ...


BucketRules = Callable[[Bucket, str, str], tuple[Mapping[str, Any] | None, Mapping[str, Values]]]
"""Bucket, action and key to the policy that counts for them and the condition keys that S3 adds."""


def stored_policy(bucket: Bucket, action: str, key: str) -> tuple[Mapping[str, Any] | None, Mapping[str, Values]]:
    """The rules of a bucket that has nothing but a policy."""
    return bucket.settings.get("policy"), {}


class DataAccess:
    """Reads and writes objects as a role.

    Threads and processes: any number of both. Every method may block.

    Args:
        session_name: how the role's session is called in messages and policies.
        rules: what of a bucket's settings counts, as for a request that is sent to S3 itself.
    """

    def __init__(
        self,
        objects: Objects,
        identities: RolePolicies,
        session_name: str = "SageMaker",
        rules: BucketRules = stored_policy,
    ) -> None:
        self.objects = objects
        self._identities = identities
        self._session_name = session_name
        self._rules = rules

    def bucket_exists(self, bucket: str) -> bool:
        """Whether there is such a bucket, whoever may use it."""
        return self.objects.bucket(bucket) is not None

    def list(self, role_arn: str, uri: str) -> Iterator[StoredObject]:
        """The objects whose keys begin with the key of `uri`, in the order of their keys; checked at once.

        Raises:
            DataAccessDenied, NoSuchBucket, ValidationException (not an S3 URI).
        """
        bucket, prefix = parse_uri(uri)
        self.require(role_arn, "s3:ListBucket", bucket, conditions={"s3:prefix": prefix})
        return self._pages(bucket, prefix)

    def head(self, role_arn: str, bucket: str, key: str) -> StoredObject:
        """What is known of an object.

        Raises:
            DataAccessDenied, NoSuchBucket, NoSuchKey.
        """
        self.require(role_arn, "s3:GetObject", bucket, key)
        return self.objects.head(bucket, key)

    def open(self, role_arn: str, bucket: str, key: str) -> BinaryIO:
        """An object's bytes as a seekable file, unaffected by later overwrites.

        Raises:
            DataAccessDenied, NoSuchBucket, NoSuchKey.
        """
        self.require(role_arn, "s3:GetObject", bucket, key)
        return self.objects.source(bucket, key).file()

    def download(self, role_arn: str, bucket: str, key: str, path: Path) -> StoredObject:
        """Writes an object to a file of the caller's, making its folder; an existing file is replaced.

        The copy is the caller's own: it shares blocks with the store where the file system can, never the file.

        Raises:
            DataAccessDenied, NoSuchBucket, NoSuchKey, InsufficientStorage.
        """
        self.require(role_arn, "s3:GetObject", bucket, key)
        source = self.objects.source(bucket, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with storage_errors():
            source.save(path, mode=0o644)
        return source.stored

    def upload(self, role_arn: str, uri: str, path: Path, attributes: Attributes = NO_ATTRIBUTES) -> StoredObject:
        """Stores a file under the key of `uri`.

        Raises:
            DataAccessDenied, NoSuchBucket, InsufficientStorage.
        """
        bucket, key = parse_uri(uri)
        self.require(role_arn, "s3:PutObject", bucket, key)
        return self.objects.put_file(bucket, key, path, attributes)

    def upload_bytes(
        self, role_arn: str, uri: str, data: bytes, attributes: Attributes = NO_ATTRIBUTES
    ) -> StoredObject:
        """Stores bytes under the key of `uri`.

        Raises:
            DataAccessDenied, NoSuchBucket, InsufficientStorage.
        """
        bucket, key = parse_uri(uri)
        self.require(role_arn, "s3:PutObject", bucket, key)
        return self.objects.put_bytes(bucket, key, data, attributes)

    def require(
        self,
        role_arn: str,
        action: str,
        bucket: str,
        key: str = "",
        conditions: Mapping[str, Values] | None = None,
    ) -> Bucket:
        """Checks that the role may do `action` on the object, or on the bucket when `key` is "".

        Raises:
            NoSuchBucket: there is none of that name.
            DataAccessDenied: a policy forbids it or none allows it.
        """
        found = self.objects.bucket(bucket)
        if found is None:
            raise NoSuchBucket(BucketName=bucket)
        resource = f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
        principal = self._identities.principal(role_arn, self._session_name)
        policy, added = self._rules(found, action, key)
        context = {**added, **(conditions or {})}
        decision = self._identities.allowed(principal, action, resource, context, policy, found.account)
        if decision.allowed:
            return found
        because = (
            "with an explicit deny in a policy"
            if decision.explicit_deny
            else f"because no identity-based policy allows the {action} action"
        )
        raise DataAccessDenied(
            f'User: {principal.arn} is not authorized to perform: {action} on resource: "{resource}" {because}',
            role=role_arn,
            action=action,
            resource=resource,
        )

    def _pages(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        after: str | None = ""
        while after is not None:
            page = self.objects.list(bucket, prefix, after=after, limit=_PAGE_KEYS)
            yield from page.objects
            after = page.next_after


def parse_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of "s3://bucket/key"; the key may be "".

    Raises:
        ValidationException: it is not an S3 URI.
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme.lower() != "s3" or not bucket:
        raise ValidationException(f"'{uri}' is not an S3 URI: it must look like s3://bucket/key")
    return bucket, key
