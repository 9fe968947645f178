"""Faces of collections: indexing, listing and deleting them."""

from __future__ import annotations

import hashlib
import sqlite3
import uuid
from collections.abc import Sequence
from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.core.pages import InvalidToken, decode_token, encode_token
from clary.engines.vision.contract import Face
from clary.services.rekognition.errors import InvalidPaginationTokenException, ServiceQuotaExceededException
from clary.services.rekognition.face_views import (
    box,
    face_detail,
    needs_attributes,
    orientation_correction,
    percent,
    wanted,
)
from clary.services.rekognition.faces.face_quality import MOST_FACES, choose
from clary.services.rekognition.faces.face_store import StoredFace
from clary.services.rekognition.faces.holdings import Holdings, no_collection
from clary.services.rekognition.names import FACE_MODEL_VERSION
from clary.services.rekognition.sight import Sight
from clary.storage.records import Record

MOST_FACES_OF_COLLECTION = 20_000_000
_DEFAULT_PAGE = 1000
_SAME_BOX = 1e-6


class Faces:
    """The faces of every collection.

    Args:
        held: collections and what they hold.
        sight: reads pictures and looks at them.
    """

    api = "rekognition"

    def __init__(self, held: Holdings, sight: Sight) -> None:
        self._held = held
        self._sight = sight

    @operation("IndexFaces", resource="collection/{CollectionId}")
    def index(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Finds faces and keeps them; what it answers is on disk, and nothing else is.

        The faces of a picture that was indexed under the same name before are not kept twice.

        Raises:
            ResourceNotFoundException: there is no such collection.
            InvalidParameterException, InvalidS3ObjectException, ImageTooLargeException, InvalidImageFormatException:
                the picture cannot be used.
            ServiceQuotaExceededException: the collection is full.
        """
        collection = self._held.collection(call, request["CollectionId"])
        attributes = wanted(request.get("DetectionAttributes"))
        picture = self._sight.pictures.read(call, request["Image"])
        self._held.indexes.prepare()
        found = self._sight.vision.ask(
            "faces", picture=picture, attributes=needs_attributes(attributes), embeddings=True
        )
        most = min(request.get("MaxFaces", MOST_FACES), MOST_FACES)
        taken, left = choose(found["faces"], found["size"], request.get("QualityFilter", "AUTO"), most)
        image = picture_id(picture)
        stored = self._keep(collection, taken, image, request.get("ExternalImageId", ""))
        return {
            "FaceRecords": [
                {"Face": face_view(one), "FaceDetail": face_detail(face, attributes)}
                for one, face in zip(stored, taken, strict=True)
            ],
            "UnindexedFaces": [
                {"Reasons": reasons, "FaceDetail": face_detail(face, attributes)} for face, reasons in left
            ],
            "FaceModelVersion": collection.body["model"],
            **orientation_correction(found["size"]),
        }

    def _keep(self, collection: Record, faces: Sequence[Face], image: str, external: str) -> list[StoredFace]:
        """Stores faces, vectors first, rows in one commit; returns them as stored."""
        name = collection.body["faces"]
        if faces and self._held.store.has_faces(name, MOST_FACES_OF_COLLECTION - len(faces) + 1):
            raise ServiceQuotaExceededException(
                f"The collection {collection.name} holds {MOST_FACES_OF_COLLECTION} faces, which is the most."
            )
        before = self._held.store.faces_of_image(name, image, external)
        stored: list[StoredFace] = []
        new: dict[str, bytes] = {}
        for face in faces:
            known = next((one for one in before if _is_same(one.box, dict(face["box"]))), None)
            if known is None:
                known = StoredFace(str(uuid.uuid4()), image, external, face["confidence"], _plain(face))
                embedding = face["embedding"]
                assert embedding is not None
                new[known.id] = embedding
            stored.append(known)
        if new:
            self._held.indexes.add(name, new)
            self._acknowledge(collection, [face for face in stored if face.id in new])
        return stored

    def _acknowledge(self, collection: Record, faces: Sequence[StoredFace]) -> None:
        name = collection.body["faces"]
        ids = [face.id for face in faces]

        def write(connection: sqlite3.Connection) -> bool:
            if not self._held.is_there(connection, collection):
                return False
            self._held.store.add_in(connection, name, faces)
            self._held.store.settle_in(connection, name, ids)
            return True

        if not self._held.records.database.write(write):
            self._held.indexes.drop(name)
            raise no_collection(collection.name)

    @operation("ListFaces", resource="collection/{CollectionId}")
    def page(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of a collection's faces, in the order they came.

        Raises:
            ResourceNotFoundException: there is no such collection.
            InvalidPaginationTokenException: the token is not one of this listing.
        """
        collection = self._held.collection(call, request["CollectionId"])
        name, user = collection.body["faces"], request.get("UserId")
        answer: dict[str, Any] = {"FaceModelVersion": collection.body["model"]}
        if "FaceIds" in request:
            found = self._held.store.faces(name, request["FaceIds"])
            chosen = [found[face] for face in request["FaceIds"] if face in found]
            faces = [face for face in chosen if user is None or face.user == user]
        else:
            limit = request.get("MaxResults") or _DEFAULT_PAGE
            faces = self._held.store.page(name, place_of(request, name), limit + 1, user)
            if len(faces) > limit:
                faces = faces[:limit]
                answer["NextToken"] = encode_token(faces[-1].number, name)
        answer["Faces"] = [face_view(face) for face in faces]
        return answer

    @operation("DeleteFaces", resource="collection/{CollectionId}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes faces; their vectors are off the disk when this returns.

        Raises:
            ResourceNotFoundException: there is no such collection.
        """
        collection = self._held.collection(call, request["CollectionId"])
        name, ids = collection.body["faces"], list(dict.fromkeys(request["FaceIds"]))
        self._held.indexes.prepare()

        def write(connection: sqlite3.Connection) -> dict[str, StoredFace]:
            found = self._held.store.faces_in(connection, name, ids)
            free = [face.id for face in found.values() if not face.user]
            self._held.store.remove_in(connection, name, free)
            self._held.store.leave_in(connection, name, free)
            return found

        found = self._held.records.database.write(write)
        deleted = [face for face in ids if face in found and not found[face].user]
        if deleted:
            self._held.indexes.remove(name, deleted)
        answer: dict[str, Any] = {"DeletedFaces": deleted}
        failures = [_failure(face, found.get(face)) for face in ids if face not in deleted]
        if failures:
            answer["UnsuccessfulFaceDeletions"] = failures
        return answer


def _failure(face: str, stored: StoredFace | None) -> dict[str, Any]:
    if stored is None:
        return {"FaceId": face, "Reasons": ["FACE_NOT_FOUND"]}
    return {"FaceId": face, "UserId": stored.user, "Reasons": ["ASSOCIATED_TO_AN_EXISTING_USER"]}


def picture_id(picture: bytes) -> str:
    """The UUID of a picture: the same for the same bytes."""
    return str(uuid.UUID(bytes=hashlib.sha256(picture).digest()[:16], version=4))


def place_of(request: dict[str, Any], listing: str) -> int:
    """Where the page begins that a request asks for.

    Raises:
        InvalidPaginationTokenException: the token is not one of this listing.
    """
    if not request.get("NextToken"):
        return 0
    try:
        number, name = decode_token(request["NextToken"], 2)
    except InvalidToken as error:
        raise InvalidPaginationTokenException from error
    if not isinstance(number, int) or name != listing:
        raise InvalidPaginationTokenException
    return number


def face_view(face: StoredFace) -> dict[str, Any]:
    """A `Face`."""
    view: dict[str, Any] = {
        "FaceId": face.id,
        "BoundingBox": {name.capitalize(): value for name, value in face.box.items()},
        "ImageId": face.image,
        "Confidence": percent(face.confidence),
        "IndexFacesModelVersion": FACE_MODEL_VERSION,
    }
    if face.external:
        view["ExternalImageId"] = face.external
    if face.user:
        view["UserId"] = face.user
    return view


def _plain(face: Face) -> dict[str, float]:
    return {name.lower(): value for name, value in box(face["box"]).items()}


def _is_same(one: dict[str, float], other: dict[str, Any]) -> bool:
    return all(abs(one[side] - other[side]) < _SAME_BOX for side in ("left", "top", "width", "height"))
