"""DetectFaces and CompareFaces."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.rekognition.errors import InvalidParameterException
from clary.services.rekognition.face_views import (
    box,
    compared_face,
    face_detail,
    needs_attributes,
    orientation_correction,
    percent,
    wanted,
)
from clary.services.rekognition.faces.face_quality import BARS, shortcomings
from clary.services.rekognition.shelf import INVALID
from clary.services.rekognition.sight import Sight

DEFAULT_SIMILARITY = 80.0


class FaceDetection:
    """Faces in pictures that are not kept.

    Args:
        sight: reads them and looks at them.
    """

    api = "rekognition"

    def __init__(self, sight: Sight) -> None:
        self._sight = sight

    @operation("DetectFaces")
    def detect(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Every face with its box, landmarks, pose and quality, and the attributes that are asked for.

        Raises:
            InvalidParameterException, InvalidS3ObjectException, ImageTooLargeException, InvalidImageFormatException:
                the picture cannot be used.
        """
        attributes = wanted(request.get("Attributes"))
        found = self._sight.look(call, request["Image"], "faces", attributes=needs_attributes(attributes))
        return {
            "FaceDetails": [face_detail(face, attributes) for face in found["faces"]],
            **orientation_correction(found["size"]),
        }

    @operation("CompareFaces")
    def compare(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The source's largest face against every face of the target.

        Raises:
            InvalidParameterException: the source shows no face, or none that passes the quality filter.
            InvalidS3ObjectException, ImageTooLargeException, InvalidImageFormatException: a picture cannot be used.
        """
        pictures = self._sight.pictures
        source, target = (pictures.read(call, request[name]) for name in ("SourceImage", "TargetImage"))
        found = self._sight.vision.ask("compare_faces", source=source, target=target)
        bar = BARS[request.get("QualityFilter", "NONE")]
        lacking = shortcomings(found["source"], found["source_size"], bar)
        if lacking:
            reasons = ", ".join(lacking)
            raise InvalidParameterException(f"{INVALID}: the face of the source image is not good enough: {reasons}.")
        threshold = request.get("SimilarityThreshold", DEFAULT_SIMILARITY)
        matches, others = [], []
        for match in found["matches"]:
            if shortcomings(match["face"], found["target_size"], bar):
                continue
            if percent(match["similarity"]) >= threshold:
                view = {"Similarity": percent(match["similarity"]), "Face": compared_face(match["face"])}
                matches.append(view)
            else:
                others.append(compared_face(match["face"]))
        return {
            "SourceImageFace": {
                "BoundingBox": box(found["source"]["box"]),
                "Confidence": percent(found["source"]["confidence"]),
            },
            "FaceMatches": matches,
            "UnmatchedFaces": others,
            **_corrections(found),
        }


def _corrections(found: dict[str, Any]) -> dict[str, str]:
    corrections = {}
    for side in ("source", "target"):
        for value in orientation_correction(found[f"{side}_size"]).values():
            corrections[f"{side.capitalize()}ImageOrientationCorrection"] = value
    return corrections
