"""Faces as vectors: what two pictures of one person have in common.

Two nets look at the same upright face and at its mirror image: FaceRes (1,024 numbers before its age and gender heads)
and dlib's residual net (128). Each is centred on the mean of many faces, without which all faces resemble one another,
and by other amounts in other pictures; then both are weighed into one vector of length one. So a single threshold
serves grey studio pictures, press photos and made-up faces alike.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clary.engines.refusals import Refused
from clary.engines.vision.face_detection import crop
from clary.engines.vision.face_mesh import Mesh, eye_centres
from clary.engines.vision.models import Models
from clary.engines.vision.pictures import Pixels

LENGTH = 1024 + 128
EMBEDDING_BYTES = 2 * LENGTH
"""An embedding is stored as float16, little endian."""
SAME_PERSON = 0.8
"""The similarity from which two faces count as one person's; on no measured set do 1 % of strangers reach it."""
DESCRIPTION_PIXELS = 224
_RECOGNITION_PIXELS = 150
_ENLARGED = 1.15  # of the square around the mesh
_DESCRIPTION_SHARE = 0.7
_THRESHOLD = 0.475  # the cosine that is called `SAME_PERSON`
_STEEPNESS = 14.0
_MEANS = Path(__file__).with_name("weights") / "face_means.npz"

Array = NDArray[np.float32]


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


def embed(models: Models, rgb: Pixels, mesh: Mesh) -> bytes:
    """The embedding of a face, `EMBEDDING_BYTES` long."""
    parts = []
    means = _means()
    for model, pixels, share in (
        ("face_description", DESCRIPTION_PIXELS, _DESCRIPTION_SHARE),
        ("face_recognition", _RECOGNITION_PIXELS, 1 - _DESCRIPTION_SHARE),
    ):
        face = upright(rgb, mesh, pixels)
        raw = models[model](np.stack([face, face[:, ::-1]]).astype(np.float32))[-1]
        parts.append(unit(unit(unit(raw).sum(0)) - means[model]) * np.float32(np.sqrt(share)))
    return pack(np.concatenate(parts))


def similarity(cosines: Array) -> Array:
    """Cosines of embeddings as similarities, 0..1."""
    shift = _THRESHOLD - np.log(SAME_PERSON / (1 - SAME_PERSON)) / _STEEPNESS
    return np.asarray(1 / (1 + np.exp(-_STEEPNESS * (cosines - shift))), np.float32)


def cosine_of(similar: float) -> float:
    """The cosine that a similarity stands for."""
    clipped = min(max(similar, 1e-6), 1 - 1e-6)
    shift = _THRESHOLD - np.log(SAME_PERSON / (1 - SAME_PERSON)) / _STEEPNESS
    return float(shift + np.log(clipped / (1 - clipped)) / _STEEPNESS)


def mean(embeddings: list[bytes]) -> bytes:
    """One embedding for several of one person.

    Raises:
        Refused: `invalid-embedding`; there is none, or one is not an embedding.
    """
    if not embeddings:
        raise Refused("invalid-embedding", "A mean needs an embedding.")
    return pack(unit(np.stack([unpack(one) for one in embeddings]).sum(0)))


def pack(vector: Array) -> bytes:
    """A vector as it is stored."""
    return vector.astype("<f2").tobytes()


def unpack(embedding: bytes) -> Array:
    """A stored vector, of length one again.

    Raises:
        Refused: `invalid-embedding`; it has another size.
    """
    if len(embedding) != EMBEDDING_BYTES:
        raise Refused("invalid-embedding", f"An embedding has {EMBEDDING_BYTES} bytes, not {len(embedding)}.")
    return unit(np.frombuffer(embedding, "<f2").astype(np.float32))


def unit(vectors: Array) -> Array:
    """Vectors of length one in the same directions."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), np.float32)


@cache
def _means() -> dict[str, Array]:
    with np.load(_MEANS) as file:
        return {name: file[name].astype(np.float32) for name in file.files}
