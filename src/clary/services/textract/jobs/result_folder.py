"""What a job leaves: its items (blocks, bills, pages of a loan file) in files of one answer's length each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

_SUMMARY = "summary.json"
_DRAFT = ".draft"


class ResultWriter:
    """Writes a job's result; it is there whole or not at all.

    Args:
        folder: of the result; an earlier one is replaced.
        items_per_file: the most that one answer holds.
    """

    def __init__(self, folder: Path, items_per_file: int) -> None:
        self._folder = folder
        self._draft = folder.with_name(folder.name + _DRAFT)
        self._per_file = items_per_file
        self._waiting: list[Any] = []
        self._count = 0
        self._files = 0
        shutil.rmtree(self._draft, ignore_errors=True)
        self._draft.mkdir(parents=True)

    def add(self, items: Iterable[Any]) -> None:
        """Adds items, JSON-compatible."""
        for item in items:
            self._waiting.append(item)
            if len(self._waiting) == self._per_file:
                self._write()

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Puts the result into its place, on disk.

        Args:
            summary: what holds for all items; "items" and "items_per_file" are added.
        """
        if self._waiting:
            self._write()
        told = {**summary, "items": self._count, "items_per_file": self._per_file}
        write_durably(self._draft / _SUMMARY, told)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._draft.rename(self._folder)
        _sync_folder(self._folder.parent)

    def _write(self) -> None:
        write_durably(self._draft / f"{self._files}.json", self._waiting)
        self._count += len(self._waiting)
        self._files += 1
        self._waiting = []


class ResultFolder:
    """Reads a result.

    Args:
        folder: where it was written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.summary: dict[str, Any] = orjson.loads((folder / _SUMMARY).read_bytes())

    def __len__(self) -> int:
        """How many items there are."""
        return int(self.summary["items"])

    def items(self, start: int, count: int) -> list[Any]:
        """Up to `count` items from position `start` on."""
        per_file = self.summary["items_per_file"]
        end = min(start + count, len(self))
        found: list[Any] = []
        for number in range(start // per_file, -(-end // per_file)):
            found += orjson.loads((self._folder / f"{number}.json").read_bytes())
        skipped = start - start // per_file * per_file
        return found[skipped : skipped + end - start]


def write_durably(path: Path, value: Any) -> None:
    """Writes JSON to a file that is there whole or not at all, on disk."""
    draft = path.with_name(path.name + _DRAFT)
    with draft.open("wb") as file:
        file.write(orjson.dumps(value))
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)


def write_whole(path: Path, value: Any) -> None:
    """The same without waiting for the disk: nobody who is killed leaves half a file, but a power failure may."""
    draft = path.with_name(path.name + _DRAFT)
    draft.write_bytes(orjson.dumps(value))
    draft.rename(path)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
