"""The vectors of collections' faces and users, kept in step with the rows that say what a collection holds."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from clary.engines.vision.contract import Neighbour
from clary.services.rekognition.faces.face_copies import FaceCopies
from clary.services.rekognition.faces.face_store import EVERYTHING, FaceStore
from clary.services.rekognition.vision import Vision


class FaceIndexes:
    """Vectors by collection.

    Promises:
        **Rows decide.** What a crash left behind, vectors that no row speaks of or users whose vector is out of date,
        is put right before the first question that is asked afterwards. Vectors of deleted faces, users and
        collections are off the disk when the deletion is acknowledged.
        **Threads.** Any thread may call.

    Args:
        store: the rows.
        vision: keeps the vectors.
        copies: what sessions of stream processors took along of them.
    """

    def __init__(self, store: FaceStore, vision: Vision, copies: FaceCopies) -> None:
        self._copies = copies
        self._store = store
        self._vision = vision
        self._lock = threading.Lock()
        self._recovered = False

    def prepare(self) -> None:
        """Puts right what a crash left; only the first call does anything."""
        with self._lock:
            if self._recovered:
                return
            for index, vectors in self._store.leavings().items():
                self._remove(index, vectors)
            for collection, user in self._store.unfinished_users():
                self.refresh_user(collection, user)
            self._recovered = True

    def add(self, collection: str, vectors: Mapping[str, bytes]) -> None:
        """Adds vectors of faces, before the rows: until `settle_in` of the store they count as left behind."""
        ids = list(vectors)
        self._store.database.write(lambda connection: self._store.leave_in(connection, collection, ids))
        self._vision.ask("index_add", index=collection, ids=ids, embeddings=list(vectors.values()))

    def remove(self, collection: str, vectors: Sequence[str]) -> None:
        """Takes vectors of faces away that the store lists as left behind."""
        self._remove(collection, vectors)

    def drop(self, collection: str) -> None:
        """Takes everything of a collection away that the store lists as left behind."""
        for index in (collection, users_index(collection)):
            self._remove(index, [EVERYTHING])

    def vector(self, collection: str, face: str) -> bytes | None:
        """The vector of a face."""
        found: bytes | None = self._vision.ask("index_vector", index=collection, vector_id=face)
        return found

    def user_vector(self, collection: str, user: str) -> bytes | None:
        """The vector of a user, None for one without faces."""
        return self.vector(users_index(collection), user)

    def search(self, collection: str, vector: bytes, limit: int, least: float) -> list[Neighbour]:
        """The faces that resemble a vector, the most similar first; see `VisionEngine.index_search`."""
        found: list[Neighbour] = self._vision.ask(
            "index_search", index=collection, embedding=vector, limit=min(limit, 4096), least=least
        )
        return found

    def search_users(self, collection: str, vector: bytes, limit: int, least: float) -> list[Neighbour]:
        """The users that resemble a vector, the most similar first."""
        return self.search(users_index(collection), vector, limit, least)

    def similarity(self, one: bytes, other: bytes) -> float:
        """How much two vectors resemble each other, 0..1."""
        return float(self._vision.ask("face_similarity", one=one, other=other))

    def mean(self, vectors: Sequence[bytes]) -> bytes:
        """One vector for several of one person."""
        found: bytes = self._vision.ask("mean_embedding", embeddings=list(vectors))
        return found

    def refresh_user(self, collection: str, user: str) -> None:
        """Makes a user's vector anew from the faces that the rows give to that user, and says so in the user's row."""
        store, index = self._store, users_index(collection)
        faces = store.faces_of_user(store.database.read(), collection, user)
        vectors = [vector for face in faces if (vector := self.vector(collection, face.id)) is not None]
        if vectors:
            self._vision.ask("index_add", index=index, ids=[user], embeddings=[self.mean(vectors)])
        else:
            self._vision.ask("index_remove", index=index, ids=[user])
        status = "ACTIVE" if vectors else "CREATED"
        store.database.write(lambda connection: store.set_status_in(connection, collection, user, status))

    def forget_user(self, collection: str, user: str) -> None:
        """Takes a user's vector away that the store lists as left behind."""
        self._remove(users_index(collection), [user])

    def _remove(self, index: str, vectors: Sequence[str]) -> None:
        if EVERYTHING in vectors:
            self._copies.remove_all(index)
            self._vision.ask("index_drop", index=index)
        else:
            self._copies.remove(index, vectors)
            self._vision.ask("index_remove", index=index, ids=list(vectors))
        self._store.database.write(lambda connection: self._store.settle_in(connection, index, vectors))


def users_index(collection: str) -> str:
    """The index of a collection's users."""
    return f"{collection}-users"
