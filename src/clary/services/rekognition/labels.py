"""DetectLabels."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.rekognition.face_views import orientation_correction
from clary.services.rekognition.label_views import (
    DEFAULT_CONFIDENCE,
    MOST_COLOURS,
    MOST_LABELS,
    LabelFilter,
    chosen,
    label_view,
    properties_view,
)
from clary.services.rekognition.names import LABEL_MODEL_VERSION
from clary.services.rekognition.sight import Sight

_LABELS, _PROPERTIES = "GENERAL_LABELS", "IMAGE_PROPERTIES"


class Labels:
    """What pictures show.

    Args:
        sight: reads them and looks at them.
    """

    api = "rekognition"

    def __init__(self, sight: Sight) -> None:
        self._sight = sight

    @operation("DetectLabels")
    def detect(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Labels with boxes, and with IMAGE_PROPERTIES quality and dominant colours.

        Raises:
            InvalidParameterException, InvalidS3ObjectException, ImageTooLargeException, InvalidImageFormatException:
                the picture or a parameter cannot be used.
        """
        features = request.get("Features") or [_LABELS]
        settings = request.get("Settings", {})
        wanted = LabelFilter.of(settings.get("GeneralLabels", {}))
        most_colours = settings.get("ImageProperties", {}).get("MaxDominantColors", MOST_COLOURS)
        image = request["Image"]
        if _LABELS not in features:
            found = self._sight.look(call, image, "colours")
            return {"ImageProperties": properties_view(found, most_colours)}
        properties = _PROPERTIES in features
        found = self._sight.look(call, image, "labels", properties=properties, colours=properties)
        least = request.get("MinConfidence", DEFAULT_CONFIDENCE)
        labels = chosen(found["labels"], wanted, least, request.get("MaxLabels", MOST_LABELS))
        answer: dict[str, Any] = {
            "Labels": [label_view(label, least, most_colours) for label in labels],
            "LabelModelVersion": LABEL_MODEL_VERSION,
            **orientation_correction(found["size"]),
        }
        if properties and found["properties"] is not None:
            answer["ImageProperties"] = properties_view(found["properties"], most_colours)
        return answer
