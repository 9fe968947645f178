"""Errors with a status: what a client gets when its request cannot be answered.

They have the members of the errors of AWS's inference toolkit (`status_code`, `message`, `phrase`), which scripts raise
and catch.
"""

from __future__ import annotations

from http import HTTPStatus


class InferenceError(Exception):
    """A request that is answered with an error.

    Args:
        status_code: of the answer.
        message: its first line; the traceback follows.
        phrase: told beside the status, the message by default.
    """

    def __init__(self, status_code: int, message: str, phrase: str | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.message = message
        self.phrase = phrase or message


class UnsupportedFormat(InferenceError):
    """A content type that neither the handlers nor the framework's defaults know.

    Args:
        content_type: the type.
        status_code: 415 for a request's, 406 for the answer's that was asked for.
    """

    def __init__(self, content_type: str, status_code: int = HTTPStatus.UNSUPPORTED_MEDIA_TYPE) -> None:
        super().__init__(
            status_code,
            f"Content type {content_type} is not supported by this framework. Implement input_fn to deserialize the "
            "request data, or output_fn to serialize the response.",
            f"Content type {content_type} is not supported by this framework.",
        )
        self.content_type = content_type


class UndecodableRequest(InferenceError):
    """A body that is not what its content type says."""

    def __init__(self, content_type: str, reason: object) -> None:
        super().__init__(HTTPStatus.BAD_REQUEST, f"The request is not {content_type}: {reason}")
