"""What can go wrong with buckets and objects, named and worded as S3 does."""

from __future__ import annotations

from clary.core.errors import AccessDenied, ServiceError

__all__ = [
    "AccessDenied",
    "BadDigest",
    "BucketAlreadyExists",
    "BucketAlreadyOwnedByYou",
    "BucketNotEmpty",
    "EntityTooLarge",
    "EntityTooSmall",
    "IncompleteBody",
    "InsufficientStorage",
    "InternalError",
    "InvalidPart",
    "InvalidPartOrder",
    "InvalidRequest",
    "MethodNotAllowed",
    "NoSuchBucket",
    "NoSuchKey",
    "NoSuchUpload",
    "NoSuchVersion",
    "PreconditionFailed",
]


class NoSuchBucket(ServiceError):
    """No bucket has that name."""

    status = 404
    fmt = "The specified bucket does not exist"


class NoSuchKey(ServiceError):
    """The bucket has no object with that key, or its latest version is a delete marker."""

    status = 404
    fmt = "The specified key does not exist."


class NoSuchVersion(ServiceError):
    """The object has no such version."""

    status = 404
    fmt = "The specified version does not exist."


class NoSuchUpload(ServiceError):
    """No such multipart upload is in progress."""

    status = 404
    fmt = (
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or"
        " completed."
    )


class BucketAlreadyExists(ServiceError):
    """Another account owns a bucket of that name."""

    status = 409
    fmt = (
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system."
        " Please select a different name and try again."
    )


class BucketAlreadyOwnedByYou(ServiceError):
    """The caller's account has that bucket already."""

    status = 409
    fmt = "Your previous request to create the named bucket succeeded and you already own it."


class BucketNotEmpty(ServiceError):
    """A bucket with objects or versions cannot be deleted."""

    status = 409
    fmt = "The bucket you tried to delete is not empty"


class PreconditionFailed(ServiceError):
    """If-Match, If-None-Match or a date condition does not hold; `Condition` names it."""

    status = 412
    fmt = "At least one of the pre-conditions you specified did not hold"


class BadDigest(ServiceError):
    """The body is not the one its sender's digest describes."""

    status = 400
    fmt = "The Content-MD5 you specified did not match what we received."


class IncompleteBody(ServiceError):
    """Fewer bytes arrived than were announced."""

    status = 400
    fmt = "You did not provide the number of bytes specified by the Content-Length HTTP header"


class EntityTooLarge(ServiceError):
    """The object or part is larger than S3 accepts."""

    status = 400
    fmt = "Your proposed upload exceeds the maximum allowed size"


class EntityTooSmall(ServiceError):
    """A part other than the last is smaller than 5 MiB."""

    status = 400
    fmt = "Your proposed upload is smaller than the minimum allowed size"


class InvalidPart(ServiceError):
    """A listed part was not uploaded, or has another ETag or checksum."""

    status = 400
    fmt = (
        "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified"
        " entity tag may not match the part's entity tag."
    )


class InvalidPartOrder(ServiceError):
    """The parts are not listed in ascending order."""

    status = 400
    fmt = "The list of parts was not in ascending order. Parts must be ordered by part number."


class InvalidRequest(ServiceError):
    """The request contradicts itself or what is stored; the message says how."""

    status = 400


class MethodNotAllowed(ServiceError):
    """A delete marker can only be deleted."""

    status = 405
    fmt = "The specified method is not allowed against this resource."


class InsufficientStorage(ServiceError):
    """The disk is full; nothing was changed."""

    status = 507
    fmt = "There is not enough space on the disk of this Clary to carry out the request; nothing was changed."


class InternalError(ServiceError):
    """The disk failed, or a mirrored file is no longer what it was; nothing was changed."""

    status = 500
    fmt = "We encountered an internal error. Please try again."
