"""The errors of Rekognition."""

from __future__ import annotations

from clary.core.errors import ServiceError


class InvalidParameterException(ServiceError):
    """A parameter breaks a rule; the message names it."""


class InvalidImageFormatException(ServiceError):
    """What was sent is not a picture that can be read."""

    fmt = "Request has invalid image format"


class ImageTooLargeException(ServiceError):
    """The picture is larger than Rekognition takes."""

    fmt = "Image size is too large"


class InvalidS3ObjectException(ServiceError):
    """The object is not there, or the caller may not read it: AWS does not say which."""

    fmt = "Unable to get object metadata from S3. Check object key, region and/or access permissions."


class InvalidManifestException(ServiceError):
    """A manifest cannot be read."""


class InvalidPaginationTokenException(ServiceError):
    """The token was not returned by the operation that it is sent to."""

    fmt = "Request has invalid Pagination Token"


class InvalidPolicyRevisionIdException(ServiceError):
    """The policy was changed since the caller read it."""


class MalformedPolicyDocumentException(ServiceError):
    """The policy is not one."""


class IdempotentParameterMismatchException(ServiceError):
    """A ClientRequestToken comes again with other parameters."""

    fmt = (
        "A ClientRequestToken input parameter was reused with an operation, but at least one of the other input "
        "parameters is different from the previous call to the operation."
    )


class ResourceNotFoundException(ServiceError):
    """There is no such resource."""


class ResourceAlreadyExistsException(ServiceError):
    """The name is taken."""


class ResourceInUseException(ServiceError):
    """Something still needs the resource, or it is not in a state that allows this."""


class ResourceNotReadyException(ServiceError):
    """The resource is not in a state that allows this yet."""


class ConflictException(ServiceError):
    """Another request is changing the same thing, or it is there already."""


class SessionNotFoundException(ServiceError):
    """There is no such liveness session."""

    fmt = "Could not find session with ID {SessionId}."


class LimitExceededException(ServiceError):
    """Too many jobs of a kind are under way."""


class ServiceQuotaExceededException(ServiceError):
    """A quota of the account is used up."""


class VideoTooLargeException(ServiceError):
    """The video is larger than Rekognition takes."""

    fmt = "Video size in bytes is too large. Largest video size supported is 10 GB."


class ThrottlingException(ServiceError):
    """More requests than can be answered at a time."""

    fmt = "Rate exceeded"


class InternalServerError(ServiceError):
    """The models could not answer; the log says why."""

    status = 500
    fmt = "Internal server error"
