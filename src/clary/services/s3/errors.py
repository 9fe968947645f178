"""The errors of S3 that are about requests; those about what is stored come from `storage.object_errors`."""

from __future__ import annotations

from clary.core.errors import ServiceError


class InvalidArgument(ServiceError):
    """A parameter has an impossible value; `ArgumentName` and `ArgumentValue` tell which."""


class InvalidBucketName(ServiceError):
    """The name breaks the rules for bucket names."""

    fmt = "The specified bucket is not valid."


class IllegalLocationConstraintException(ServiceError):
    """The location constraint contradicts the endpoint's region."""


class InvalidLocationConstraint(ServiceError):
    """No region has that name for a location constraint."""

    fmt = "The specified location-constraint is not valid"


class KeyTooLongError(ServiceError):
    """A key is longer than 1,024 bytes of UTF-8."""

    fmt = "Your key is too long"


class MetadataTooLarge(ServiceError):
    """User metadata is larger than 2 KB."""

    fmt = "Your metadata headers exceed the maximum allowed metadata size"


class InvalidDigest(ServiceError):
    """Content-MD5 is not the base64 form of 16 bytes."""

    fmt = "The Content-MD5 you specified was invalid."


class InvalidRange(ServiceError):
    """The range begins behind the end of the object."""

    status = 416
    fmt = "The requested range is not satisfiable"


class InvalidPartNumber(ServiceError):
    """The object has no part of that number."""

    status = 416
    fmt = "The requested partnumber is not satisfiable"


class InvalidTag(ServiceError):
    """A tag breaks the rules for tags."""


class BadRequest(ServiceError):
    """The request is wrong as a whole; the message says how."""


class MalformedXML(ServiceError):
    """The document breaks the schema."""

    fmt = "The XML you provided was not well-formed or did not validate against our published schema"


class NotImplementedByS3(ServiceError):
    """A header asks for something that Clary does not do; `Header` names it."""

    code = "NotImplemented"
    status = 501
    fmt = "A header you provided implies functionality that is not implemented"


class IllegalVersioningConfigurationException(ServiceError):
    """The versioning configuration has no status."""

    fmt = "The Versioning element must be specified"


class AccessControlListNotSupported(ServiceError):
    """The bucket's owner owns every object, so there are no ACLs."""

    fmt = "The bucket does not allow ACLs"


class MalformedPolicy(ServiceError):
    """A bucket policy breaks the grammar, or speaks of something else than its bucket."""


class NoSuchBucketPolicy(ServiceError):
    """The bucket has no policy."""

    status = 404
    fmt = "The bucket policy does not exist"


class NoSuchCORSConfiguration(ServiceError):
    """The bucket has no CORS rules."""

    status = 404
    fmt = "The CORS configuration does not exist"


class NoSuchTagSet(ServiceError):
    """The bucket has no tags."""

    status = 404
    fmt = "The TagSet does not exist"


class NoSuchWebsiteConfiguration(ServiceError):
    """The bucket is no website."""

    status = 404
    fmt = "The specified bucket does not have a website configuration"


class NoSuchPublicAccessBlockConfiguration(ServiceError):
    """The bucket's public access block was removed."""

    status = 404
    fmt = "The public access block configuration was not found"


class OwnershipControlsNotFoundError(ServiceError):
    """The bucket's ownership rule was removed."""

    status = 404
    fmt = "The bucket ownership controls were not found"


class InvalidBucketAclWithObjectOwnership(ServiceError):
    """A bucket with an ACL for others cannot become its owner's alone."""

    fmt = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"


class MalformedACLError(ServiceError):
    """An ACL was announced and did not come."""

    fmt = "The XML you provided was not well-formed or did not validate against our published schema"


class AccessForbidden(ServiceError):
    """A preflight asks for what no CORS rule allows."""

    status = 403


class MalformedPOSTRequest(ServiceError):
    """The body of a form upload is no well-formed multipart/form-data."""

    fmt = "The body of your POST request is not well-formed multipart/form-data."


class MaxPostPreDataLengthExceeded(ServiceError):
    """The fields before the file of a form upload are larger than 20 KB."""

    fmt = "Your POST request fields preceding the upload file were too large."


class InvalidBucketAclWithBlockPublicAccessError(ServiceError):
    """A new bucket blocks public ACLs and cannot be made with one."""

    fmt = "Bucket cannot have public ACLs set with BlockPublicAccess enabled"


class NoSuchLifecycleConfiguration(ServiceError):
    """The bucket has no lifecycle rules."""

    status = 404
    fmt = "The lifecycle configuration does not exist"


class ReplicationConfigurationNotFoundError(ServiceError):
    """The bucket is not replicated."""

    status = 404
    fmt = "The replication configuration was not found"


class ObjectLockConfigurationNotFoundError(ServiceError):
    """The bucket locks no objects."""

    status = 404
    fmt = "Object Lock configuration does not exist for this bucket"
