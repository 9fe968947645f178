"""The errors of the Comprehend API."""

from __future__ import annotations

from clary.core.errors import ServiceError


class InvalidRequestException(ServiceError):
    """A parameter breaks a rule; the message names it."""


class TextSizeLimitExceededException(ServiceError):
    """A text is longer than the operation takes."""

    fmt = (
        "Input text size exceeds limit. Max length of request text allowed is {most} bytes while in this request the "
        "text size is {size} bytes"
    )


class BatchSizeLimitExceededException(ServiceError):
    """A batch has more texts than the operation takes."""

    fmt = "Batch size exceeds limit. Max size of a batch is {most} documents while in this request it is {size}"


class UnsupportedLanguageException(ServiceError):
    """Clary has no model of a measured quality for the language."""


class ResourceNotFoundException(ServiceError):
    """There is no such resource."""

    status = 404
    fmt = "RESOURCE_NOT_FOUND: Could not find specified resource."


class ResourceUnavailableException(ServiceError):
    """The resource is not in a state in which it can be used."""

    status = 404


class ResourceInUseException(ServiceError):
    """The name is taken, or something still needs the resource."""


class ResourceLimitExceededException(ServiceError):
    """A quota of the account is used up."""


class JobNotFoundException(ServiceError):
    """There is no such job."""

    status = 404
    fmt = "The specified job was not found: {job}."


class InvalidFilterException(ServiceError):
    """The filter of a list operation breaks a rule."""


class KmsKeyValidationException(ServiceError):
    """A key is asked for; Clary has none."""


class TooManyTagsException(ServiceError):
    """A resource would have more than 50 tags."""


class TooManyTagKeysException(ServiceError):
    """More than 50 tag keys are to be removed at once."""


class ThrottlingException(ServiceError):
    """More requests wait than are let in at a time; clients of AWS try again by themselves."""


class InternalServerException(ServiceError):
    """A model could not answer; the server's log says why."""

    status = 500
