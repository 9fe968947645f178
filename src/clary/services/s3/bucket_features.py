"""Features of a bucket that Clary keeps or that nobody has switched on: notifications, payment, logging, speed."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.s3.errors import (
    InvalidArgument,
    NoSuchLifecycleConfiguration,
    ObjectLockConfigurationNotFoundError,
    ReplicationConfigurationNotFoundError,
)
from clary.services.s3.parameters import find_bucket
from clary.storage.objects import Objects

_TARGETS = {
    "TopicConfigurations": ("TopicArn", "sns"),
    "QueueConfigurations": ("QueueArn", "sqs"),
    "LambdaFunctionConfigurations": ("LambdaFunctionArn", "lambda"),
}


class BucketFeatures:
    """What an untouched bucket answers, and the notification configuration, which is kept and told again."""

    api = "s3"

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    @operation("GetBucketRequestPayment", resource="{Bucket}")
    def request_payment(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Who pays: always the owner, for there is nothing to pay."""
        find_bucket(self._objects, request)
        return {"Payer": "BucketOwner"}

    @operation("GetBucketLogging", resource="{Bucket}")
    def logging(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Access logging is off: it cannot be switched on."""
        find_bucket(self._objects, request)
        return {}

    @operation("GetBucketAccelerateConfiguration", action="GetAccelerateConfiguration", resource="{Bucket}")
    def accelerate(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Transfer acceleration was never switched on: it cannot be."""
        find_bucket(self._objects, request)
        return {}

    @operation("GetBucketLifecycleConfiguration", action="GetLifecycleConfiguration", resource="{Bucket}")
    def lifecycle(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """No object expires by itself: there are no lifecycle rules."""
        raise NoSuchLifecycleConfiguration(BucketName=find_bucket(self._objects, request).name)

    @operation("GetBucketReplication", action="GetReplicationConfiguration", resource="{Bucket}")
    def replication(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Nothing is replicated."""
        raise ReplicationConfigurationNotFoundError(BucketName=find_bucket(self._objects, request).name)

    @operation("GetObjectLockConfiguration", action="GetBucketObjectLockConfiguration", resource="{Bucket}")
    def object_lock(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Objects are never locked."""
        raise ObjectLockConfigurationNotFoundError(BucketName=find_bucket(self._objects, request).name)

    @operation("GetBucketNotificationConfiguration", action="GetBucketNotification", resource="{Bucket}")
    def notification(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The notification configuration as it was put."""
        return dict(find_bucket(self._objects, request).settings.get("notification", {}))

    @operation("PutBucketNotificationConfiguration", action="PutBucketNotification", resource="{Bucket}")
    def put_notification(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Keeps the notification configuration."""
        bucket = find_bucket(self._objects, request)
        configuration = request["NotificationConfiguration"]
        seen: set[str] = set()
        for kind, (member, service) in _TARGETS.items():
            for number, entry in enumerate(configuration.get(kind, ()), 1):
                if not str(entry[member]).startswith(f"arn:aws:{service}:"):
                    raise InvalidArgument(
                        "The ARN could not be parsed", ArgumentName=member, ArgumentValue=str(entry[member])
                    )
                entry.setdefault("Id", f"{kind}-{number}")
                if entry["Id"] in seen:
                    raise InvalidArgument(
                        "Same ID used for multiple configurations. IDs must be unique",
                        ArgumentName="Id",
                        ArgumentValue=entry["Id"],
                    )
                seen.add(entry["Id"])
        self._objects.set_bucket(bucket.name, "notification", configuration or None)
        return {}
