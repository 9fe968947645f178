"""Errors with a status that handlers raise and catch."""

from __future__ import annotations

from clary_toolkit.serving.errors import InferenceError as BaseInferenceToolkitError
from clary_toolkit.serving.errors import UnsupportedFormat as UnsupportedFormatError


class GenericInferenceToolkitError(BaseInferenceToolkitError):  # type: ignore[misc]
    """A request that is answered with an error.

    Args:
        status_code: of the answer.
        message: its first line; the status's own words by default.
    """

    def __init__(self, status_code: int, message: str | None = None, phrase: str | None = None) -> None:
        super().__init__(status_code, message or "Invalid Request", phrase)


class BadRequestInferenceToolkitError(BaseInferenceToolkitError):  # type: ignore[misc]
    """A request that is answered with 400."""

    def __init__(self, phrase: str) -> None:
        super().__init__(400, phrase, phrase)


class ModelLoadError(BaseInferenceToolkitError):  # type: ignore[misc]
    """A model that cannot be loaded."""

    def __init__(self, phrase: str) -> None:
        super().__init__(500, phrase, phrase)


__all__ = [
    "BadRequestInferenceToolkitError",
    "BaseInferenceToolkitError",
    "GenericInferenceToolkitError",
    "ModelLoadError",
    "UnsupportedFormatError",
]
