"""Documents that tests make up, and an engine that reads them: for all that does not depend on how well it reads.

A made document begins as a PDF does and goes on as JSON: {"pages": [{"lines": ["one line", ...]}, ...]}. A page may
also have "refuse" (a reason), "turned" (True: it lies on its side) and "understanding" (plain values).
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from clary.engines.documents.contract import Box, Line, Page, Word
from clary.engines.documents.papers import (
    Expense,
    ExpenseField,
    ExpenseGroup,
    Identity,
    IdentityField,
    LendingDocument,
    LendingField,
    LendingPage,
    LendingSummary,
    LineItem,
    LineItemGroup,
)
from clary.engines.documents.plain_values import to_plain
from clary.engines.documents.understanding import Answer, Passage, Signature, Understanding
from clary.engines.refusals import Refused

HEAD = b"%PDF-1.7\n"
LYING = (0.0, -1.0, 1.0, 1.0, 0.0, 0.0)
"""From an upright page to the same page turned clockwise by a quarter."""


def document(*pages: Sequence[str] | Mapping[str, Any]) -> bytes:
    """A document with these pages: their lines, or all that a page may have."""
    made = [dict(page) if isinstance(page, Mapping) else {"lines": list(page)} for page in pages]
    return HEAD + json.dumps({"pages": made}).encode()


def page_of(lines: Sequence[str], number: int = 1, *, turned: bool = False) -> Page:
    """A page on which lines stand one below the other, each word a twentieth of the page for each letter."""
    made = []
    for row, text in enumerate(lines):
        top = 0.05 + 0.1 * row
        left, words = 0.05, []
        for word in text.split():
            width = 0.02 * len(word)
            words.append(Word(word, Box(left, top, left + width, top + 0.05), 0.9))
            left += width + 0.02
        made.append(Line(tuple(words), Box.around_boxes(word.box for word in words)))
    if turned:
        return Page(number, 600.0, 800.0, tuple(made), 90.0, LYING)
    return Page(number, 600.0, 800.0, tuple(made))


def passage(page: Page, *words: int) -> Passage:
    """Words of a page by their positions."""
    found = [list(page.words)[position] for position in words]
    sure = np.float64(0.8)  # as an engine's arithmetic leaves it: a float, and yet nothing that JSON knows
    box = Box.around_boxes(word.box for word in found)
    return Passage(" ".join(word.text for word in found), box, sure, words)


class MadeEngine:
    """Reads made documents; notes what it was asked.

    Args:
        deadly: pages that end the process which reads them, each as often as it says.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.killing: Any = None

    def inspect(self, document: bytes, most_pages: int | None = None) -> dict[str, Any]:
        pages = len(_pages(document))
        if most_pages is not None and pages > most_pages:
            raise Refused("too-many-pages", f"it has {pages} pages, more than {most_pages}", pages=pages)
        return {"format": "pdf", "pages": pages}

    def read(self, document: bytes, first: int = 1, count: int | None = None) -> list[dict[str, Any]]:
        self.asked.append(("read", first))
        pages = _pages(document)
        last = len(pages) if count is None else first + count - 1
        return [self._page(pages, number).to_value() for number in range(first, last + 1)]

    def analyze(
        self,
        document: bytes,
        features: Sequence[str],
        questions: Sequence[dict[str, Any]] = (),
        adapters: Sequence[bytes] = (),
        number: int = 1,
        page: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        self.asked.append(("analyze", (number, tuple(features), tuple(questions), tuple(adapters))))
        pages = _pages(document)
        read = self._page(pages, number)
        understood = pages[number - 1].get("understanding")
        if understood is None:
            understood = to_plain(Understanding(number, answers=tuple(_answers(read, questions, adapters))))
        return {"page": read.to_value(), "understanding": understood}

    def expense(self, document: bytes, pages: Sequence[dict[str, Any]] | None = None) -> dict[str, Any]:
        read = self._all(document, pages)
        made = []
        for page in read:
            total = ExpenseField("total", passage(page, 1), 0.9, page.number, passage(page, 0), "USD")
            group = ExpenseGroup(("vendor",), f"g{page.number}")
            change = ExpenseField("change", passage(page, 1), 0.5, page.number)
            name = ExpenseField("vendor-name", passage(page, 2), 0.8, page.number, groups=(group,))
            row = ExpenseField("expense-row", passage(page, 0, 1), 0.7, page.number, currency="USD")
            made.append(Expense((page.number,), (total, name, change), (LineItemGroup((LineItem((row,)),)),)))
        return {"pages": [page.to_value() for page in read], "expenses": to_plain(tuple(made))}

    def identity(self, documents: Sequence[bytes]) -> dict[str, Any]:
        read = [page_of(_pages(document)[0]["lines"], number) for number, document in enumerate(documents, 1)]
        fields = (
            IdentityField("first-name", "MARIA", 0.9),
            IdentityField("date-of-birth", "03/18/1957", 0.8, "1957-03-18T00:00:00"),
        )
        identity = Identity("passport", tuple(page.number for page in read), fields)
        return {"pages": [page.to_value() for page in read], "identities": to_plain((identity,))}

    def lending(self, document: bytes, pages: Sequence[dict[str, Any]] | None = None) -> dict[str, Any]:
        read = self._all(document, pages)
        results = tuple(
            LendingPage(
                page.number,
                "payslips",
                page.number,
                0.9,
                0.8,
                (LendingField("borrower-name", (passage(page, 1),), 0.9, passage(page, 0)),),
                (Signature(Box(0.1, 0.8, 0.3, 0.9), 0.7),),
            )
            for page in read
        )
        numbers = tuple(page.number for page in read)
        summary = LendingSummary((LendingDocument("payslips", (numbers,), numbers[:1]),))
        return {
            "pages": [page.to_value() for page in read],
            "results": to_plain(results),
            "summary": to_plain(summary),
            "kinds": ["payslips", "w-2"],
        }

    def learn_adapter(self, examples: Sequence[Mapping[str, Any]]) -> bytes:
        """Remembers behind which word the answers stood."""
        learned = {}
        for example in examples:
            for answer in example["answers"]:
                words = list(page_of(_pages(example["document"])[0]["lines"]).words)
                texts = [word.text for word in words]
                learned[answer["question"]] = texts[texts.index(answer["text"]) - 1]
        return json.dumps(learned).encode()

    def _all(self, document: bytes, pages: Sequence[dict[str, Any]] | None) -> list[Page]:
        if pages is not None:
            return [Page.from_value(page) for page in pages]
        return [Page.from_value(page) for page in self.read(document)]

    def _page(self, pages: list[dict[str, Any]], number: int) -> Page:
        page = pages[number - 1]
        if "refuse" in page:
            raise Refused(page["refuse"], f"page {number} says so")
        if self.killing is not None and self.killing(number):
            os.kill(os.getpid(), signal.SIGKILL)
        return page_of(page["lines"], number, turned=bool(page.get("turned")))


def _pages(content: bytes) -> list[dict[str, Any]]:
    if not content.startswith(HEAD):
        raise Refused("unsupported-format", "it is no made document")
    try:
        pages: list[dict[str, Any]] = json.loads(content.removeprefix(HEAD))["pages"]
    except ValueError as error:
        raise Refused("bad-document", "it is damaged") from error
    return pages


def _answers(page: Page, questions: Sequence[dict[str, Any]], adapters: Sequence[bytes]) -> list[Answer]:
    """The word behind the question's last one; what adapters know comes first."""
    texts = [word.text for word in page.words]
    known: dict[str, str] = {}
    for adapter in adapters:
        known |= json.loads(adapter)
    found = []
    for position, question in enumerate(questions):
        word = known.get(question["text"], question["text"].rstrip("?").split()[-1])
        if word in texts[:-1]:
            found.append(Answer(position, passage(page, texts.index(word) + 1)))
    return found
