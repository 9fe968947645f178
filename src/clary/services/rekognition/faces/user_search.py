"""SearchUsers and SearchUsersByImage."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.rekognition.errors import InvalidParameterException, ResourceNotFoundException
from clary.services.rekognition.face_views import face_detail, percent, wanted
from clary.services.rekognition.faces.face_quality import BARS, shortcomings
from clary.services.rekognition.faces.face_search import largest_face
from clary.services.rekognition.faces.holdings import Holdings
from clary.services.rekognition.faces.users import no_user, users_of
from clary.services.rekognition.shelf import INVALID
from clary.services.rekognition.sight import Sight
from clary.storage.records import Record

DEFAULT_THRESHOLD = 80.0
DEFAULT_MOST = 500


class UserSearch:
    """Finds the users of a collection that resemble a face.

    Args:
        held: collections and what they hold.
        sight: reads pictures and looks at them.
    """

    api = "rekognition"

    def __init__(self, held: Holdings, sight: Sight) -> None:
        self._held = held
        self._sight = sight

    @operation("SearchUsers", resource="collection/{CollectionId}")
    def search(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The users that resemble a face or another user of the same collection.

        Raises:
            ResourceNotFoundException: there is no such collection, face or user.
            InvalidParameterException: neither or both are named, or the user has no faces.
        """
        if ("UserId" in request) == ("FaceId" in request):
            raise InvalidParameterException(f"{INVALID}: name either UserId or FaceId.")
        collection = self._held.collection(call, request["CollectionId"])
        self._held.indexes.prepare()
        answer: dict[str, Any] = {"FaceModelVersion": collection.body["model"]}
        user = request.get("UserId", "")
        if user:
            vector = self._of_user(collection, user)
            answer["SearchedUser"] = {"UserId": user}
        else:
            vector = self._of_face(collection, request["FaceId"])
            answer["SearchedFace"] = {"FaceId": request["FaceId"]}
        answer["UserMatches"] = self._matches(collection, vector, request, but=user)
        return answer

    @operation("SearchUsersByImage", resource="collection/{CollectionId}")
    def search_by_image(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The users that resemble the largest face of a picture; the other faces are told with why they were left.

        Raises:
            ResourceNotFoundException: there is no such collection.
            InvalidParameterException: the picture shows no face, or none that is good enough.
            InvalidS3ObjectException, ImageTooLargeException, InvalidImageFormatException: the picture cannot be used.
        """
        collection = self._held.collection(call, request["CollectionId"])
        self._held.indexes.prepare()
        found = self._sight.look(call, request["Image"], "faces", embeddings=True)
        quality = request.get("QualityFilter", "NONE")
        face = largest_face(found["faces"], found["size"], quality)
        attributes = wanted(None)
        others = [
            (other, shortcomings(other, found["size"], BARS[quality]) or ["FACE_NOT_LARGEST"])
            for other in found["faces"]
            if other is not face
        ]
        assert face["embedding"] is not None
        return {
            "UserMatches": self._matches(collection, face["embedding"], request),
            "FaceModelVersion": collection.body["model"],
            "SearchedFace": {"FaceDetail": face_detail(face, attributes)},
            "UnsearchedFaces": [
                {"FaceDetails": face_detail(other, attributes), "Reasons": reasons} for other, reasons in others
            ],
        }

    def _of_user(self, collection: Record, user: str) -> bytes:
        if self._held.store.user(collection.body["faces"], user) is None:
            raise no_user(user)
        vector = self._held.indexes.user_vector(collection.body["faces"], user)
        if vector is None:
            raise InvalidParameterException(f"{INVALID}: the user {user} has no faces to search with.")
        return vector

    def _of_face(self, collection: Record, face: str) -> bytes:
        name = collection.body["faces"]
        vector = self._held.indexes.vector(name, face) if self._held.store.faces(name, [face]) else None
        if vector is None:
            raise ResourceNotFoundException(f"The face id: {face} does not exist in the collection {collection.name}")
        return vector

    def _matches(
        self, collection: Record, vector: bytes, request: dict[str, Any], but: str = ""
    ) -> list[dict[str, Any]]:
        most = request.get("MaxUsers", DEFAULT_MOST)
        least = request.get("UserMatchThreshold", DEFAULT_THRESHOLD) / 100.0
        found = self._held.indexes.search_users(collection.body["faces"], vector, most + bool(but), least)
        users = users_of(self._held.store, collection, [neighbour["id"] for neighbour in found])
        return [
            {
                "Similarity": percent(neighbour["similarity"]),
                "User": {"UserId": neighbour["id"], "UserStatus": users[neighbour["id"]].status},
            }
            for neighbour in found
            if neighbour["id"] in users and neighbour["id"] != but
        ][:most]
