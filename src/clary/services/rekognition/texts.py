"""DetectText."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.rekognition.names import TEXT_MODEL_VERSION
from clary.services.rekognition.pictures import Pictures
from clary.services.rekognition.text_views import WordFilter, text_views
from clary.services.rekognition.vision import Vision


class Texts:
    """Text in scenes.

    Args:
        pictures: reads them.
        vision: looks at them.
    """

    api = "rekognition"

    def __init__(self, pictures: Pictures, vision: Vision) -> None:
        self._pictures = pictures
        self._vision = vision

    @operation("DetectText")
    def detect(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lines and words.

        Raises:
            InvalidParameterException, InvalidS3ObjectException, ImageTooLargeException, InvalidImageFormatException:
                the picture or a filter cannot be used.
        """
        wanted = WordFilter.of(request.get("Filters", {}))
        picture = self._pictures.read(call, request["Image"])
        found = self._vision.ask("text", picture=picture)
        return {"TextDetections": text_views(found["texts"], wanted), "TextModelVersion": TEXT_MODEL_VERSION}
