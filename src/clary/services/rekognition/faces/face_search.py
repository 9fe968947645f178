"""SearchFaces and SearchFacesByImage."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.engines.vision.contract import Face, Size
from clary.services.rekognition.errors import InvalidParameterException
from clary.services.rekognition.face_views import box, percent
from clary.services.rekognition.faces.face_quality import choose
from clary.services.rekognition.faces.faces import face_view
from clary.services.rekognition.faces.holdings import Holdings
from clary.services.rekognition.shelf import INVALID
from clary.services.rekognition.sight import Sight

DEFAULT_THRESHOLD = 80.0
DEFAULT_MOST = 80


class FaceSearch:
    """Finds the faces of a collection that resemble a face.

    Args:
        held: collections and what they hold.
        sight: reads pictures and looks at them.
    """

    api = "rekognition"

    def __init__(self, held: Holdings, sight: Sight) -> None:
        self._held = held
        self._sight = sight

    @operation("SearchFaces", resource="collection/{CollectionId}")
    def search(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The faces that resemble one of the same collection, without that one.

        Raises:
            ResourceNotFoundException: there is no such collection.
            InvalidParameterException: it does not hold the face.
        """
        collection = self._held.collection(call, request["CollectionId"])
        name, face = collection.body["faces"], request["FaceId"]
        self._held.indexes.prepare()
        vector = self._held.indexes.vector(name, face) if self._held.store.faces(name, [face]) else None
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
        collection = self._held.collection(call, request["CollectionId"])
        self._held.indexes.prepare()
        found = self._sight.look(call, request["Image"], "faces", embeddings=True)
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
        neighbours = self._held.indexes.search(collection, vector, most, threshold / 100.0)
        faces = self._held.store.faces(collection, [neighbour["id"] for neighbour in neighbours])
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
