"""What clients of certain APIs rely on and the models do not say, as data.

Every entry is keyed by a name that stands in the model (a shape, a target prefix), so that the code that reads it
stays free of services.
"""

from __future__ import annotations

from typing import Final

ROOT_ELEMENTS: Final[dict[str, str]] = {
    "CompleteMultipartUploadOutput": "CompleteMultipartUploadResult",
    "CreateMultipartUploadOutput": "InitiateMultipartUploadResult",
    "CreateSessionOutput": "CreateSessionResult",
    "DeleteObjectsOutput": "DeleteResult",
    "GetBucketAccelerateConfigurationOutput": "AccelerateConfiguration",
    "GetBucketAclOutput": "AccessControlPolicy",
    "GetBucketCorsOutput": "CORSConfiguration",
    "GetBucketLifecycleConfigurationOutput": "LifecycleConfiguration",
    "GetBucketLifecycleOutput": "LifecycleConfiguration",
    "GetBucketLocationOutput": "LocationConstraint",
    "GetBucketLoggingOutput": "BucketLoggingStatus",
    "GetBucketRequestPaymentOutput": "RequestPaymentConfiguration",
    "GetBucketTaggingOutput": "Tagging",
    "GetBucketVersioningOutput": "VersioningConfiguration",
    "GetBucketWebsiteOutput": "WebsiteConfiguration",
    "GetObjectAclOutput": "AccessControlPolicy",
    "GetObjectAttributesOutput": "GetObjectAttributesResponse",
    "GetObjectTaggingOutput": "Tagging",
    "ListBucketAnalyticsConfigurationsOutput": "ListBucketAnalyticsConfigurationResult",
    "ListBucketInventoryConfigurationsOutput": "ListInventoryConfigurationsResult",
    "ListBucketMetricsConfigurationsOutput": "ListMetricsConfigurationsResult",
    "ListBucketsOutput": "ListAllMyBucketsResult",
    "ListDirectoryBucketsOutput": "ListAllMyDirectoryBucketsResult",
    "ListMultipartUploadsOutput": "ListMultipartUploadsResult",
    "ListObjectVersionsOutput": "ListVersionsResult",
    "ListObjectsOutput": "ListBucketResult",
    "ListObjectsV2Output": "ListBucketResult",
    "ListPartsOutput": "ListPartsResult",
}
"""The root element of a result's document, by output shape; clients in typed languages check it."""

UNWRAPPED_RESULTS: Final[dict[str, str]] = {"GetBucketLocationOutput": "LocationConstraint"}
"""Results that are one member's text in the root element itself, without an element around the member."""

VALIDATION_CODES: Final[dict[str, str]] = {
    "AmazonEC2ContainerRegistry_V20150921": "InvalidParameterException",
    "Logs_20140328": "InvalidParameterException",
}
"""The code under which an API reports broken constraints where it is not `ValidationException`, by target prefix."""

LENIENT_HEADERS: Final[frozenset[str]] = frozenset({"expires", "if-modified-since", "if-unmodified-since"})
"""Headers whose unreadable value is passed over, as HTTP tells servers to do (RFC 9110, 13.1.3; RFC 9111, 5.3)."""

ENUMERATION_ERRORS: Final[dict[str, tuple[str, str]]] = {
    "BucketLocationConstraint": ("InvalidLocationConstraint", "The specified location-constraint is not valid"),
    "StorageClass": ("InvalidStorageClass", "The storage class you specified is not valid"),
}
"""Code and message for a value outside an enumeration in XML protocols, by shape, where it is not the general one."""

BARE_ERROR_CODES: Final[dict[str, str]] = {
    "InternalFailure": "InternalError",
    "RequestEntityTooLargeException": "MaxMessageLengthExceeded",
    "SerializationException": "MalformedXML",
    "UnknownOperationException": "MethodNotAllowed",
}
"""Codes that protocols share, as they are called where errors stand bare in XML."""
