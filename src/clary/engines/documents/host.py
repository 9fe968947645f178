"""The documents engine as a process of its own: what its host loads, and the calls it answers.

`calls` says what each call takes and gives.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from clary.engines.documents.adapters import LabelledAnswer, learn
from clary.engines.documents.adapters import load as load_adapter
from clary.engines.documents.analysis import LOOKED_AT_DOTS_PER_INCH, analysed, grey, labelled_page, upright
from clary.engines.documents.contract import Box, Page
from clary.engines.documents.expense.bill import find_expenses
from clary.engines.documents.identity.documents import find_identities
from clary.engines.documents.lending.files import LendingSheet, read_loan_file
from clary.engines.documents.lending.kinds import KINDS
from clary.engines.documents.pages import LIMITS, open_document
from clary.engines.documents.plain_values import to_plain
from clary.engines.documents.reading import Reader
from clary.engines.documents.understanding import Question
from clary.engines.heap import share_freed_memory


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

    def read(
        self, document: bytes, first: int = 1, count: int | None = None, from_pixels: bool = False
    ) -> list[dict[str, Any]]:
        """The text of pages; see `calls.DocumentsEngine.read`."""
        last = None if count is None else first + count - 1
        return [sheet.page.to_value() for sheet in self.reader.read(document, first, last, from_pixels=from_pixels)]

    def analyze(
        self,
        document: bytes,
        features: Sequence[str],
        questions: Sequence[Mapping[str, Any]] = (),
        adapters: Sequence[bytes] = (),
        number: int = 1,
        page: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The text of a page and what is understood of it; see `calls.DocumentsEngine.analyze`."""
        (sheet,) = self.reader.read(document, number, number)
        learned = {text: known for state in adapters for text, known in load_adapter(state).items()}
        asked = [Question(question["text"], question.get("alias")) for question in questions]
        return {"page": sheet.page.to_value(), "understanding": to_plain(analysed(sheet, features, asked, learned))}

    def expense(self, document: bytes, pages: Sequence[Mapping[str, Any]] | None = None) -> dict[str, Any]:
        """The bills in a document; see `calls.DocumentsEngine.expense`."""
        read = self._pages(document, pages)
        return {"pages": [page.to_value() for page in read], "expenses": to_plain(find_expenses(read))}

    def identity(self, documents: Sequence[bytes]) -> dict[str, Any]:
        """The identity documents on pictures; see `calls.DocumentsEngine.identity`."""
        read = [
            replace(sheet.page, number=number)
            for number, document in enumerate(documents, 1)
            for sheet in self.reader.read(document, 1, 1)
        ]
        identities = find_identities(read, datetime.now(UTC).date())
        return {"pages": [page.to_value() for page in read], "identities": to_plain(identities)}

    def lending(self, document: bytes, pages: Sequence[Mapping[str, Any]] | None = None) -> dict[str, Any]:
        """The papers of a loan file; see `calls.DocumentsEngine.lending`."""
        read: list[Page] = []
        results, summary = read_loan_file(self._lending_sheets(document, pages, read), datetime.now(UTC).date())
        return {
            "pages": [page.to_value() for page in read],
            "results": to_plain(results),
            "summary": to_plain(summary),
            "kinds": [kind.name for kind in KINDS],
        }

    def _lending_sheets(
        self, document: bytes, known: Sequence[Mapping[str, Any]] | None, read: list[Page]
    ) -> Iterator[LendingSheet]:
        """The pages with their pictures, one at a time; they are added to `read`."""
        if known is None:
            for sheet in self.reader.read(document):
                read.append(sheet.page)
                yield LendingSheet(sheet.page, grey(sheet))
            return
        with self.reader.open(document) as opened:
            for value in known:
                page = Page.from_value(value)
                read.append(page)
                yield LendingSheet(page, upright(opened.pixels(page.number, LOOKED_AT_DOTS_PER_INCH), page))

    def _pages(self, document: bytes, known: Sequence[Mapping[str, Any]] | None) -> list[Page]:
        """The pages of a document, read unless they were before."""
        if known is not None:
            return [Page.from_value(page) for page in known]
        return [sheet.page for sheet in self.reader.read(document)]

    def learn_adapter(self, examples: Sequence[Mapping[str, Any]]) -> bytes:
        """What labelled pages teach; see `calls.DocumentsEngine.learn_adapter`."""
        pages = []
        for example in examples:
            (sheet,) = self.reader.read(example["document"], 1, 1)
            answers = [
                LabelledAnswer(answer["question"], answer["text"], Box(*answer["box"]) if "box" in answer else None)
                for answer in example["answers"]
            ]
            pages.append(labelled_page(sheet, answers))
        return learn(pages)

    def detect_scene_text(self, picture: bytes) -> dict[str, Any]:
        """The text on a photograph, as a page with one line for each piece of text.

        Args:
            picture: a JPEG or PNG file.
        """
        return self.reader.scene(picture).to_value()


def load() -> Documents:
    """The engine, for its host."""
    share_freed_memory()
    return Documents()
