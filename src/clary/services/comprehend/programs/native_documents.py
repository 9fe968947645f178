"""Documents with pages, and plain text, as the text of their pages, for programs."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clary.engines.refusals import Refused
from clary.engines.text.host import TextEngine
from clary.services.comprehend.document_pages import PageFailure, is_native, read_pages
from clary.services.comprehend.programs.classifier_data import Unreadable

_MOST_KEPT = 32
_EVERY = 0
"""Stands for every page of a document of which none can be read."""


@functools.cache
def documents_engine() -> Any:
    """The engine that reads documents, loaded once."""
    from clary.engines.documents.host import load  # noqa: PLC0415 - heavy: it loads what reads pixels

    return load()


def ask_here(family: str, method: str, **arguments: Any) -> Any:
    """Asks an engine within this process: that of documents, or that of texts for Word documents."""
    if family == "documents":
        return getattr(documents_engine(), method)(**arguments)
    return getattr(TextEngine(), method)(**arguments)


class NativeDocuments:
    """The documents of a channel.

    Args:
        folder: where they lie.
        config: the DocumentReaderConfig of the training.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any] | None = None) -> None:
        self._folder = folder.resolve()
        self._config = config
        self._pages = functools.lru_cache(_MOST_KEPT)(self._read)

    def page_text(self, name: str, number: int) -> str:
        """The text of a page.

        Args:
            name: of a file below the folder.
            number: from 1.

        Raises:
            Unreadable: there is no such file or page, or it cannot be read.
        """
        pages = self._pages(name)
        found = pages.get(number, pages.get(_EVERY))
        if found is None:
            raise Unreadable("PAGE_NOT_FOUND", f"{name} has {len(pages)} pages; page {number} is asked for.")
        if isinstance(found, str):
            return found
        raise Unreadable(found.code, found.message)

    def _read(self, name: str) -> dict[int, str | PageFailure]:
        """The pages of a document by their numbers, or why there is no text."""
        path = (self._folder / name).resolve()
        if not path.is_relative_to(self._folder) or not path.is_file():
            told = f"{name} is not below InputDataConfig.Documents.S3Uri."
            return {_EVERY: PageFailure(_EVERY, "NO_SUCH_DOCUMENT", told)}
        content = path.read_bytes()
        if not is_native(content):
            return {1: content.decode("utf-8", "replace")}
        try:
            read = read_pages(content, self._config, ask_here)
        except Refused as error:
            return {_EVERY: PageFailure(_EVERY, "INVALID_DOCUMENT", f"{name} cannot be read: {error.message}")}
        found: dict[int, str | PageFailure] = {page.number: page.text for page in read.pages}
        return found | {one.number: one for one in read.failures}
