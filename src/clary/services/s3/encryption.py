"""The default encryption of a bucket: what its objects are said to be encrypted with."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.s3.errors import InvalidArgument, MalformedXML
from clary.services.s3.parameters import find_bucket
from clary.storage.objects import Objects

_DEFAULT = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]}
_ALGORITHMS = ("AES256", "aws:kms", "aws:kms:dsse")


class BucketEncryption:
    """The default encryption of a bucket."""

    api = "s3"

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    @operation("PutBucketEncryption", action="PutEncryptionConfiguration", resource="{Bucket}")
    def put(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Sets the default."""
        bucket = find_bucket(self._objects, request)
        configuration = request["ServerSideEncryptionConfiguration"]
        if len(configuration["Rules"]) != 1:
            raise MalformedXML
        default = configuration["Rules"][0].get("ApplyServerSideEncryptionByDefault", {"SSEAlgorithm": "AES256"})
        if default["SSEAlgorithm"] not in _ALGORITHMS:
            raise MalformedXML
        if default["SSEAlgorithm"] == "AES256" and "KMSMasterKeyID" in default:
            raise InvalidArgument(
                "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
                ArgumentName="ApplyServerSideEncryptionByDefault",
            )
        self._objects.set_bucket(bucket.name, "encryption", configuration)
        return {}

    @operation("GetBucketEncryption", action="GetEncryptionConfiguration", resource="{Bucket}")
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The default; AES256 where nobody chose another, as on AWS."""
        bucket = find_bucket(self._objects, request)
        return {"ServerSideEncryptionConfiguration": bucket.settings.get("encryption") or _DEFAULT}

    @operation("DeleteBucketEncryption", action="PutEncryptionConfiguration", resource="{Bucket}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Goes back to AES256."""
        self._objects.set_bucket(find_bucket(self._objects, request).name, "encryption", None)
        return {"__status__": 204}
