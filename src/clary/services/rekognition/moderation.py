"""DetectModerationLabels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clary.core.call import Call
from clary.core.human_loops import HumanLoops, UnusableLoop
from clary.core.operations import operation
from clary.engines.vision.contract import ModerationLabel
from clary.services.rekognition.errors import InvalidParameterException
from clary.services.rekognition.face_views import percent
from clary.services.rekognition.names import MODERATION_MODEL_VERSION
from clary.services.rekognition.shelf import INVALID
from clary.services.rekognition.sight import Sight

DEFAULT_CONFIDENCE = 50.0
HUMAN_LOOP_SOURCE = "AWS/Rekognition/DetectModerationLabels/Image/V3"


class Moderation:
    """What not everybody should see.

    Args:
        sight: reads them and looks at them.
        human_loops: starts reviews by people.
    """

    api = "rekognition"

    def __init__(self, sight: Sight, human_loops: HumanLoops) -> None:
        self._sight = sight
        self._human_loops = human_loops

    @operation("DetectModerationLabels")
    def detect(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Labels of the moderation taxonomy, the most confident first.

        Raises:
            InvalidParameterException: the picture is too small, or the request names a flow definition that is
                none, or a custom adapter, which Clary cannot train.
            InvalidS3ObjectException, ImageTooLargeException, InvalidImageFormatException: the picture cannot be used.
        """
        refuse_adapter(request)
        if "HumanLoopConfig" in request:
            try:
                self._human_loops.require(request["HumanLoopConfig"])
            except UnusableLoop as error:
                raise InvalidParameterException(f"{INVALID}: {error}") from error
        found = self._sight.look(call, request["Image"], "moderation")
        least = request.get("MinConfidence", DEFAULT_CONFIDENCE)
        answer: dict[str, Any] = {
            "ModerationLabels": moderation_views(found["labels"], least),
            "ModerationModelVersion": MODERATION_MODEL_VERSION,
            "ContentTypes": [],
        }
        if "HumanLoopConfig" in request:
            config = request["HumanLoopConfig"]
            activation = self._human_loops.evaluate(call, HUMAN_LOOP_SOURCE, config, request["Image"], answer)
            answer["HumanLoopActivationOutput"] = activation
        return answer


def refuse_adapter(request: dict[str, Any]) -> None:
    """Refuses a custom moderation adapter by name.

    Raises:
        InvalidParameterException: one is named.
    """
    if "ProjectVersion" in request:
        raise InvalidParameterException(
            f"{INVALID}: Clary does not train content moderation adapters: leave out ProjectVersion."
        )


def moderation_views(labels: Sequence[ModerationLabel], least_percent: float) -> list[dict[str, Any]]:
    """`ModerationLabels` that are confident enough, the most confident first, parents before children."""
    passed = [label for label in labels if percent(label["confidence"]) >= least_percent]
    passed.sort(key=lambda label: (-round(label["confidence"], 6), label["level"], label["name"]))
    return [
        {
            "Name": label["name"],
            "ParentName": label["parent"],
            "TaxonomyLevel": label["level"],
            "Confidence": percent(label["confidence"]),
        }
        for label in passed
    ]
