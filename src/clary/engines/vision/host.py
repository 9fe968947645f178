"""The vision engine as its process offers it: each public method of `Vision` is a call; see `calls.VisionEngine`.

A picture is decoded once for each call. Models load at their first use and are kept. All methods may be called by
several threads at once.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock

import numpy as np

from clary.engines.documents.ocr import Ocr
from clary.engines.heap import share_freed_memory
from clary.engines.refusals import Refused
from clary.engines.vision import face_embedding, objects, pictures
from clary.engines.vision.calls import VisionEngine
from clary.engines.vision.contract import (
    Face,
    FaceComparison,
    FaceMatch,
    Faces,
    Labels,
    Moderation,
    Neighbour,
    PeoplesEquipment,
    Properties,
    Texts,
)
from clary.engines.vision.face_index import FaceIndexes
from clary.engines.vision.faces import all_faces
from clary.engines.vision.feature_maps import summary
from clary.engines.vision.labels import labels_of
from clary.engines.vision.models import Models
from clary.engines.vision.moderation import moderation_labels
from clary.engines.vision.pictures import Picture
from clary.engines.vision.properties import properties as properties_of
from clary.engines.vision.protective_equipment import equipped_persons
from clary.engines.vision.scene_text import texts

MODEL = "1.0"
_THINGS = 0.3  # the confidence from which an object counts as foreground
_FEATURES_SIDE = 224
_MOST_NEIGHBOURS = 4096


class Vision:
    """Answers for pictures, and keeps indexes of faces.

    Args:
        models: where the nets come from.
        indexes: the folder of the face indexes; the variable `CLARY_FACE_INDEXES` where it is not given.
    """

    def __init__(self, models: Models | None = None, indexes: Path | None = None) -> None:
        self._models = models or Models()
        self._indexes = FaceIndexes(
            indexes or Path(os.environ.get("CLARY_FACE_INDEXES", "~/face-indexes")).expanduser()
        )
        self._reading = Lock()

    @cached_property
    def _ocr(self) -> Ocr:
        return Ocr()

    def labels(self, picture: bytes, properties: bool = False, colours: bool = False) -> Labels:
        """What the picture shows, with every label above confidence 0.05."""
        decoded = _decoded(picture)
        found = objects.detect(self._models, decoded)
        things = found.boxes[objects.confidences(found.scores) >= _THINGS]
        return Labels(
            size=decoded.size,
            labels=labels_of(found, decoded, colours),
            properties=properties_of(decoded, things) if properties else None,
            model=MODEL,
        )

    def colours(self, picture: bytes) -> Properties:
        """The picture's quality and dominant colours alone."""
        decoded = _decoded(picture)
        found = objects.detect(self._models, decoded, objects.SIDES[:1])
        return properties_of(decoded, found.boxes[objects.confidences(found.scores) >= _THINGS])

    def faces(self, picture: bytes, attributes: bool = False, embeddings: bool = False) -> Faces:
        """All faces, at most 100, the largest first."""
        decoded = _decoded(picture)
        return Faces(size=decoded.size, faces=all_faces(self._models, decoded, attributes, embeddings), model=MODEL)

    def compare_faces(self, source: bytes, target: bytes) -> FaceComparison:
        """The source's largest face against every face of the target.

        Raises:
            Refused: `no-face`, where the source shows none.
        """
        one, other = _decoded(source), _decoded(target)
        faces = all_faces(self._models, one, embeddings=True)
        if not faces:
            raise Refused("no-face", "The source picture shows no face.", picture="source")
        matches = [
            FaceMatch(similarity=_similarity(faces[0], face), face=face)
            for face in all_faces(self._models, other, embeddings=True)
        ]
        matches.sort(key=lambda match: -match["similarity"])
        return FaceComparison(
            source=faces[0], source_size=one.size, target_size=other.size, matches=matches, model=MODEL
        )

    def face_similarity(self, one: bytes, other: bytes) -> float:
        """How much two embeddings resemble each other, 0..1; from `face_embedding.SAME_PERSON` one person's."""
        cosine = face_embedding.unpack(one) @ face_embedding.unpack(other)
        return float(face_embedding.similarity(np.array([cosine], np.float32))[0])

    def mean_embedding(self, embeddings: Sequence[bytes]) -> bytes:
        """One embedding for several pictures of one person."""
        return face_embedding.mean(list(embeddings))

    def index_add(self, index: str, ids: Sequence[str], embeddings: Sequence[bytes]) -> None:
        """Puts vectors into an index, which begins with its first; on disk when it returns."""
        opened = self._indexes.open(index, create=True)
        assert opened is not None
        opened.add(ids, embeddings)

    def index_remove(self, index: str, ids: Sequence[str]) -> None:
        """Takes vectors out, from the disk too; unknown ids are ignored."""
        opened = self._indexes.open(index)
        if opened is not None:
            opened.remove(ids)

    def index_drop(self, index: str) -> None:
        """Removes a whole index from the disk."""
        self._indexes.drop(index)

    def index_ids(self, index: str) -> list[str]:
        """The ids that an index holds, in the order they came."""
        opened = self._indexes.open(index)
        return [] if opened is None else opened.ids()

    def index_vector(self, index: str, vector_id: str) -> bytes | None:
        """The embedding of an id, None where the index does not hold it."""
        opened = self._indexes.open(index)
        return None if opened is None else opened.vector(vector_id)

    def index_search(self, index: str, embedding: bytes, limit: int, least: float = 0.0) -> list[Neighbour]:
        """The most similar vectors, the most similar first."""
        opened = self._indexes.open(index)
        return [] if opened is None else opened.search(embedding, max(1, min(limit, _MOST_NEIGHBOURS)), least)

    def moderation(self, picture: bytes) -> Moderation:
        """What not everybody should see, every label above confidence 0.05."""
        decoded = _decoded(picture)
        return Moderation(size=decoded.size, labels=moderation_labels(self._models, decoded), model=MODEL)

    def text(self, picture: bytes) -> Texts:
        """The lines and words of a scene, at most 100 words."""
        decoded = _decoded(picture)
        with self._reading:
            ocr = self._ocr
        return Texts(size=decoded.size, texts=texts(ocr, decoded), model=MODEL)

    def protective_equipment(self, picture: bytes) -> PeoplesEquipment:
        """Persons and what covers their faces, heads and hands."""
        decoded = _decoded(picture)
        return PeoplesEquipment(size=decoded.size, persons=equipped_persons(self._models, decoded), model=MODEL)

    def features(self, picture: bytes) -> bytes:
        """The picture as float32 numbers (little endian), for classifiers that users train."""
        return summary(self._models, _decoded(picture), _FEATURES_SIDE).astype("<f4").tobytes()


def _decoded(picture: bytes | pictures.Pixels) -> Picture:
    """A picture; a program that runs the engine in its own process may hand over pixels."""
    return pictures.from_pixels(picture) if isinstance(picture, np.ndarray) else pictures.decode(picture)


def _similarity(one: Face, other: Face) -> float:
    assert one["embedding"] is not None and other["embedding"] is not None
    cosine = face_embedding.unpack(one["embedding"]) @ face_embedding.unpack(other["embedding"])
    return float(face_embedding.similarity(np.array([cosine], np.float32))[0])


def load() -> VisionEngine:
    """The engine, for its host."""
    share_freed_memory()
    return Vision()
