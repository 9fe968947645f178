"""What a face looks like, with confidences that say how far the models here can tell.

    age, gender         FaceRes's heads; the range holds the middle seven tenths of its ages, and six years at least
    emotions, smile     two small nets, whose mean is more often right than either; a smile also needs raised corners
    eyes, mouth         open by the shape of the mesh: height against width
    glasses             straight dark edges across the bridge of the nose; sunglasses: eyes much darker than the cheeks
    beard, moustache    nets of our own look at the skin around the mouth, see `facial_hair`
    occlusion           the mesh's own doubt that a whole face is there
    eye direction       where the irises lie between the corners of the eyes, seen from the head's pose

A chance that is read from the mesh is moved towards one half by as much as the mesh doubts that it sees a face, that of
glasses and hair also by how far the head is turned away: of a profile every answer is given, and hardly one is above
0.6. The emotion "confused" is never told: no net here knows it. Below half a chance the foremost emotion is "unknown".
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.vision.contract import (
    AgeRange,
    Attributes,
    Emotion,
    EyeDirection,
    Flag,
    Gender,
    Pose,
)
from clary.engines.vision.face_detection import crop
from clary.engines.vision.face_mesh import LEFT_EYE, RIGHT_EYE, Mesh, eye_centres
from clary.engines.vision.face_reading import Reading
from clary.engines.vision.facial_hair import hair
from clary.engines.vision.pictures import Pixels

Array = NDArray[np.float32]

_CALM = {"neutral": "calm"}
_AGES = (0.15, 0.85)
_LEAST_YEARS = 6
_EYE_OPEN = (0.16, 40.0)  # height over width where an eye is half open, and how sharply that is read
_MOUTH_OPEN = (0.12, 30.0)
_SMILE_LIFT = 10.0
_TURNED = (15.0, 60.0)  # degrees, between which the bridge of the nose shows less and less of glasses
_IRIS_DEGREES = 110.0  # that an iris turns for each width of the eye it moves
_FACE_PIXELS = 128
_BRIDGE = (0.085, 60.0)
_SHADE = (0.55, 14.0)


def attributes(reading: Reading, rgb: Pixels, mesh: Mesh, pose: Pose) -> Attributes:
    """Everything that can be told of a face.

    Args:
        reading: what the nets say of it; with ages and expressions.
        rgb: the picture.
        mesh: the face's.
        pose: how the head is held.
    """
    described, chances = reading.described, reading.expressions
    assert described is not None and chances is not None
    seen = mesh.presence
    frontal = seen * _facing(pose)
    mouth = _openness(mesh, 13, 14, 78, 308)
    hairs = hair(rgb, mesh, described.male)
    return Attributes(
        age_range=_age_range(described.ages),
        gender=_gender(described.male),
        smile=_flag(_smile(mesh, chances["happy"]), seen),
        eyeglasses=_flag(_glasses(rgb, mesh), frontal),
        sunglasses=_flag(_shades(rgb, mesh), seen),
        beard=_flag(hairs["beard"], frontal),
        mustache=_flag(hairs["mustache"], frontal),
        eyes_open=_flag(_step(_eyes(mesh), *_EYE_OPEN), seen),
        mouth_open=_flag(_step(mouth, *_MOUTH_OPEN), seen),
        occluded=_flag(1 - mesh.presence),
        eye_direction=_eye_direction(mesh, pose),
        emotions=_emotions(chances),
    )


def _flag(chance: float, trust: float = 1.0) -> Flag:
    """An answer whose chance is moved towards one half by as much as trust is lacking."""
    doubted = 0.5 + trust * (chance - 0.5)
    value = doubted > 0.5
    return Flag(value=value, confidence=float(doubted if value else 1 - doubted))


def _facing(pose: Pose) -> float:
    """1 for a head that looks at the camera, 0 for one that is turned or bowed far."""
    turn = max(abs(pose["yaw"]), abs(pose["pitch"]))
    near, far = _TURNED
    return float(np.clip((far - turn) / (far - near), 0, 1))


def _step(value: float, middle: float, steepness: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(steepness * (value - middle), -30, 30))))


def _age_range(chances: Array) -> AgeRange:
    shares = np.cumsum(chances / max(float(chances.sum()), 1e-9))
    low, high = (int(np.searchsorted(shares, part)) for part in _AGES)
    missing = max(0, _LEAST_YEARS - (high - low))
    low = max(0, low - (missing + 1) // 2)
    return AgeRange(low=low, high=max(high + missing // 2, low + _LEAST_YEARS))


def _gender(male: float) -> Gender:
    return Gender(value="male" if male > 0.5 else "female", confidence=max(male, 1 - male))


def _emotions(chances: dict[str, float]) -> list[Emotion]:
    found = [Emotion(name=_CALM.get(name, name), confidence=float(chance)) for name, chance in chances.items()]
    found.sort(key=lambda emotion: -emotion["confidence"])
    if found[0]["confidence"] < 0.5:
        found.insert(0, Emotion(name="unknown", confidence=1 - found[0]["confidence"]))
    return found


def _openness(mesh: Mesh, up: int, down: int, left: int, right: int) -> float:
    points = mesh.points
    width = float(np.linalg.norm(points[left] - points[right]))
    return float(np.linalg.norm(points[up] - points[down])) / max(width, 1e-6)


def _eyes(mesh: Mesh) -> float:
    """The openness of the wider eye: the other one may be turned away."""
    return max(_openness(mesh, eye["up"], eye["down"], eye["left"], eye["right"]) for eye in (LEFT_EYE, RIGHT_EYE))


def _smile(mesh: Mesh, happy: float) -> float:
    """The net's chance, shifted by how far the corners of the mouth lie above its middle."""
    points = mesh.points[:, :2]
    eyes = eye_centres(mesh)
    span = max(float(np.linalg.norm(eyes[1] - eyes[0])), 1e-6)
    down = np.array([-(eyes[1] - eyes[0])[1], (eyes[1] - eyes[0])[0]], np.float32) / span
    lift = float(((points[13] + points[14]) / 2 - (points[61] + points[291]) / 2) @ down) / span
    odds = float(np.log(np.clip(happy, 1e-3, 1 - 1e-3) / (1 - np.clip(happy, 1e-3, 1 - 1e-3))))
    return float(1 / (1 + np.exp(-(odds + _SMILE_LIFT * lift))))


def _eye_direction(mesh: Mesh, pose: Pose) -> EyeDirection:
    """Where the eyes look: the head's direction plus that of the irises in it, as far as they are seen."""
    assert mesh.irises is not None
    turns = []
    for eye, iris in zip((LEFT_EYE, RIGHT_EYE), mesh.irises, strict=True):
        corners = mesh.points[[eye["left"], eye["right"]], :2]
        along = corners[1] - corners[0]
        width = max(float(np.linalg.norm(along)), 1e-6)
        across = np.array([along[1], -along[0]], np.float32) / width  # upwards
        offset = iris - corners.mean(0)
        turns.append((float(offset @ along) / width**2, float(offset @ across) / width))
    sideways, upwards = np.mean(turns, axis=0) * mesh.presence
    return EyeDirection(
        yaw=float(np.clip(pose["yaw"] + _IRIS_DEGREES * sideways, -180, 180)),
        pitch=float(np.clip(pose["pitch"] + _IRIS_DEGREES * upwards, -180, 180)),
        confidence=float(mesh.presence * _step(_eyes(mesh), *_EYE_OPEN)),
    )


def _eye_band(rgb: Pixels, mesh: Mesh) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The grey face, upright, with the eyes at fixed places; and the places of the eyes [2, 2]."""
    eyes = eye_centres(mesh)
    across = eyes[1] - eyes[0]
    span = max(float(np.linalg.norm(across)), 1.0)
    angle = float(np.arctan2(across[1], across[0]))
    cut, _ = crop(rgb, eyes.mean(0), 2.4 * span, angle, _FACE_PIXELS)
    grey = cv2.GaussianBlur(cv2.cvtColor(cut, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 1.0)
    half = _FACE_PIXELS / 2
    reach = _FACE_PIXELS / 2.4 / 2
    return np.asarray(grey, np.float32), np.array([[half - reach, half], [half + reach, half]], np.float32)


def _glasses(rgb: Pixels, mesh: Mesh) -> float:
    """The chance of glasses, by the edges that run across the bridge of the nose, where a bare face has none."""
    grey, eyes = _eye_band(rgb, mesh)
    middle = _FACE_PIXELS // 2
    reach = (eyes[1, 0] - eyes[0, 0]) / 2
    bridge = grey[
        int(middle - 0.45 * reach) : int(middle + 0.45 * reach), int(middle - 0.16 * reach) : int(middle + 0.16 * reach)
    ]
    light = max(float(np.percentile(grey, 75)), 20.0)
    edges = np.abs(np.diff(bridge.mean(1)))
    return _step(float(np.sort(edges)[-3:].mean()) / light, *_BRIDGE)


def _shades(rgb: Pixels, mesh: Mesh) -> float:
    """The chance of sunglasses, by how much darker the eyes' surroundings are than the cheeks below them."""
    grey, eyes = _eye_band(rgb, mesh)
    reach = int((eyes[1, 0] - eyes[0, 0]) / 2)
    ratios = []
    for x, y in eyes.astype(int):
        around = grey[y - reach // 4 : y + reach // 3, x - reach // 2 : x + reach // 2]
        cheek = grey[y + reach : y + reach * 5 // 3, x - reach // 3 : x + reach // 3]
        if around.size and cheek.size:
            ratios.append(float(np.median(around)) / max(float(np.median(cheek)), 8.0))
    return 1 - _step(float(np.mean(ratios)) if ratios else 1.0, *_SHADE)
