"""Faces as Rekognition shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from clary.engines.vision.contract import Attributes, Box, Face, Flag, Size

MAIN_LANDMARKS = ("eyeLeft", "eyeRight", "mouthLeft", "mouthRight", "nose")
_ALL = "ALL"
_FLAGS = {
    "SMILE": ("Smile", "smile"),
    "EYEGLASSES": ("Eyeglasses", "eyeglasses"),
    "SUNGLASSES": ("Sunglasses", "sunglasses"),
    "BEARD": ("Beard", "beard"),
    "MUSTACHE": ("Mustache", "mustache"),
    "EYES_OPEN": ("EyesOpen", "eyes_open"),
    "MOUTH_OPEN": ("MouthOpen", "mouth_open"),
    "FACE_OCCLUDED": ("FaceOccluded", "occluded"),
}
_MOST_AGE_GAP = 120


def percent(share: float) -> float:
    """A share of 1 as Rekognition writes confidences: 0..100."""
    return min(100.0, max(0.0, 100.0 * share))


def box(found: Box) -> dict[str, float]:
    """A bounding box."""
    return {"Width": found["width"], "Height": found["height"], "Left": found["left"], "Top": found["top"]}


def wanted(attributes: Iterable[str] | None) -> frozenset[str]:
    """The facial attributes that a request asks for; none means DEFAULT."""
    return frozenset(attributes or ("DEFAULT",))


def needs_attributes(attributes: frozenset[str]) -> bool:
    """Whether more than the default is asked for."""
    return bool(attributes - {"DEFAULT"})


def face_detail(face: Face, attributes: frozenset[str]) -> dict[str, Any]:
    """A `FaceDetail`.

    Args:
        attributes: what is asked for; nothing else is told.
    """
    detail = {
        "BoundingBox": box(face["box"]),
        "Confidence": percent(face["confidence"]),
        "Pose": pose(face),
        "Quality": quality(face),
        "Landmarks": landmarks(face, None if _ALL in attributes else MAIN_LANDMARKS),
    }
    found = face["attributes"]
    if found is not None:
        detail |= _attribute_members(found, attributes)
    return detail


def _attribute_members(found: Attributes, attributes: frozenset[str]) -> dict[str, Any]:
    everything = _ALL in attributes
    members: dict[str, Any] = {}
    flags: Mapping[str, Any] = found
    for word, (member, key) in _FLAGS.items():
        if everything or word in attributes:
            members[member] = flag(flags[key])
    age, gender, eyes = found["age_range"], found["gender"], found["eye_direction"]
    if everything or "AGE_RANGE" in attributes:
        members["AgeRange"] = {"Low": max(0, int(age["low"])), "High": min(_MOST_AGE_GAP, int(age["high"]))}
    if everything or "GENDER" in attributes:
        members["Gender"] = {"Value": gender["value"].capitalize(), "Confidence": percent(gender["confidence"])}
    if everything or "EYE_DIRECTION" in attributes:
        members["EyeDirection"] = {
            "Yaw": eyes["yaw"],
            "Pitch": eyes["pitch"],
            "Confidence": percent(eyes["confidence"]),
        }
    if everything or "EMOTIONS" in attributes:
        members["Emotions"] = emotions(found)
    return members


def emotions(found: Attributes) -> list[dict[str, Any]]:
    """The emotions of a face, the most confident first."""
    ordered = sorted(found["emotions"], key=lambda emotion: -emotion["confidence"])
    return [{"Type": emotion["name"].upper(), "Confidence": percent(emotion["confidence"])} for emotion in ordered]


def flag(found: Flag) -> dict[str, Any]:
    """Yes or no with its confidence."""
    return {"Value": found["value"], "Confidence": percent(found["confidence"])}


def pose(face: Face) -> dict[str, float]:
    """How the head is held, in degrees."""
    return {"Roll": face["pose"]["roll"], "Yaw": face["pose"]["yaw"], "Pitch": face["pose"]["pitch"]}


def quality(face: Face) -> dict[str, float]:
    """Brightness and sharpness, 0..100."""
    return {"Brightness": face["quality"]["brightness"], "Sharpness": face["quality"]["sharpness"]}


def landmarks(face: Face, names: Iterable[str] | None = MAIN_LANDMARKS) -> list[dict[str, Any]]:
    """Points of the face; all of them where `names` is None."""
    chosen = None if names is None else frozenset(names)
    return [
        {"Type": point["name"], "X": point["x"], "Y": point["y"]}
        for point in face["landmarks"]
        if chosen is None or point["name"] in chosen
    ]


def compared_face(face: Face) -> dict[str, Any]:
    """A `ComparedFace`."""
    compared = {
        "BoundingBox": box(face["box"]),
        "Confidence": percent(face["confidence"]),
        "Landmarks": landmarks(face),
        "Pose": pose(face),
        "Quality": quality(face),
    }
    found = face["attributes"]
    if found is not None:
        compared |= {"Emotions": emotions(found), "Smile": flag(found["smile"])}
    return compared


def orientation_correction(size: Size) -> dict[str, str]:
    """How a client has to turn the picture before it draws boxes: not at all.

    Boxes refer to the picture as its EXIF orientation shows it, and AWS says nothing then; it says ROTATE_0 of a
    picture without one.
    """
    return {"OrientationCorrection": "ROTATE_0"} if size["orientation"] <= 1 else {}
