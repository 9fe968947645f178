"""The results of a job on their way to disk: what a killed program had written, the next one goes on from."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from clary.services.comprehend.programs.documents import Position

_SAVE_SECONDS = 1.0


class Results:
    """Writes results and notes how far they reach.

    Promises:
        **Once.** However often a program is killed and started again, each document's result is there once.

    Args:
        checkpoints: the job's folder that outlives its programs.
        progress: a file that tells others how far the job is.
        all_bytes: of the job's input.

    Attributes:
        position: where to go on.
        documents, failed: how many were looked at, and how many of them in vain.
    """

    def __init__(self, checkpoints: Path, progress: Path, all_bytes: int) -> None:
        self._state = checkpoints / "state.json"
        self._folder = checkpoints / "result"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._progress = progress
        self._all_bytes = all_bytes
        self._file: IO[bytes] | None = None
        self._saved = time.monotonic()
        state = json.loads(self._state.read_text(encoding="utf-8")) if self._state.exists() else {}
        self.position = Position(*state.get("position", (0, 0, 0)))
        self.documents: int = state.get("documents", 0)
        self.failed: int = state.get("failed", 0)
        self._name: str = state.get("name", "")
        if self._name:
            self._file = (self._folder / self._name).open("r+b")
            self._file.truncate(state["size"])
            self._file.seek(0, os.SEEK_END)

    def write(self, name: str, text: str) -> None:
        """Adds to a result file; files come one after the other, none comes again."""
        if self._file is None or name != self._name:
            self._close()
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file, self._name = path.open("wb"), name
        self._file.write(text.encode("utf-8", "surrogatepass"))

    def reached(self, position: Position, documents: int, failed: int, done_bytes: int) -> None:
        """Notes that everything before a position is written; brings it to disk about once a second."""
        self.position = position
        self.documents += documents
        self.failed += failed
        if time.monotonic() - self._saved >= _SAVE_SECONDS:
            self.save(done_bytes)

    def save(self, done_bytes: int) -> None:
        """Brings what is written to disk, and then the note that it is there."""
        size = 0
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            size = self._file.tell()
        place = (self.position.file, self.position.offset, self.position.line)
        counts = {"documents": self.documents, "failed": self.failed}
        _replace(self._state, {"position": place, "name": self._name, "size": size, **counts})
        _replace(self._progress, {**counts, "bytes": done_bytes, "all_bytes": self._all_bytes})
        self._saved = time.monotonic()

    def hand_over(self, target: Path, main: str = "") -> None:
        """Puts the files where they are uploaded from; they stay here too, for the case that this ends too early.

        Args:
            main: the file that is there, empty, where nothing was written at all; "" for none. So the results of a
                job over nothing are not nothing, which is what a job that was stopped leaves.
        """
        self.save(self._all_bytes)
        self._close()
        if main and not any(path.is_file() for path in self._folder.rglob("*")):
            (self._folder / main).touch()
        if target.exists():
            shutil.rmtree(target)
        shutil.copytree(self._folder, target, copy_function=os.link)

    def _close(self) -> None:
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None


def json_line(members: Mapping[str, Any]) -> str:
    """A line of a result file; members in the order of their names, as AWS writes them."""
    return json.dumps(members, sort_keys=True, ensure_ascii=False) + "\n"


def _replace(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
