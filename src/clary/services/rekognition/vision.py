"""The vision engine as Rekognition's operations ask it: its refusals become Rekognition's errors."""

from __future__ import annotations

from typing import Any

from clary.compute.engine_hosts.hosts import EngineBusy, EngineFailed, Engines
from clary.engines.refusals import Refused
from clary.services.rekognition.errors import (
    ImageTooLargeException,
    InternalServerError,
    InvalidImageFormatException,
    InvalidParameterException,
    ThrottlingException,
)
from clary.services.rekognition.shelf import INVALID


class Vision:
    """Calls to the vision engine.

    Args:
        engines: reaches its process.
    """

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def ask(self, method: str, **arguments: Any) -> Any:
        """Asks the engine.

        Args:
            method: a method of `engines.vision.calls.VisionEngine`.
            arguments: the method's.

        Raises:
            InvalidImageFormatException, ImageTooLargeException, InvalidParameterException: the picture is refused.
            ThrottlingException: too many calls wait.
            InternalServerError: the engine failed.
        """
        try:
            return self._engines.call("vision", method, **arguments)
        except Refused as refused:
            raise told(refused) from refused
        except EngineBusy as error:
            raise ThrottlingException from error
        except EngineFailed as error:
            raise InternalServerError from error


def told(
    refused: Refused,
) -> InvalidImageFormatException | ImageTooLargeException | InvalidParameterException | InternalServerError:
    """Rekognition's error for what the engine refuses."""
    if refused.reason == "invalid-format":
        return InvalidImageFormatException()
    if refused.reason == "too-large":
        return ImageTooLargeException(f"Image size is too large: {refused.message}")
    if refused.reason == "weights-missing":
        return InternalServerError(f"Internal server error: {refused.message}")
    return InvalidParameterException(f"{INVALID}: {refused.message}")
