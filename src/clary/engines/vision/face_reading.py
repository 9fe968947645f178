"""What the nets say of faces, before it is interpreted: ages, expressions, and the raw vectors that tell persons apart.

Each net is asked once for a face, whatever is wanted of its answer. The faces of a picture are read side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.vision.face_api import EXPRESSION_PIXELS, EXPRESSIONS
from clary.engines.vision.face_detection import crop
from clary.engines.vision.face_mesh import Mesh, eye_centres
from clary.engines.vision.models import Models
from clary.engines.vision.pictures import Pixels

Array = NDArray[np.float32]

_DESCRIPTION_PIXELS = 224
_RECOGNITION_PIXELS = 150
_ENLARGED = 1.15  # of the square around the mesh
_EMOTION_PIXELS = 64
_EMOTIONS = ("angry", "disgusted", "fear", "happy", "sad", "surprised", "neutral")
_EXPRESSION_SHARE = 0.7  # of the first of two nets, which is the better one by far
_GREY = np.array([0.2989, 0.5870, 0.1140], np.float32)


@dataclass(frozen=True, slots=True)
class Described:
    """FaceRes's answer.

    Attributes:
        ages: [100] the chance of each year.
        male: 0..1.
        vectors: [1 or 2, 1024] of the face, and of its mirror image where vectors are wanted.
    """

    ages: Array
    male: float
    vectors: Array


@dataclass(frozen=True, slots=True)
class Reading:
    """The answers for one face; None where they were not asked for.

    Attributes:
        described: FaceRes's.
        recognised: [2, 128] dlib's residual net's, for the face and its mirror image.
        expressions: the chance of each of `EXPRESSIONS`.
    """

    described: Described | None = None
    recognised: Array | None = None
    expressions: dict[str, float] | None = None


def read(models: Models, rgb: Pixels, meshes: Sequence[Mesh], attributes: bool, vectors: bool) -> list[Reading]:
    """The readings of a picture's faces, in their order.

    Args:
        models: where the nets come from.
        rgb: the picture.
        meshes: of the faces.
        attributes: whether ages and expressions are wanted.
        vectors: whether the raw vectors are wanted.
    """
    if not attributes and not vectors:
        return [Reading()] * len(meshes)
    count = len(meshes)
    faces = [upright(rgb, mesh, _DESCRIPTION_PIXELS) for mesh in meshes]
    jobs: list[Callable[[], object]] = [partial(_described, models, face, vectors) for face in faces]
    if vectors:
        jobs += [partial(_recognised, models, rgb, mesh) for mesh in meshes]
    if attributes:
        jobs += [partial(_expressions, models, face) for face in faces]
    answers = models.side_by_side(jobs)
    parts = [answers[start : start + count] for start in range(0, len(answers), count)] if count else []
    names = ["described", *(["recognised"] if vectors else []), *(["expressions"] if attributes else [])]
    return [Reading(**dict(zip(names, each, strict=True))) for each in zip(*parts, strict=True)]


def upright(rgb: Pixels, mesh: Mesh, pixels: int) -> Pixels:
    """The face, eyes level, as a square of that many pixels."""
    eyes = eye_centres(mesh)
    across = eyes[1] - eyes[0]
    angle = float(np.arctan2(across[1], across[0]))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
    turned = mesh.points[:, :2] @ turn.T
    low, high = turned.min(0), turned.max(0)
    centre = turn.T @ ((low + high) / 2)
    side = max(float((high - low).max()), 1.0) * _ENLARGED
    return crop(rgb, centre.astype(np.float32), side, angle, pixels)[0]


def _described(models: Models, face: Pixels, mirrored: bool) -> Described:
    """Age, gender and FaceRes's vector of an upright face; with the mirror image's where `mirrored`."""
    faces = _with_mirror_image(face) if mirrored else face[None].astype(np.float32)
    ages, genders, vectors = models["face_description"](faces)
    return Described(ages[0], float(genders.reshape(-1)[0]), vectors)


def _recognised(models: Models, rgb: Pixels, mesh: Mesh) -> Array:
    """[2, 128] the residual net's vectors of a face and its mirror image."""
    return models["face_recognition"](_with_mirror_image(upright(rgb, mesh, _RECOGNITION_PIXELS)))[-1]


def _expressions(models: Models, face: Pixels) -> dict[str, float]:
    """The chance of each expression of an upright face, by both nets."""
    small = cv2.resize(face, (EXPRESSION_PIXELS, EXPRESSION_PIXELS), interpolation=cv2.INTER_AREA)
    (one,) = models["face_expression"](small[None].astype(np.float32))
    tiny = cv2.resize(face, (_EMOTION_PIXELS, _EMOTION_PIXELS), interpolation=cv2.INTER_AREA)
    grey = (tiny.astype(np.float32) @ _GREY) / np.float32(255)
    (other,) = models["emotion"](((grey - np.float32(0.5)) * np.float32(2))[None, :, :, None])
    by_name = dict(zip(EXPRESSIONS, one[0].tolist(), strict=True))
    for name, chance in zip(_EMOTIONS, other[0].tolist(), strict=True):
        by_name[name] = _EXPRESSION_SHARE * by_name[name] + (1 - _EXPRESSION_SHARE) * chance
    return by_name


def _with_mirror_image(face: Pixels) -> Array:
    return np.stack([face, face[:, ::-1]]).astype(np.float32)
