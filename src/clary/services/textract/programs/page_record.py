"""What is kept of pages while a job goes on: in the job's checkpoints, so that nothing is read twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from clary.services.textract.jobs.result_folder import write_durably, write_whole

_UNDER_WAY, _LOSSES = "under-way.json", "losses.json"
MOST_LOSSES = 2


class PageRecord:
    """The pages of one job.

    Args:
        folder: the job's checkpoints.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, number: int) -> dict[str, Any] | None:
        """What was made of a page; None where it is not done, or what was kept of it did not reach the disk."""
        try:
            return self.load(number)
        except (FileNotFoundError, orjson.JSONDecodeError):
            return None

    def load(self, number: int) -> dict[str, Any]:
        """What was made of a page that is done."""
        kept: dict[str, Any] = orjson.loads(self._path(number).read_bytes())
        return kept

    def begin(self, number: int) -> None:
        """Notes that a page is being read; 0 is the document as a whole."""
        (self._folder / _UNDER_WAY).write_bytes(orjson.dumps(number))

    def keep(self, number: int, made: dict[str, Any]) -> None:
        """Keeps what was made of a page."""
        write_whole(self._path(number), made)

    def note_loss(self) -> int | None:
        """Counts that the process was lost which read a page; a page that does so again and again is given up.

        Returns:
            The page, or None when it was the document as a whole and is to be given up.
        """
        number = int(orjson.loads(self._read(_UNDER_WAY, b"0")))
        losses: dict[str, int] = orjson.loads(self._read(_LOSSES, b"{}"))
        losses[str(number)] = losses.get(str(number), 0) + 1
        write_durably(self._folder / _LOSSES, losses)
        if losses[str(number)] < MOST_LOSSES:
            return number
        if number == 0:
            return None
        self.keep(number, refusal("bad-document", f"page {number} cannot be read: what reads it fails"))
        return number

    def _path(self, number: int) -> Path:
        return self._folder / f"page-{number}.json"

    def _read(self, name: str, otherwise: bytes) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return otherwise


def refusal(reason: str, message: str) -> dict[str, Any]:
    """What is kept of a page that cannot be read."""
    return {"refused": {"reason": reason, "message": message}}
