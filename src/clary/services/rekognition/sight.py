"""How operations see pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clary.core.call import Call
from clary.services.rekognition.pictures import SHORTEST_SIDE, Pictures
from clary.services.rekognition.vision import Vision


@dataclass(frozen=True, slots=True)
class Sight:
    """What an operation that is asked for a picture needs.

    Attributes:
        pictures: reads it.
        vision: looks at it.
    """

    pictures: Pictures
    vision: Vision

    def look(
        self, call: Call, image: Mapping[str, Any], method: str, shortest_side: int = SHORTEST_SIDE, **arguments: Any
    ) -> Any:
        """Reads a picture and asks the engine about it.

        Args:
            image: an `Image` of a request.
            method: of `engines.vision.calls.VisionEngine`, which takes a `picture`.
            shortest_side: what each side of the picture needs, in pixels.
            arguments: the method's others.

        Raises:
            InvalidParameterException, InvalidS3ObjectException, ImageTooLargeException, InvalidImageFormatException:
                the picture cannot be used.
            ThrottlingException, InternalServerError: the engine does not answer.
        """
        return self.vision.ask(method, picture=self.pictures.read(call, image, shortest_side), **arguments)
