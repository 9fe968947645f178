"""The errors of Textract, with AWS's texts; what Clary knows beyond them stands behind a colon."""

from __future__ import annotations

from clary.core.errors import ServiceError


class InvalidParameterException(ServiceError):
    """A parameter breaks a rule; the message names it."""

    fmt = "Request has invalid parameters: {rule}"


class InvalidS3ObjectException(ServiceError):
    """The object is not there, or the caller may not use it."""

    fmt = "Unable to get object metadata from S3. Check object key, region and/or access permissions."


class UnsupportedDocumentException(ServiceError):
    """The document is of no kind that the operation reads."""

    fmt = "Request has unsupported document format: {why}"


class BadDocumentException(ServiceError):
    """The document cannot be read."""

    fmt = "Request has bad document: {why}"


class DocumentTooLargeException(ServiceError):
    """The document has too many bytes or too many pixels."""

    fmt = "Request has document that is too large: {why}"


class InvalidJobIdException(ServiceError):
    """There is no such job of the operation that asks for it."""

    fmt = "Request has invalid Job Id"


class IdempotentParameterMismatchException(ServiceError):
    """The ClientRequestToken came before, with other parameters."""

    fmt = "The ClientRequestToken {token} was used before with other parameters: use another token for another request."


class ResourceNotFoundException(ServiceError):
    """There is no such adapter, adapter version or resource with tags."""


class ConflictException(ServiceError):
    """The resource is being used or changed."""


class LimitExceededException(ServiceError):
    """Too much of the kind is under way."""


class ServiceQuotaExceededException(ServiceError):
    """The account, or a resource, would hold more than it may."""


class ThrottlingException(ServiceError):
    """Too many requests wait; the client tries again."""

    fmt = "Too many documents are being read. Try again."


class InternalServerError(ServiceError):
    """Clary failed; the log has more."""

    status = 500
    fmt = "Internal Server Error: {why}"


class HumanLoopQuotaExceededException(ServiceError):
    """Too many human loops are open."""

    status = 402
