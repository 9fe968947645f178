"""Puts the resources of S3 together."""

from __future__ import annotations

from clary.services.s3.bucket_configuration import bucket_configuration
from clary.services.s3.buckets import Buckets
from clary.services.s3.copy import Copies
from clary.services.s3.listing import ObjectListings
from clary.services.s3.multipart import MultipartUploads
from clary.services.s3.object_tagging import ObjectTagging
from clary.services.s3.objects import ObjectOperations
from clary.services.s3.versions import Versions
from clary.storage.caller_access import Authorize
from clary.storage.object_uploads import Uploads
from clary.storage.objects import Objects


def resources(*, objects: Objects, authorize: Authorize) -> list[object]:
    """The resource classes of S3.

    Args:
        authorize: `authorize(call, "s3:GetObject", arn)` lets an allowed action pass, else raises; it takes into
            account the policy of the bucket that the ARN names.
    """
    uploads = Uploads(objects)
    return [
        Buckets(objects),
        ObjectOperations(objects, authorize),
        ObjectListings(objects),
        Versions(objects),
        ObjectTagging(objects, authorize),
        MultipartUploads(objects, uploads),
        Copies(objects, uploads, authorize),
        *bucket_configuration(objects),
    ]
