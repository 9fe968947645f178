"""Vectors of faces on disk, and the most similar ones found among a million in milliseconds.

An index is one SQLite file: what `add` returned is on disk, a process that is killed leaves exactly what was
acknowledged, and what is removed is overwritten (`secure_delete`) before `remove` returns.

A search asks `face_sketches` for the vectors that may be near, and compares those exactly. Only sketches stay in
memory, 170 bytes a face.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clary.engines.vision.contract import Neighbour
from clary.engines.vision.face_embedding import LENGTH, similarity, unpack
from clary.engines.vision.face_sketches import WORDS, Sketches, sketched

_COMPARED_LEAST = 1024
_READ = 1 << 16  # sketches at a time
_ROWS = 256  # from which several readers share them
_READERS = 8
_THREADS = ThreadPoolExecutor(_READERS, "face-rows")

_RULES = (
    "page_size=8192",  # three rows with a vector; of a page of 4096 bytes one would fill little more than half
    "journal_mode=TRUNCATE",
    "synchronous=FULL",
    "secure_delete=ON",
    "cache_size=-16384",
)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, vector BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS sketches (number INTEGER PRIMARY KEY, sketch BLOB NOT NULL);
"""
"""Sketches lie apart: they alone are read when an index is opened, and they are a twentieth of it."""


class FaceIndexes:
    """The indexes of a folder, each in a file of its own; any thread may use them.

    Args:
        folder: made when the first index begins.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._open: dict[str, FaceIndex] = {}

    def open(self, name: str, create: bool = False) -> FaceIndex | None:
        """An index, or None where there is none and none is to be made."""
        file = self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:40]}.db"
        with self._lock:
            if name not in self._open:
                if not create and not file.exists():
                    return None
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._open[name] = FaceIndex(file)
            return self._open[name]

    def drop(self, name: str) -> None:
        """Removes an index from the disk."""
        index = self.open(name)
        if index is not None:
            with self._lock:
                self._open.pop(name, None)
            index.destroy()


class FaceIndex:
    """One index.

    Promises:
        **Durability.** What `add` returned is on disk; what `remove` returned is gone from it.
        **Threads.** Any thread may call; one writes at a time, and a search sees a whole state.

    Args:
        file: of the database; made where missing.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        for rule in _RULES:
            self._connection.execute(f"PRAGMA {rule}")
        self._connection.executescript(_SCHEMA)
        self._readers: list[sqlite3.Connection] = []
        self._load()

    def __len__(self) -> int:
        with self._lock:
            return len(self._sketches)

    def add(self, ids: Sequence[str], embeddings: Sequence[bytes]) -> None:
        """Puts vectors in, all or none; an id that is there gets the new one."""
        words = sketched(np.stack([unpack(one) for one in embeddings])) if embeddings else ()
        rows = [
            (name, bytes(stored), sketch.tobytes()) for name, stored, sketch in zip(ids, embeddings, words, strict=True)
        ]
        with self._lock:
            with self._transaction():
                replaced = self._delete(ids)
                for name, vector, sketch in rows:
                    number = self._connection.execute(
                        "INSERT INTO vectors (id, vector) VALUES (?, ?)", (name, vector)
                    ).lastrowid
                    self._connection.execute("INSERT INTO sketches VALUES (?, ?)", (number, sketch))
            self._bury(replaced)
            self._load_new()

    def remove(self, ids: Sequence[str]) -> None:
        """Takes vectors out; unknown ids are ignored."""
        with self._lock:
            with self._transaction():
                removed = self._delete(ids)
            self._bury(removed)

    def destroy(self) -> None:
        """Removes the file."""
        with self._lock:
            for table in ("vectors", "sketches"):  # what they hold is overwritten before the file goes
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - one of two names
            for connection in (*self._readers, self._connection):
                connection.close()
            for ending in ("", "-journal", "-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    self._file.with_name(self._file.name + ending).unlink()

    def ids(self) -> list[str]:
        """The ids, in the order they came."""
        with self._lock:
            return [row[0] for row in self._connection.execute("SELECT id FROM vectors ORDER BY number")]

    def vector(self, name: str) -> bytes | None:
        """The embedding of an id."""
        with self._lock:
            row = self._connection.execute("SELECT vector FROM vectors WHERE id = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def search(self, embedding: bytes, limit: int, least: float = 0.0) -> list[Neighbour]:
        """The most similar vectors, the most similar first.

        Args:
            embedding: the question.
            limit: how many at most.
            least: the least similarity, 0..1.
        """
        question = unpack(embedding)
        with self._lock:
            crowd = self._sketches.crowd()
        near = crowd.nearest(question, max(_COMPARED_LEAST, 2 * limit))
        with self._lock:
            rows = self._rows(np.sort(near))  # what was removed meanwhile has none
        if not rows:
            return []
        vectors = np.frombuffer(b"".join(row[1] for row in rows), "<f2").reshape(-1, LENGTH).astype(np.float32)
        lengths = np.maximum(np.linalg.norm(vectors, axis=1), 1e-9)
        scores = similarity((vectors @ question) / lengths)
        order = [int(one) for one in np.argsort(-scores, kind="stable")[:limit] if scores[one] >= least]
        return [Neighbour(id=rows[one][0], similarity=float(scores[one])) for one in order]

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _delete(self, ids: Sequence[str]) -> list[int]:
        """Deletes rows; returns their numbers."""
        numbers = []
        for name in ids:
            numbers += self._connection.execute("DELETE FROM vectors WHERE id = ? RETURNING number", (name,)).fetchall()
        self._connection.executemany("DELETE FROM sketches WHERE number = ?", numbers)
        return [number for (number,) in numbers]

    def _bury(self, numbers: Sequence[int]) -> None:
        """Forgets rows that the file has no more; when most of memory is dead, it is read anew."""
        if numbers:
            self._sketches.forget(list(numbers))
            if 2 * len(self._sketches) < self._sketches.held:
                self._load()

    def _load(self) -> None:
        self._highest = 0
        self._sketches = Sketches(int(self._connection.execute("SELECT count(*) FROM sketches").fetchone()[0]))
        self._load_new()

    def _load_new(self) -> None:
        """Takes what the file has and memory has not; what was replaced there is dead here."""
        cursor = self._connection.execute(
            "SELECT number, sketch FROM sketches WHERE number > ? ORDER BY number", (self._highest,)
        )
        while rows := cursor.fetchmany(_READ):
            numbers = np.array([row[0] for row in rows], np.int64)
            words = np.frombuffer(b"".join(row[1] for row in rows), np.uint64).reshape(-1, WORDS)
            self._sketches.add(numbers, words)
            self._highest = int(numbers[-1])

    def _rows(self, numbers: NDArray[np.int64]) -> list[tuple[str, bytes]]:
        """The ids and vectors of numbers, of many by several readers: most of the time goes by until a disk answers."""
        if len(numbers) < _ROWS:
            return _read(self._connection, numbers)
        while len(self._readers) < _READERS:
            reader = sqlite3.connect(f"{self._file.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
            reader.execute("PRAGMA cache_size=-2048")
            self._readers.append(reader)
        found = _THREADS.map(_read, self._readers, np.array_split(numbers, _READERS))
        return [row for rows in found for row in rows]


def _read(connection: sqlite3.Connection, numbers: NDArray[np.int64]) -> list[tuple[str, bytes]]:
    marks = ",".join("?" * len(numbers))
    question = f"SELECT id, vector FROM vectors WHERE number IN ({marks})"  # noqa: S608
    return connection.execute(question, numbers.tolist()).fetchall()
