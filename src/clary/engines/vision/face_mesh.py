"""The shape of a face: 468 points in space (FaceMesh, Kartynnik et al. 2019), the irises, and how the head is held.

Left and right are those of the picture. The mesh's own numbering is MediaPipe's, whose left is the person's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clary.engines.vision.contract import Landmark, Point, Pose
from clary.engines.vision.face_detection import crop
from clary.engines.vision.models import Models
from clary.engines.vision.pictures import Pixels

_PIXELS = 192
_ENLARGED = 1.5  # of the detector's box: the net wants some room around the face
_EYE_PIXELS = 64
_EYE_ENLARGED = 2.3
_EYE_POINTS = 71  # of an eye, in front of the five of its iris

Array = NDArray[np.float32]

LEFT_EYE = {"left": 33, "right": 133, "up": 159, "down": 145}
RIGHT_EYE = {"left": 362, "right": 263, "up": 386, "down": 374}
_PLACES = {
    "nose": 1, "mouthLeft": 61, "mouthRight": 291,
    "leftEyeBrowLeft": 70, "leftEyeBrowRight": 55, "leftEyeBrowUp": 105,
    "rightEyeBrowLeft": 285, "rightEyeBrowRight": 300, "rightEyeBrowUp": 334,
    "leftEyeLeft": 33, "leftEyeRight": 133, "leftEyeUp": 159, "leftEyeDown": 145,
    "rightEyeLeft": 362, "rightEyeRight": 263, "rightEyeUp": 386, "rightEyeDown": 374,
    "noseLeft": 48, "noseRight": 278, "mouthUp": 0, "mouthDown": 17,
    "upperJawlineLeft": 234, "midJawlineLeft": 172, "chinBottom": 152, "midJawlineRight": 397, "upperJawlineRight": 454,
}  # fmt: skip
MAIN = ("eyeLeft", "eyeRight", "mouthLeft", "mouthRight", "nose")
LANDMARKS = (*MAIN, *(name for name in _PLACES if name not in MAIN), "leftPupil", "rightPupil")
"""The thirty landmarks."""


@dataclass(frozen=True, slots=True)
class Mesh:
    """A face's points.

    Attributes:
        points: [468, 3] in pixels of the picture; the third grows away from the camera.
        presence: how sure the net is that a face is there, 0..1.
        irises: [2, 2] centres, the left one first; None where they were not asked for.
        angle: by how much the face is turned clockwise, in radians.
    """

    points: Array
    presence: float
    irises: Array | None
    angle: float


def roll_of(points: Array) -> float:
    """How far a face with these six points of the detector is turned clockwise, in radians."""
    across = points[1] - points[0]
    return float(np.arctan2(across[1], across[0]))


def shape(models: Models, rgb: Pixels, box: Array, points: Array, irises: bool = False) -> Mesh:
    """The mesh of a detected face.

    Args:
        models: where the nets come from.
        rgb: the picture.
        box: [4] left, top, right, bottom in pixels.
        points: [6, 2] of the detector.
        irises: whether the eyes are looked at closely.
    """
    angle = roll_of(points)
    centre = ((box[:2] + box[2:]) / 2).astype(np.float32)
    side = _ENLARGED * float(max(box[2:] - box[:2]))
    cut, back = crop(rgb, centre, max(side, 1.0), angle, _PIXELS)
    answers = models["face_mesh"](cut[None].astype(np.float32) / np.float32(255))
    presence, _, flat = sorted(answers, key=lambda answer: answer.size)
    mesh = flat.reshape(-1, 3)
    scale = side / _PIXELS
    flat_points = mesh[:, :2] @ back[:, :2].T + back[:, 2]
    found = np.concatenate([flat_points, mesh[:, 2:] * np.float32(scale)], 1).astype(np.float32)
    centres = _irises(models, rgb, found, angle) if irises else None
    return Mesh(found, float(presence.reshape(-1)[0]), centres, angle)


def _irises(models: Models, rgb: Pixels, points: Array, angle: float) -> Array:
    """The centres of both irises; the net knows eyes of one side, so the other one is mirrored."""
    cuts, ways = [], []
    for eye, mirrored in ((LEFT_EYE, False), (RIGHT_EYE, True)):
        corners = points[[eye["left"], eye["right"]], :2]
        side = _EYE_ENLARGED * float(np.linalg.norm(corners[1] - corners[0]))
        cut, back = crop(rgb, corners.mean(0), max(side, 2.0), angle, _EYE_PIXELS)
        cuts.append(cut[:, ::-1] if mirrored else cut)
        ways.append(back)
    (answer,) = models["iris"](np.stack(cuts).astype(np.float32) / np.float32(255))
    centres = answer.reshape(2, -1, 3)[:, _EYE_POINTS, :2].copy()
    centres[1, 0] = _EYE_PIXELS - centres[1, 0]
    return np.stack([back[:, :2] @ centre + back[:, 2] for centre, back in zip(centres, ways, strict=True)])


def pose_of(mesh: Mesh) -> Pose:
    """How the head is held, by the axes from brow to chin and from ear to ear."""
    points = mesh.points
    down = _unit(points[152] - points[10])
    right = _unit(points[454] - points[234])
    forward = _unit(np.cross(down, right))  # towards the camera where the face looks at it
    right = np.cross(forward, down)
    yaw = float(np.degrees(np.arctan2(-right[2], np.hypot(right[0], right[1]))))
    pitch = float(np.degrees(np.arctan2(forward[1], max(1e-6, np.hypot(forward[0], forward[2])))))
    roll = float(np.degrees(np.arctan2(right[1], right[0])))
    return Pose(roll=roll, yaw=-yaw, pitch=-pitch)


def _unit(vector: Array) -> Array:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6), np.float32)


def eye_centres(mesh: Mesh) -> Array:
    """[2, 2] the middles of both eyes in pixels, the left one first."""
    return np.stack([mesh.points[[eye["left"], eye["right"]], :2].mean(0) for eye in (LEFT_EYE, RIGHT_EYE)])


def landmarks_of(mesh: Mesh, width: int, height: int, all_of_them: bool) -> list[Landmark]:
    """The landmarks as ratios of a picture of that size: the main five, or all."""
    eyes = eye_centres(mesh)
    irises = eyes if mesh.irises is None else mesh.irises
    special = {"eyeLeft": eyes[0], "eyeRight": eyes[1], "leftPupil": irises[0], "rightPupil": irises[1]}
    names = LANDMARKS if all_of_them else MAIN
    found = []
    for name in names:
        place = special[name] if name in special else mesh.points[_PLACES[name], :2]
        point = Point(x=float(place[0]) / width, y=float(place[1]) / height)
        found.append(Landmark(name=name, x=point["x"], y=point["y"]))
    return found
