"""The documents engine as a process of its own: what its host loads, and the calls it answers.

`calls` says what each call takes and gives.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

from clary.engines.documents.pages import LIMITS, open_document
from clary.engines.documents.reading import Reader


class Documents:
    """Reads documents; the models are loaded once, when the first picture is read. Safe to be called from threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reader: Reader | None = None

    @property
    def reader(self) -> Reader:
        """What reads pages."""
        with self._lock:
            if self._reader is None:
                self._reader = Reader()
            return self._reader

    def inspect(self, document: bytes, most_pages: int | None = None) -> dict[str, Any]:
        """What a file is, without reading its pages; see `calls.DocumentsEngine.inspect`."""
        limits = replace(LIMITS, most_pages=most_pages) if most_pages else LIMITS
        with open_document(document, limits) as opened:
            return {"format": opened.format, "pages": opened.count}

    def read(self, document: bytes, first: int = 1, count: int | None = None) -> list[dict[str, Any]]:
        """The text of pages; see `calls.DocumentsEngine.read`."""
        last = None if count is None else first + count - 1
        return [sheet.page.to_value() for sheet in self.reader.read(document, first, last)]

    def detect_scene_text(self, picture: bytes) -> dict[str, Any]:
        """The text on a photograph, as a page with one line for each piece of text.

        Args:
            picture: a JPEG or PNG file.
        """
        return self.reader.scene(picture).to_value()


def load() -> Documents:
    """The engine, for its host."""
    return Documents()
