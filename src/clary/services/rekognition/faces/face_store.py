"""Which faces and users collections hold: rows beside the records, so that one commit covers both.

The vectors of faces lie in the vision engine's indexes, which cannot take part in a transaction. The table of leavings
lists vectors that may be there and must not: it is written before vectors are added and when faces are deleted, and
cleared when vectors and rows agree. What it lists after a crash is removed before anything else is asked (see
`FaceIndexes`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from clary.storage.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS rekognition_faces (
    number INTEGER PRIMARY KEY AUTOINCREMENT, collection TEXT NOT NULL, face TEXT NOT NULL, user TEXT NOT NULL,
    image TEXT NOT NULL, external TEXT NOT NULL, confidence REAL NOT NULL, box TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS rekognition_faces_face ON rekognition_faces (collection, face);
CREATE INDEX IF NOT EXISTS rekognition_faces_user ON rekognition_faces (collection, user, number);
CREATE INDEX IF NOT EXISTS rekognition_faces_image ON rekognition_faces (collection, image, external);
CREATE TABLE IF NOT EXISTS rekognition_users (
    number INTEGER PRIMARY KEY AUTOINCREMENT, collection TEXT NOT NULL, user TEXT NOT NULL, status TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS rekognition_users_user ON rekognition_users (collection, user);
CREATE TABLE IF NOT EXISTS rekognition_leavings (
    face_index TEXT NOT NULL, vector TEXT NOT NULL, PRIMARY KEY (face_index, vector)
) WITHOUT ROWID;
"""

_FACE = "number, face, user, image, external, confidence, box"
_CHUNK = 500
EVERYTHING = ""
"""In the place of a vector's name: the whole index must go."""


@dataclass(frozen=True, slots=True)
class StoredFace:
    """A face of a collection.

    Attributes:
        id: a UUID.
        image: the UUID of the picture it was found in: the same bytes, the same UUID.
        external: the caller's own name for the picture, "" for none.
        confidence: 0..1.
        box: as the engine gave it.
        user: whom it is associated with, "" for nobody.
        number: grows with every face; 0 before it is stored.
    """

    id: str
    image: str
    external: str
    confidence: float
    box: dict[str, float] = field(default_factory=dict)
    user: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class StoredUser:
    """A user of a collection: several faces of one person.

    Attributes:
        status: "CREATED" (there is no vector), "UPDATING" (it is out of date) or "ACTIVE".
        number: grows with every user.
    """

    id: str
    status: str
    number: int


class FaceStore:
    """The rows of all collections; a collection is named by an id of its own, never by a name that comes again.

    Methods that end in `_in` work inside of a transaction that somebody else commits.

    Args:
        database: one that was opened with (at least) this module's `SCHEMA`.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def add_in(self, connection: sqlite3.Connection, collection: str, faces: Iterable[StoredFace]) -> None:
        """Stores new faces."""
        connection.executemany(
            "INSERT INTO rekognition_faces (collection, face, user, image, external, confidence, box)"
            " VALUES (?,?,?,?,?,?,?)",
            [
                (collection, face.id, face.user, face.image, face.external, face.confidence, orjson.dumps(face.box))
                for face in faces
            ],
        )

    def remove_in(self, connection: sqlite3.Connection, collection: str, faces: Iterable[str]) -> None:
        """Deletes faces."""
        connection.executemany(
            "DELETE FROM rekognition_faces WHERE collection=? AND face=?", [(collection, face) for face in faces]
        )

    def clear_in(self, connection: sqlite3.Connection, collection: str) -> bool:
        """Deletes all faces and users of a collection; False when it had no faces, and so no vectors."""
        faces = connection.execute("DELETE FROM rekognition_faces WHERE collection=?", (collection,)).rowcount
        connection.execute("DELETE FROM rekognition_users WHERE collection=?", (collection,))
        return bool(faces)

    def faces(self, collection: str, ids: Iterable[str]) -> dict[str, StoredFace]:
        """Those of the faces that the collection holds, by their ids."""
        return self.faces_in(self.database.read(), collection, ids)

    def faces_in(self, connection: sqlite3.Connection, collection: str, ids: Iterable[str]) -> dict[str, StoredFace]:
        """`faces` inside of a transaction."""
        found: dict[str, StoredFace] = {}
        wanted = list(ids)
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            marks = ",".join("?" * len(part))
            rows = connection.execute(
                f"SELECT {_FACE} FROM rekognition_faces WHERE collection=? AND face IN ({marks})",  # noqa: S608
                (collection, *part),
            )
            found |= {face.id: face for face in map(_face, rows)}
        return found

    def faces_of_image(self, collection: str, image: str, external: str) -> list[StoredFace]:
        """The faces that were indexed from a picture under that name."""
        rows = self.database.read().execute(
            f"SELECT {_FACE} FROM rekognition_faces WHERE collection=? AND image=? AND external=? ORDER BY number",  # noqa: S608
            (collection, image, external),
        )
        return [_face(row) for row in rows]

    def faces_of_user(self, connection: sqlite3.Connection, collection: str, user: str) -> list[StoredFace]:
        """The faces that are associated with a user."""
        rows = connection.execute(
            f"SELECT {_FACE} FROM rekognition_faces WHERE collection=? AND user=? ORDER BY number",  # noqa: S608
            (collection, user),
        )
        return [_face(row) for row in rows]

    def page(self, collection: str, after: int, limit: int, user: str | None = None) -> list[StoredFace]:
        """Faces in the order they came.

        Args:
            after: the number of the last face of the page before, 0 for the first page.
            user: only this user's.
        """
        where, values = ("", ()) if user is None else (" AND user=?", (user,))
        rows = self.database.read().execute(
            f"SELECT {_FACE} FROM rekognition_faces WHERE collection=? AND number>?{where} ORDER BY number LIMIT ?",  # noqa: S608
            (collection, after, *values, limit),
        )
        return [_face(row) for row in rows]

    def counts(self, collection: str) -> tuple[int, int]:
        """How many faces and users a collection holds."""
        faces, users = (
            int(
                self.database.read()
                .execute(f"SELECT count(*) FROM {table} WHERE collection=?", (collection,))  # noqa: S608
                .fetchone()[0]
            )
            for table in ("rekognition_faces", "rekognition_users")
        )
        return faces, users

    def has_faces(self, collection: str, count: int) -> bool:
        """Whether a collection holds at least that many faces; of all collections together few ever do."""
        return self._reaches("rekognition_faces", count) and self.counts(collection)[0] >= count

    def has_users(self, collection: str, count: int) -> bool:
        """Whether a collection holds at least that many users."""
        return self._reaches("rekognition_users", count) and self.counts(collection)[1] >= count

    def _reaches(self, table: str, count: int) -> bool:
        """Whether so many rows were ever made, which is known without counting them."""
        highest = self.database.read().execute(f"SELECT max(number) FROM {table}").fetchone()[0]  # noqa: S608
        return (highest or 0) >= count

    def associate_in(self, connection: sqlite3.Connection, collection: str, faces: Iterable[str], user: str) -> None:
        """Gives faces to a user, or to nobody ("")."""
        connection.executemany(
            "UPDATE rekognition_faces SET user=? WHERE collection=? AND face=?",
            [(user, collection, face) for face in faces],
        )

    def add_user_in(self, connection: sqlite3.Connection, collection: str, user: str) -> bool:
        """Stores a new user; False when there is one of that id."""
        try:
            connection.execute(
                "INSERT INTO rekognition_users (collection, user, status) VALUES (?,?,'CREATED')", (collection, user)
            )
        except sqlite3.IntegrityError:
            return False
        return True

    def remove_user_in(self, connection: sqlite3.Connection, collection: str, user: str) -> StoredUser | None:
        """Deletes a user, whose faces are nobody's then; returns it as it was, None when there was none."""
        found = self.user_in(connection, collection, user)
        connection.execute("UPDATE rekognition_faces SET user='' WHERE collection=? AND user=?", (collection, user))
        connection.execute("DELETE FROM rekognition_users WHERE collection=? AND user=?", (collection, user))
        return found

    def set_status_in(self, connection: sqlite3.Connection, collection: str, user: str, status: str) -> None:
        """Changes a user's status."""
        connection.execute(
            "UPDATE rekognition_users SET status=? WHERE collection=? AND user=?", (status, collection, user)
        )

    def user(self, collection: str, user: str) -> StoredUser | None:
        """A user."""
        return self.user_in(self.database.read(), collection, user)

    def user_in(self, connection: sqlite3.Connection, collection: str, user: str) -> StoredUser | None:
        """`user` inside of a transaction."""
        row = connection.execute(
            "SELECT user, status, number FROM rekognition_users WHERE collection=? AND user=?", (collection, user)
        ).fetchone()
        return StoredUser(*row) if row else None

    def users(self, collection: str, after: int, limit: int) -> list[StoredUser]:
        """Users in the order they came; `after` as in `page`."""
        rows = self.database.read().execute(
            "SELECT user, status, number FROM rekognition_users WHERE collection=? AND number>?"
            " ORDER BY number LIMIT ?",
            (collection, after, limit),
        )
        return [StoredUser(*row) for row in rows]

    def unfinished_users(self) -> list[tuple[str, str]]:
        """Collections and users whose vectors are out of date."""
        rows = self.database.read().execute("SELECT collection, user FROM rekognition_users WHERE status='UPDATING'")
        return [(str(collection), str(user)) for collection, user in rows]

    def leave_in(self, connection: sqlite3.Connection, index: str, vectors: Iterable[str]) -> None:
        """Lists vectors that must not be in an index."""
        connection.executemany(
            "INSERT OR IGNORE INTO rekognition_leavings VALUES (?,?)", [(index, vector) for vector in vectors]
        )

    def settle_in(self, connection: sqlite3.Connection, index: str, vectors: Iterable[str]) -> None:
        """Takes vectors off the list."""
        connection.executemany(
            "DELETE FROM rekognition_leavings WHERE face_index=? AND vector=?", [(index, vector) for vector in vectors]
        )

    def leavings(self) -> dict[str, list[str]]:
        """What must not be in the indexes, by index."""
        found: dict[str, list[str]] = {}
        for index, vector in self.database.read().execute("SELECT face_index, vector FROM rekognition_leavings"):
            found.setdefault(str(index), []).append(str(vector))
        return found


def _face(row: Sequence[Any]) -> StoredFace:
    number, face, user, image, external, confidence, box = row
    return StoredFace(face, image, external, confidence, orjson.loads(box), user, number)
