"""Copies of collections' vectors, which sessions of stream processors take along: they go when the faces go.

A copy is a file of lines, one a face. What is removed is overwritten where it lies, so that a session that reads the
file meanwhile misses a face and nothing else.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

FACES = "faces.jsonl"


class FaceCopies:
    """The copies below a folder.

    Args:
        folder: has a folder for each session.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, place: Path, collection: str, faces: Iterable[tuple[Mapping[str, Any], bytes]]) -> None:
        """Writes a copy.

        Args:
            place: the session's folder.
            collection: whose faces they are.
            faces: as `Face` of an answer, each with its vector.
        """
        with (place / FACES).open("wb") as file:
            for face, vector in faces:
                line = {"collection": collection, "face": face, "vector": base64.b64encode(vector).decode()}
                file.write(orjson.dumps(line) + b"\n")

    def remove(self, collection: str, faces: Iterable[str]) -> None:
        """Removes faces of a collection from all copies; when this returns, their vectors are off the disk."""
        gone = frozenset(faces)
        self._blank(lambda line: line["collection"] == collection and line["face"]["FaceId"] in gone)

    def remove_all(self, collection: str) -> None:
        """Removes all faces of a collection from all copies."""
        self._blank(lambda line: line["collection"] == collection)

    def _blank(self, is_gone: Callable[[dict[str, Any]], bool]) -> None:
        for path in self._folder.glob(f"*/{FACES}"):
            try:
                _blank_lines(path, is_gone)
            except FileNotFoundError:  # its session has just ended
                continue


def _blank_lines(path: Path, is_gone: Callable[[dict[str, Any]], bool]) -> None:
    with path.open("r+b") as file:
        start = 0
        for line in path.read_bytes().splitlines(keepends=True):
            if line.strip() and is_gone(orjson.loads(line)):
                file.seek(start)
                file.write(b" " * (len(line) - 1))
            start += len(line)
        file.flush()
        os.fsync(file.fileno())


def read_copy(place: Path) -> list[tuple[dict[str, Any], bytes]]:
    """The faces of a session's copy, each with its vector."""
    lines = [orjson.loads(line) for line in (place / FACES).read_bytes().splitlines() if line.strip()]
    return [(line["face"], base64.b64decode(line["vector"])) for line in lines]
