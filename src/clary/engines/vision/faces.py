"""Faces as users see them: found, confirmed, described and made comparable."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.vision import face_attributes, face_embedding
from clary.engines.vision.boxes import covered, to_box
from clary.engines.vision.contract import Face, FaceQuality, Pose
from clary.engines.vision.face_detection import Found, crop, find
from clary.engines.vision.face_mesh import LANDMARKS, Mesh, landmarks_of, pose_of, roll_of, shape
from clary.engines.vision.face_reading import Reading, read
from clary.engines.vision.models import Models
from clary.engines.vision.pictures import Picture, Pixels
from clary.engines.vision.properties import sharpness

__all__ = ["LANDMARKS", "all_faces"]

_CANDIDATE = 0.35  # the detector's score from which the mesh is asked
_CONVINCED = 0.6  # from here the detector alone is enough: of a bowed head or a profile the mesh sees nothing
_CONFIRMED = 0.6  # the mesh's presence that makes a candidate a face
_PART = 0.5  # of a box that lies in a surer, larger face: a part of that face
_PROFILE = 0.5  # below this presence the pose is read from the detector's six points
_QUALITY_PIXELS = 112
_WIDEST_TURN = 80.0


@dataclass(frozen=True, slots=True)
class _Seen:
    """A face in pixels of the picture."""

    box: NDArray[np.float32]
    points: NDArray[np.float32]
    mesh: Mesh
    confidence: float


def all_faces(models: Models, picture: Picture, attributes: bool = False, embeddings: bool = False) -> list[Face]:
    """The faces of a picture, the largest first.

    Args:
        models: where the nets come from.
        picture: any.
        attributes: whether all thirty landmarks and the attributes are wanted.
        embeddings: whether the vectors for comparisons are wanted.
    """
    seen = _confirmed(models, picture, _whole(find(models, picture, _CANDIDATE)), attributes)
    readings = read(models, picture.rgb, [one.mesh for one in seen], attributes, embeddings)
    return models.side_by_side(
        [partial(_face, picture, one, reading, attributes) for one, reading in zip(seen, readings, strict=True)]
    )


def _whole(found: Found) -> Found:
    """Without the boxes that are a part of a surer, larger face."""
    inside = covered(found.boxes, found.boxes)
    kept = [
        number
        for number in range(len(found.scores))
        if not any(
            inside[number, other] > _PART and found.scores[other] > found.scores[number]
            for other in range(number)  # the larger ones come first
        )
    ]
    return Found(found.boxes[kept], found.points[kept], found.scores[kept])


def _confirmed(models: Models, picture: Picture, found: Found, irises: bool) -> list[_Seen]:
    meshes = models.side_by_side(
        [
            partial(shape, models, picture.rgb, box, points, irises)
            for box, points in zip(found.boxes, found.points, strict=True)
        ]
    )
    return [
        _Seen(box, points, mesh, float(1 - (1 - score) * (1 - 0.95 * mesh.presence)))
        for box, points, score, mesh in zip(found.boxes, found.points, found.scores, meshes, strict=True)
        if score >= _CONVINCED or mesh.presence >= _CONFIRMED
    ]


def _face(picture: Picture, seen: _Seen, reading: Reading, attributes: bool) -> Face:
    width, height = picture.width, picture.height
    mesh, vectors = seen.mesh, reading.recognised
    pose = pose_of(mesh) if mesh.presence >= _PROFILE else _pose_of_points(seen.points)
    described = None if vectors is None or reading.described is None else (reading.described.vectors, vectors)
    return Face(
        box=to_box(seen.box, width, height),
        confidence=seen.confidence,
        landmarks=landmarks_of(mesh, width, height, attributes),
        pose=pose,
        quality=_quality(picture.rgb, seen.box),
        attributes=face_attributes.attributes(reading, picture.rgb, mesh, pose) if attributes else None,
        embedding=None if described is None else face_embedding.embed(*described),
    )


def _pose_of_points(points: NDArray[np.float32]) -> Pose:
    """A rough pose by the detector's six points: how far the nose lies from the middle of the ears."""
    roll = roll_of(points)
    turn = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]], np.float32)
    left_eye, right_eye, nose, mouth, left_ear, right_ear = points @ turn.T
    half = max(abs(float(right_ear[0] - left_ear[0])) / 2, abs(float(mouth[1] - left_eye[1])) / 2, 1e-6)
    sideways = float(nose[0] - (left_ear[0] + right_ear[0]) / 2) / half
    eyes_y, mouth_y = float(left_eye[1] + right_eye[1]) / 2, float(mouth[1])
    upwards = 0.55 - (float(nose[1]) - eyes_y) / max(mouth_y - eyes_y, 1e-6)
    return Pose(
        roll=float(np.degrees(roll)),
        yaw=float(np.clip(np.degrees(np.arcsin(np.clip(sideways, -1, 1))), -_WIDEST_TURN, _WIDEST_TURN)),
        pitch=float(np.clip(90 * upwards, -_WIDEST_TURN, _WIDEST_TURN)),
    )


def _quality(rgb: Pixels, box: NDArray[np.float32]) -> FaceQuality:
    """Lightness and sharpness of a face at one size, so that an enlarged small face counts as blurred."""
    side = max(float(max(box[2:] - box[:2])), 1.0)
    cut, _ = crop(rgb, ((box[:2] + box[2:]) / 2).astype(np.float32), side, 0.0, _QUALITY_PIXELS)
    grey = np.asarray(cv2.cvtColor(cut, cv2.COLOR_RGB2GRAY), np.uint8)
    return FaceQuality(brightness=float(grey.mean() / 2.55), sharpness=sharpness(grey))
