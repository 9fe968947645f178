"""Why an object cannot be transformed."""

from __future__ import annotations


class TransformError(Exception):
    """An object, or a record of it, cannot be transformed; the message is the line in the job's data log.

    Args:
        message: in SageMaker's words where it has some.
        blame: "ClientError" for what the user's data or request is to blame for, "AlgorithmError" for the model.
        detail: what the model said, for instance.
    """

    def __init__(self, message: str, *, blame: str = "ClientError", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.blame = blame
        self.detail = detail


def too_large(most_bytes: int) -> TransformError:
    """The error for a record, or an object that is not split, that does not fit into a request.

    Args:
        most_bytes: what a request may hold.
    """
    return TransformError(
        "Too much data for max payload size",
        detail=f"A record is larger than the {most_bytes} bytes that MaxPayloadInMB allows for a request.",
    )
