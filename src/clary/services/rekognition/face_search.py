"""SearchFaces and SearchFacesByImage."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.engines.vision.contract import Face, Size
from clary.services.rekognition.collections import collection_of
from clary.services.rekognition.errors import InvalidParameterException
from clary.services.rekognition.face_indexes import FaceIndexes
from clary.services.rekognition.face_quality import choose
from clary.services.rekognition.face_store import FaceStore
from clary.services.rekognition.face_views import box, percent
from clary.services.rekognition.faces import face_view
from clary.services.rekognition.pictures import Pictures
from clary.services.rekognition.shelf import INVALID
from clary.services.rekognition.vision import Vision
from clary.storage.records import Records

DEFAULT_THRESHOLD = 80.0
DEFAULT_MOST = 80


class FaceSearch:
    """Finds the faces of a collection that resemble a face.

    Args:
        records: where collections are.
        store: what they hold.
        indexes: the vectors of what they hold.
        pictures: reads pictures.
        vision: looks at them.
    """

    api = "rekognition"

    def __init__(
        self, records: Records, store: FaceStore, indexes: FaceIndexes, pictures: Pictures, vision: Vision
    ) -> None:
        self._records = records
        self._store = store
        self._indexes = indexes
        self._pictures = pictures
        self._vision = vision

    @operation("SearchFaces", resource="collection/{CollectionId}")
    def search(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The faces that resemble one of the same collection, without that one.

        Raises:
            ResourceNotFoundException: there is no such collection.
            InvalidParameterException: it does not hold the face.
        """
        collection = collection_of(self._records, call, request["CollectionId"])
        name, face = collection.body["faces"], request["FaceId"]
        self._indexes.prepare()
        vector = self._indexes.vector(name, face) if self._store.faces(name, [face]) else None
        if vector is None:
            raise no_face(face)
        most = request.get("MaxFaces", DEFAULT_MOST)
        matches = self.matches(name, vector, most + 1, request.get("FaceMatchThreshold", DEFAULT_THRESHOLD))
        return {
            "SearchedFaceId": face,
            "FaceMatches": [match for match in matches if match["Face"]["FaceId"] != face][:most],
            "FaceModelVersion": collection.body["model"],
        }

    @operation("SearchFacesByImage", resource="collection/{CollectionId}")
    def search_by_image(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The faces that resemble the largest face of a picture.

        Raises:
            ResourceNotFoundException: there is no such collection.
            InvalidParameterException: the picture shows no face, or none that is good enough.
            InvalidS3ObjectException, ImageTooLargeException, InvalidImageFormatException: the picture cannot be used.
        """
        collection = collection_of(self._records, call, request["CollectionId"])
        picture = self._pictures.read(call, request["Image"])
        self._indexes.prepare()
        found = self._vision.ask("faces", picture=picture, embeddings=True)
        face = largest_face(found["faces"], found["size"], request.get("QualityFilter", "NONE"))
        threshold = request.get("FaceMatchThreshold", DEFAULT_THRESHOLD)
        most = request.get("MaxFaces", DEFAULT_MOST)
        assert face["embedding"] is not None
        return {
            "SearchedFaceBoundingBox": box(face["box"]),
            "SearchedFaceConfidence": percent(face["confidence"]),
            "FaceMatches": self.matches(collection.body["faces"], face["embedding"], most, threshold),
            "FaceModelVersion": collection.body["model"],
        }

    def matches(self, collection: str, vector: bytes, most: int, threshold: float) -> list[dict[str, Any]]:
        """`FaceMatches`: what resembles a vector, the most similar first.

        Args:
            threshold: the least similarity, 0..100.
        """
        neighbours = self._indexes.search(collection, vector, most, threshold / 100.0)
        faces = self._store.faces(collection, [neighbour["id"] for neighbour in neighbours])
        return [
            {"Similarity": percent(neighbour["similarity"]), "Face": face_view(faces[neighbour["id"]])}
            for neighbour in neighbours
            if neighbour["id"] in faces
        ]


def largest_face(faces: list[Face], size: Size, quality: str) -> Face:
    """The largest face of a picture that is good enough.

    Raises:
        InvalidParameterException: there is none.
    """
    if not faces:
        raise InvalidParameterException("There are no faces in the image. Should be at least 1.")
    taken, left = choose(faces, size, quality, 1)
    if not taken:
        reasons = ", ".join(left[0][1])
        raise InvalidParameterException(f"{INVALID}: no face of the image is good enough to search with: {reasons}.")
    return taken[0]


def no_face(face: str) -> InvalidParameterException:
    """The error for a face that a collection does not hold."""
    return InvalidParameterException(f"{INVALID}: the face id {face} was not found in the collection.")
