"""Users of collections: several faces of one person, found together."""

from __future__ import annotations

import sqlite3
from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.core.pages import encode_token
from clary.services.rekognition.errors import (
    ConflictException,
    ResourceNotFoundException,
    ServiceQuotaExceededException,
)
from clary.services.rekognition.face_views import percent
from clary.services.rekognition.faces.face_indexes import users_index
from clary.services.rekognition.faces.face_store import FaceStore, StoredFace, StoredUser
from clary.services.rekognition.faces.faces import place_of
from clary.services.rekognition.faces.holdings import Holdings, no_collection
from clary.services.rekognition.request_tokens import RequestTokens
from clary.storage.records import Record

MOST_USERS = 10_000_000
MOST_FACES_OF_USER = 100
DEFAULT_THRESHOLD = 75.0
_DEFAULT_PAGE = 500


class Users:
    """The users of every collection.

    Args:
        held: collections and what they hold.
        tokens: what was answered before.
    """

    api = "rekognition"

    def __init__(self, held: Holdings, tokens: RequestTokens) -> None:
        self._held = held
        self._tokens = tokens

    @operation("CreateUser", resource="collection/{CollectionId}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes a user without faces.

        Raises:
            ResourceNotFoundException: there is no such collection.
            ConflictException: it has a user of that id.
            ServiceQuotaExceededException: it has too many users.
            IdempotentParameterMismatchException: the token came with other parameters.
        """
        collection = self._held.collection(call, request["CollectionId"])
        before = self._tokens.answered(call, request)
        if before is not None:
            return before
        name, user = collection.body["faces"], request["UserId"]
        if self._held.store.has_users(name, MOST_USERS):
            raise ServiceQuotaExceededException(f"The collection {collection.name} has {MOST_USERS} users, the most.")

        def write(connection: sqlite3.Connection) -> bool | None:
            return (
                self._held.store.add_user_in(connection, name, user)
                if self._held.is_there(connection, collection)
                else None
            )

        made = self._held.records.database.write(write)
        if made is None:
            raise no_collection(collection.name)
        if not made:
            raise ConflictException(f"The user id: {user} already exists in the collection {collection.name}")
        return self._tokens.remember(call, request, {})

    @operation("DeleteUser", resource="collection/{CollectionId}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes a user; its faces stay in the collection, nobody's.

        Raises:
            ResourceNotFoundException: there is no such collection or user.
            IdempotentParameterMismatchException: the token came with other parameters.
        """
        collection = self._held.collection(call, request["CollectionId"])
        before = self._tokens.answered(call, request)
        if before is not None:
            return before
        name, user = collection.body["faces"], request["UserId"]
        self._held.indexes.prepare()

        def write(connection: sqlite3.Connection) -> StoredUser | None:
            found = self._held.store.remove_user_in(connection, name, user)
            if found is not None and found.status != "CREATED":
                self._held.store.leave_in(connection, users_index(name), [user])
            return found

        found = self._held.records.database.write(write)
        if found is None:
            raise no_user(user)
        if found.status != "CREATED":
            self._held.indexes.forget_user(name, user)
        return self._tokens.remember(call, request, {})

    @operation("ListUsers", resource="collection/{CollectionId}")
    def page(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of a collection's users, in the order they came.

        Raises:
            ResourceNotFoundException: there is no such collection.
            InvalidPaginationTokenException: the token is not one of this listing.
        """
        name = self._held.collection(call, request["CollectionId"]).body["faces"]
        limit = request.get("MaxResults", _DEFAULT_PAGE)
        users = self._held.store.users(name, place_of(request, name), limit + 1)
        answer: dict[str, Any] = {"Users": [{"UserId": user.id, "UserStatus": user.status} for user in users[:limit]]}
        if len(users) > limit:
            answer["NextToken"] = encode_token(users[limit - 1].number, name)
        return answer

    @operation("AssociateFaces", resource="collection/{CollectionId}")
    def associate(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Gives faces to a user: those that resemble the faces the user has, or the first of the request.

        Raises:
            ResourceNotFoundException: there is no such collection or user.
            ServiceQuotaExceededException: the user would have more than 100 faces.
            IdempotentParameterMismatchException: the token came with other parameters.
        """
        collection = self._held.collection(call, request["CollectionId"])
        before = self._tokens.answered(call, request)
        if before is not None:
            return before
        name, user = collection.body["faces"], request["UserId"]
        self._held.indexes.prepare()
        self._require(name, user)
        ids = list(dict.fromkeys(request["FaceIds"]))
        threshold = request.get("UserMatchThreshold", DEFAULT_THRESHOLD)
        taken, failures = self._sorted(name, user, ids, threshold)
        changed = self._give(name, user, taken, user, failures)
        answer = {
            "AssociatedFaces": [{"FaceId": face} for face in changed],
            "UnsuccessfulFaceAssociations": failures,
            "UserStatus": self._require(name, user).status,
        }
        return self._tokens.remember(call, request, answer)

    @operation("DisassociateFaces", resource="collection/{CollectionId}")
    def disassociate(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Takes faces from a user; they stay in the collection.

        Raises:
            ResourceNotFoundException: there is no such collection or user.
            IdempotentParameterMismatchException: the token came with other parameters.
        """
        collection = self._held.collection(call, request["CollectionId"])
        before = self._tokens.answered(call, request)
        if before is not None:
            return before
        name, user = collection.body["faces"], request["UserId"]
        self._held.indexes.prepare()
        self._require(name, user)
        ids = list(dict.fromkeys(request["FaceIds"]))
        found = self._held.store.faces(name, ids)
        taken = [face for face in ids if face in found and found[face].user == user]
        failures = []
        for face in ids:
            if face not in found:
                failures.append({"FaceId": face, "Reasons": ["FACE_NOT_FOUND"]})
            elif found[face].user != user:
                owner = {"UserId": found[face].user} if found[face].user else {}
                failures.append({"FaceId": face, **owner, "Reasons": ["ASSOCIATED_TO_A_DIFFERENT_USER"]})
        self._give(name, user, taken, "", failures)
        answer = {
            "DisassociatedFaces": [{"FaceId": face} for face in taken],
            "UnsuccessfulFaceDisassociations": failures,
            "UserStatus": self._require(name, user).status,
        }
        return self._tokens.remember(call, request, answer)

    def _require(self, collection: str, user: str) -> StoredUser:
        found = self._held.store.user(collection, user)
        if found is None:
            raise no_user(user)
        return found

    def _sorted(
        self, collection: str, user: str, ids: list[str], threshold: float
    ) -> tuple[list[str], list[dict[str, Any]]]:
        """Which faces the user can have, and why not the others."""
        found = self._held.store.faces(collection, ids)
        own = self._held.store.faces_of_user(self._held.store.database.read(), collection, user)
        vectors = [vector for face in own if (vector := self._held.indexes.vector(collection, face.id)) is not None]
        room = MOST_FACES_OF_USER - len(own)
        taken: list[str] = []
        failures: list[dict[str, Any]] = []
        for face in ids:
            stored = found.get(face)
            vector = None if stored is None else self._held.indexes.vector(collection, face)
            if stored is None or vector is None:
                failures.append({"FaceId": face, "UserId": user, "Reasons": ["FACE_NOT_FOUND"]})
            elif stored.user == user:
                taken.append(face)
            elif stored.user:
                reasons = ["ASSOCIATED_TO_A_DIFFERENT_USER"]
                failures.append({"FaceId": face, "UserId": stored.user, "Reasons": reasons})
            else:
                match = (
                    100.0
                    if not vectors
                    else percent(self._held.indexes.similarity(self._held.indexes.mean(vectors), vector))
                )
                if match < threshold:
                    reasons = ["LOW_MATCH_CONFIDENCE"]
                    failures.append({"FaceId": face, "UserId": user, "Confidence": match, "Reasons": reasons})
                else:
                    room -= 1
                    vectors.append(vector)
                    taken.append(face)
        if room < 0:
            raise ServiceQuotaExceededException(f"A user can have at most {MOST_FACES_OF_USER} faces.")
        return taken, failures

    def _give(self, collection: str, user: str, faces: list[str], to: str, failures: list[dict[str, Any]]) -> list[str]:
        """Changes whose the faces are, in one commit with the user's status, and makes the user's vector anew.

        Returns:
            The faces that somebody else did not take meanwhile.
        """

        def write(connection: sqlite3.Connection) -> list[str]:
            if self._held.store.user_in(connection, collection, user) is None:
                raise no_user(user)
            now: dict[str, StoredFace] = self._held.store.faces_in(connection, collection, faces)
            free = [face for face in faces if face in now and now[face].user in ("", user)]
            self._held.store.associate_in(connection, collection, free, to)
            if free:
                self._held.store.set_status_in(connection, collection, user, "UPDATING")
            return free

        changed = self._held.records.database.write(write)
        failures += [
            {"FaceId": face, "UserId": user, "Reasons": ["FACE_NOT_FOUND"]} for face in faces if face not in changed
        ]
        if changed:
            self._held.indexes.refresh_user(collection, user)
        return changed


def no_user(user: str) -> ResourceNotFoundException:
    """The error for a user that is not there."""
    return ResourceNotFoundException(f"The user id: {user} does not exist")


def users_of(store: FaceStore, collection: Record, ids: list[str]) -> dict[str, StoredUser]:
    """Those of the users that a collection has, by their ids."""
    found = {user: store.user(collection.body["faces"], user) for user in ids}
    return {user: stored for user, stored in found.items() if stored is not None}
