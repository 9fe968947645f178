"""Vectors of faces on disk, and the most similar ones found among a million in milliseconds.

An index is one SQLite file: what `add` returned is on disk, a process that is killed leaves exactly what was
acknowledged, and what is removed is overwritten (`secure_delete`) before `remove` returns.

A search has three steps. Every vector has a sketch of 1,024 bits, on which side of as many random planes it lies
(Charikar 2002): the share of differing bits grows with the angle. 256 bits of all vectors choose one in fifty, all
bits of those the best few hundred, and these are compared exactly. Only sketches stay in memory, 128 bytes a face.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clary.engines.vision.contract import Neighbour
from clary.engines.vision.face_embedding import LENGTH, similarity, unpack

_WORDS = 16  # of 64 bits, for each sketch
_FIRST_WORDS = 4
_BLOCK = 1 << 16  # vectors whose words fit into a processor's cache
_KEPT_SHARE = 50
_KEPT_LEAST = 20_000
_COMPARED_LEAST = 512
_SEED = 20_011
_THREADS = ThreadPoolExecutor(2, "face-index")
_ROWS = 500  # of one question to SQLite

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

Words = NDArray[np.uint64]


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
        self._load()

    def __len__(self) -> int:
        with self._lock:
            return int(self._alive[: self._count].sum())

    def add(self, ids: Sequence[str], embeddings: Sequence[bytes]) -> None:
        """Puts vectors in, all or none; an id that is there gets the new one."""
        words = sketches(np.stack([unpack(one) for one in embeddings])) if embeddings else ()
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
            self._connection.close()
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
        with self._lock:  # what is added or removed while this state is searched takes its place or its row
            words, alive, numbers = self._words[:, : self._count], self._alive[: self._count], self._numbers
        chosen = _nearest(words, alive, sketches(question[None])[0], max(_COMPARED_LEAST, 2 * limit))
        with self._lock:
            rows = self._rows([int(number) for number in numbers[chosen]])
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
            self._alive[: self._count] &= ~np.isin(self._numbers[: self._count], numbers)
            if 2 * int(self._alive[: self._count].sum()) < self._count:
                self._load()

    def _load(self) -> None:
        self._count, self._highest = 0, 0
        self._words: Words = np.zeros((_WORDS, 0), np.uint64)
        self._alive = np.zeros(0, np.bool_)
        self._numbers = np.zeros(0, np.int64)
        self._load_new()

    def _load_new(self) -> None:
        """Takes what the file has and memory has not; what was replaced there is dead here."""
        cursor = self._connection.execute(
            "SELECT number, sketch FROM sketches WHERE number > ? ORDER BY number", (self._highest,)
        )
        while rows := cursor.fetchmany(_BLOCK):
            numbers = np.array([row[0] for row in rows], np.int64)
            words = np.frombuffer(b"".join(row[1] for row in rows), np.uint64).reshape(-1, _WORDS)
            self._make_room(self._count + len(rows))
            self._words[:, self._count : self._count + len(rows)] = words.T
            self._numbers[self._count : self._count + len(rows)] = numbers
            self._alive[self._count : self._count + len(rows)] = True
            self._count += len(rows)
            self._highest = int(numbers[-1])

    def _make_room(self, count: int) -> None:
        if count > self._words.shape[1]:
            room = max(1024, count, self._words.shape[1] * 3 // 2)
            for name in ("_words", "_alive", "_numbers"):
                old = getattr(self, name)
                new = np.zeros((*old.shape[:-1], room), old.dtype)
                new[..., : self._count] = old[..., : self._count]
                setattr(self, name, new)

    def _rows(self, numbers: list[int]) -> list[tuple[str, bytes]]:
        found: list[tuple[str, bytes]] = []
        for start in range(0, len(numbers), _ROWS):
            part = numbers[start : start + _ROWS]
            marks = ",".join("?" * len(part))
            found += self._connection.execute(f"SELECT id, vector FROM vectors WHERE number IN ({marks})", part)  # noqa: S608
        return found


def sketches(vectors: NDArray[np.float32]) -> Words:
    """On which side of the planes vectors [n, `LENGTH`] lie, [n, 16] words."""
    return np.packbits(vectors @ _planes().T > 0, axis=1).view(np.uint64)


@cache
def _planes() -> NDArray[np.float32]:
    """[1024, `LENGTH`] of plus and minus one; the generator's raw bits are the same in every version of numpy."""
    raw = np.random.PCG64(_SEED).random_raw(_WORDS * LENGTH)
    bits = np.unpackbits(np.asarray(raw, "<u8").view(np.uint8)).reshape(_WORDS * 64, LENGTH)
    return bits.astype(np.float32) * 2 - 1


def _nearest(words: Words, alive: NDArray[np.bool_], question: Words, wanted: int) -> NDArray[np.int64]:
    """Positions of the vectors whose sketches differ least from the question's."""
    count = words.shape[1]
    if count <= wanted:
        return np.nonzero(alive)[0]
    kept = np.arange(count)
    if count > _KEPT_LEAST:
        distances = _distances(words, question, _FIRST_WORDS)
        distances[~alive] = np.iinfo(np.uint16).max
        kept = _smallest(distances, max(_KEPT_LEAST, count // _KEPT_SHARE, 4 * wanted))
    exact = np.zeros(len(kept), np.uint16)
    for row, word in zip(words, question, strict=True):
        exact += np.bitwise_count(row[kept] ^ word)
    exact[~alive[kept]] = np.iinfo(np.uint16).max
    close = _smallest(exact, wanted)
    close = close[np.argsort(exact[close], kind="stable")][: 4 * wanted]  # many may be equally near
    chosen = kept[close]
    return chosen[alive[chosen]]


def _distances(words: Words, question: Words, used: int) -> NDArray[np.uint16]:
    """How many of the first bits differ, [n]; two threads share the work, block by block."""
    count = words.shape[1]
    distances = np.zeros(count, np.uint16)  # all of 256 bits may differ, which a byte cannot say

    def work(start: int) -> None:
        part = distances[start : start + _BLOCK]
        for row, word in zip(words[:used], question[:used], strict=True):
            part += np.bitwise_count(row[start : start + _BLOCK] ^ word)

    list(_THREADS.map(work, range(0, count, _BLOCK)))
    return distances


def _smallest(distances: NDArray[np.unsignedinteger], wanted: int) -> NDArray[np.int64]:
    """Positions of about the `wanted` smallest of small whole numbers, by counting them: none is left out for a tie."""
    if len(distances) <= wanted:
        return np.arange(len(distances))
    limit = int(np.searchsorted(np.cumsum(np.bincount(distances, minlength=1)), wanted))
    return np.nonzero(distances <= limit)[0]
