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

LENGTH = 1024 + 128
EMBEDDING_BYTES = 2 * LENGTH
"""An embedding is stored as float16, little endian."""
SAME_PERSON = 0.8
"""The similarity from which two faces count as one person's; on no measured set do 1 % of strangers reach it."""
_DESCRIPTION_SHARE = 0.7
_THRESHOLD = 0.475  # the cosine that is called `SAME_PERSON`
_STEEPNESS = 14.0
_MEANS = Path(__file__).with_name("weights") / "face_means.npz"

Array = NDArray[np.float32]


def embed(described: Array, recognised: Array) -> bytes:
    """The embedding of a face, `EMBEDDING_BYTES` long.

    Args:
        described: [2, 1024] FaceRes's vectors of the face and its mirror image.
        recognised: [2, 128] those of dlib's residual net.
    """
    means = _means()
    parts = [
        unit(both_sides(described) - means["face_description"]) * np.float32(np.sqrt(_DESCRIPTION_SHARE)),
        unit(both_sides(recognised) - means["face_recognition"]) * np.float32(np.sqrt(1 - _DESCRIPTION_SHARE)),
    ]
    return pack(np.concatenate(parts))


def both_sides(vectors: Array) -> Array:
    """One vector of length one for a face and its mirror image, [2, n] becoming [n]."""
    return unit(unit(vectors).sum(0))


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
