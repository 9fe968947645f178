"""DetectText."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.rekognition.names import TEXT_MODEL_VERSION
from clary.services.rekognition.sight import Sight
from clary.services.rekognition.text_views import WordFilter, text_views


class Texts:
    """Text in scenes.

    Args:
        sight: reads them and looks at them.
    """

    api = "rekognition"

    def __init__(self, sight: Sight) -> None:
        self._sight = sight

    @operation("DetectText")
    def detect(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lines and words.

        Raises:
            InvalidParameterException, InvalidS3ObjectException, ImageTooLargeException, InvalidImageFormatException:
                the picture or a filter cannot be used.
        """
        wanted = WordFilter.of(request.get("Filters", {}))
        found = self._sight.look(call, request["Image"], "text")
        return {"TextDetections": text_views(found["texts"], wanted), "TextModelVersion": TEXT_MODEL_VERSION}
