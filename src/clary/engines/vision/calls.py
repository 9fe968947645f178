"""The calls that the vision engine answers; `contract.py` says what their values mean and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from clary.engines.vision.contract import (
    FaceComparison,
    Faces,
    Labels,
    Moderation,
    Neighbour,
    PeoplesEquipment,
    Properties,
    Texts,
)


class VisionEngine(Protocol):
    """The methods of the engine host `vision`, safe to be called from several threads at once.

    All but the index's are pure: the same bytes get the same answer. The models load at their first use and stay.
    """

    def labels(self, picture: bytes, properties: bool = False, colours: bool = False) -> Labels:
        """What the picture shows, with every label above confidence 0.05; filters and limits are the caller's.

        Args:
            picture: a JPEG or PNG file.
            properties: whether the picture's quality and colours are wanted.
            colours: whether each instance's colours are wanted.
        """

    def faces(self, picture: bytes, attributes: bool = False, embeddings: bool = False) -> Faces:
        """All faces, at most 100, the largest first."""

    def compare_faces(self, source: bytes, target: bytes) -> FaceComparison:
        """The source's largest face against every face of the target.

        Raises:
            Refused: `no-face`, details `picture="source"`, where the source shows none.
        """

    def face_similarity(self, one: bytes, other: bytes) -> float:
        """How much two embeddings resemble each other, 0..1; at least 0.8 is the same person, see `compare_faces`."""

    def mean_embedding(self, embeddings: Sequence[bytes]) -> bytes:
        """One embedding for several pictures of one person (a user of a collection)."""

    def index_add(self, index: str, ids: Sequence[str], embeddings: Sequence[bytes]) -> None:
        """Puts vectors into an index, which begins with its first; on disk when it returns. An id there is replaced."""

    def index_remove(self, index: str, ids: Sequence[str]) -> None:
        """Takes vectors out, from the disk too, before it returns; unknown ids are ignored."""

    def index_drop(self, index: str) -> None:
        """Removes a whole index from the disk; one that is not there is ignored."""

    def index_ids(self, index: str) -> list[str]:
        """The ids that an index holds, in the order they came."""

    def index_vector(self, index: str, vector_id: str) -> bytes | None:
        """The embedding of an id, None where the index does not hold it."""

    def index_search(self, index: str, embedding: bytes, limit: int, least: float = 0.0) -> list[Neighbour]:
        """The most similar vectors, the most similar first; the vector of the question itself is among them.

        Args:
            index: an index; one that is not there is empty.
            embedding: the question.
            limit: how many at most, 1..4096.
            least: the least similarity of an answer, 0..1.
        """

    def moderation(self, picture: bytes) -> Moderation:
        """What not everybody should see, every label above confidence 0.05."""

    def text(self, picture: bytes) -> Texts:
        """The lines and words of a scene, at most 100 words."""

    def protective_equipment(self, picture: bytes) -> PeoplesEquipment:
        """Persons and what covers their faces, heads and hands."""

    def features(self, picture: bytes) -> bytes:
        """The picture as float32 numbers (little endian), for classifiers that users train."""

    def colours(self, picture: bytes) -> Properties:
        """The picture's quality and dominant colours alone."""
