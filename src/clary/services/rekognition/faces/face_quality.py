"""Which faces are good enough to be indexed or searched for."""

from __future__ import annotations

from dataclasses import dataclass

from clary.engines.vision.contract import Face, Size

MOST_FACES = 100


@dataclass(frozen=True, slots=True)
class QualityBar:
    """What a face must have.

    Attributes:
        brightness, sharpness: 0..100, at least.
        confidence: 0..1, at least.
        turn_degrees: yaw and pitch, at most.
        height_pixels: of its box, at least.
    """

    brightness: float
    sharpness: float
    confidence: float
    turn_degrees: float
    height_pixels: float


BARS = {
    "NONE": QualityBar(0.0, 0.0, 0.0, 180.0, 0.0),
    "LOW": QualityBar(8.0, 3.0, 0.5, 75.0, 20.0),
    "AUTO": QualityBar(12.0, 6.0, 0.6, 65.0, 24.0),
    "MEDIUM": QualityBar(20.0, 15.0, 0.75, 50.0, 36.0),
    "HIGH": QualityBar(30.0, 30.0, 0.9, 35.0, 50.0),
}
"""By the value of QualityFilter; AWS does not publish its own."""


def shortcomings(face: Face, size: Size, bar: QualityBar) -> list[str]:
    """Why a face is not good enough, in AWS's words; nothing where it is."""
    rules = (
        (max(abs(face["pose"]["yaw"]), abs(face["pose"]["pitch"])) > bar.turn_degrees, "EXTREME_POSE"),
        (face["quality"]["brightness"] < bar.brightness, "LOW_BRIGHTNESS"),
        (face["quality"]["sharpness"] < bar.sharpness, "LOW_SHARPNESS"),
        (face["confidence"] < bar.confidence, "LOW_CONFIDENCE"),
        (face["box"]["height"] * size["height"] < bar.height_pixels, "SMALL_BOUNDING_BOX"),
    )
    return [reason for breaks, reason in rules if breaks]


def choose(faces: list[Face], size: Size, quality: str, most: int) -> tuple[list[Face], list[tuple[Face, list[str]]]]:
    """The faces to take, the largest first, and those to leave with the reasons.

    Args:
        faces: the largest first.
        quality: a value of QualityFilter.
        most: how many at most. Of more faces that are good enough the largest are taken.
    """
    taken: list[Face] = []
    left: list[tuple[Face, list[str]]] = []
    for face in faces:
        reasons = shortcomings(face, size, BARS[quality])
        if not reasons and len(taken) >= most:
            reasons = ["EXCEEDS_MAX_FACES"]
        if reasons:
            left.append((face, reasons))
        else:
            taken.append(face)
    return taken, left
