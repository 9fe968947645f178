"""The calls of this engine's host: what the object that `host.load()` returns answers.

Arguments and results are plain values. A page is what `Page.to_value` gives; everything else is what
`plain_values.to_plain` makes of the classes in `understanding` and `papers`. A document is the bytes of a PDF, TIFF,
JPEG or PNG file.

Every call refuses (`engines.refusals.Refused`) what it cannot answer for:

    unsupported-format   the file is of no kind that is read, or not of the kind that it says it is
    encrypted-document   a password protects it
    bad-document         it is damaged, truncated or empty, or a page of it cannot be read (details: page)
    too-large            too many pixels, or a page too large (details: page)
    too-many-pages       it has more than `most_pages` (details: pages, most_pages)
    no-such-page         fewer pages than were asked for (details: pages)
    bad-adapter          an adapter's state is not one that `learn_adapter` made
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

PlainPage = dict[str, Any]
Plain = dict[str, Any]

FEATURES = ("forms", "layout", "queries", "signatures", "tables")
"""What `analyze` can be asked for."""


class DocumentsEngine(Protocol):
    """The methods of the documents engine; safe to call from several threads at once."""

    def inspect(self, document: bytes, most_pages: int | None = None) -> Plain:
        """What a file is, without reading its pages.

        Returns:
            "format" ("pdf", "tiff", "jpeg" or "png") and "pages", how many.
        """
        ...

    def read(
        self, document: bytes, first: int = 1, count: int | None = None, from_pixels: bool = False
    ) -> list[PlainPage]:
        """The text of pages.

        Args:
            first: number of the first page, from 1.
            count: how many pages; None for all that follow.
            from_pixels: leave text layers aside; a page that has one notes "text_layer".
        """
        ...

    def analyze(
        self,
        document: bytes,
        features: Sequence[str],
        questions: Sequence[Plain] = (),
        adapters: Sequence[bytes] = (),
        number: int = 1,
        page: PlainPage | None = None,
    ) -> Plain:
        """The text of one page, and what is understood of it.

        Args:
            features: of `FEATURES`.
            questions: `Question`s to the page.
            adapters: states that `learn_adapter` made, which know how to answer some of the questions.
            number: the page's.
            page: what `read` gave for it, so that it is not read again.

        Returns:
            "page" and "understanding".
        """
        ...

    def expense(self, document: bytes, pages: Sequence[PlainPage] | None = None) -> Plain:
        """The bills in a document.

        Args:
            pages: what `read` gave for all of its pages, so that they are not read again.

        Returns:
            "pages" and "expenses", a list of `Expense`s.
        """
        ...

    def identity(self, documents: Sequence[bytes]) -> Plain:
        """The identity documents on pictures: the front and the back of one, or two of them.

        Returns:
            "pages", numbered through, and "identities", a list of `Identity`s.
        """
        ...

    def lending(self, document: bytes, pages: Sequence[PlainPage] | None = None) -> Plain:
        """The papers of a loan file.

        Args:
            pages: as in `expense`.

        Returns:
            "pages", "results" (a list of `LendingPage`s, one for each page), "summary" (a `LendingSummary`) and
            "kinds", the names of all kinds of papers that are told apart.
        """
        ...

    def learn_adapter(self, examples: Sequence[Mapping[str, Any]]) -> bytes:
        """Learns from labelled pages how questions are to be answered on papers like them.

        Args:
            examples: each with "document" (a file of one page), and "answers": a list of "question" (a text) and
                "text" (what stands on the page, "" where it has no answer), and "box" (four edges) where it is known.

        Returns:
            The adapter's state, for `analyze`.
        """
        ...
