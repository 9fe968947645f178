"""What each kind of job makes of a page, and of all pages together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from clary.engines.documents.contract import Page
from clary.services.textract.blocks.analysis_blocks import analysis_blocks, text_blocks
from clary.services.textract.blocks.blocks import Block, BlockStyle
from clary.services.textract.blocks.paper_values import expense_document, lending_result, lending_summary
from clary.services.textract.engine import DocumentReader
from clary.services.textract.names import ANALYSIS_JOB, EXPENSE_JOB, LENDING_JOB, TEXT_DETECTION_JOB
from clary.services.textract.queries import of_page


class PageWork:
    """The work of one job.

    Args:
        task: its kind and id, and for an analysis "features", "queries" and "adapters".
        document: a file of any number of pages.
        place: the folder with what the adapters have learned.
    """

    def __init__(self, task: Mapping[str, Any], reader: DocumentReader, document: bytes, place: Path) -> None:
        self._task = task
        self._kind = task["kind"]
        self._reader = reader
        self._document = document
        self._place = place

    def of_page(self, number: int) -> dict[str, Any]:
        """What is kept of a page, JSON-compatible.

        Raises:
            Refused: it cannot be read.
        """
        if self._kind == ANALYSIS_JOB:
            return {"blocks": self._analysed(number)}
        page = self._reader.page(self._document, number)
        if self._kind == TEXT_DETECTION_JOB:
            return {"blocks": text_blocks(page, self._style(number))}
        return {"page": page.to_value()}

    def of_all(self, kept: Iterable[dict[str, Any]]) -> tuple[Iterable[Any], dict[str, Any]]:
        """The items of the job's result, and what its summary tells.

        Args:
            kept: what `of_page` made of the pages that could be read, in their order.

        Raises:
            Refused: the pages together make no sense.
        """
        if self._kind in (TEXT_DETECTION_JOB, ANALYSIS_JOB):
            return (block for made in kept for block in made["blocks"]), {}
        pages = [Page.from_value(made["page"]) for made in kept]
        if self._kind == EXPENSE_JOB:
            return self._expenses(pages), {}
        assert self._kind == LENDING_JOB
        read = self._reader.loan_file(self._document, pages)
        by_number = {page.number: page for page in read.pages}
        items = [lending_result(result, by_number, self._blocks([by_number[result.page]])) for result in read.results]
        return items, {"lending": lending_summary(read.summary, read.kinds)}

    def _expenses(self, pages: list[Page]) -> list[dict[str, Any]]:
        read = self._reader.expenses(self._document, pages)
        by_number = {page.number: page for page in read.pages}
        return [
            expense_document(expense, index, by_number, self._blocks([by_number[one] for one in expense.pages]))
            for index, expense in enumerate(read.expenses, 1)
        ]

    def _analysed(self, number: int) -> list[Block]:
        queries = of_page(self._task["queries"], number)
        adapters = [(self._place / one["file"]).read_bytes() for one in of_page(self._task["adapters"], number)]
        page, understanding = self._reader.analysis(self._document, self._task["features"], queries, adapters, number)
        return analysis_blocks(page, understanding, queries, self._style(number))

    def _blocks(self, pages: list[Page]) -> list[Block]:
        return [block for page in pages for block in text_blocks(page, self._style(page.number))]

    def _style(self, number: int) -> BlockStyle:
        return BlockStyle(f"{self._task['job']}/{number}", self._task["angles"])
