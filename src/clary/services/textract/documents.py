"""What is answered at once: text, analysis, bills and identity documents of a single page."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.human_loops import HumanLoops, UnusableLoop
from clary.core.operations import operation
from clary.engines.documents.contract import Page
from clary.services.textract.adapters.adapter_states import AdapterStates
from clary.services.textract.blocks.analysis_blocks import analysis_blocks, text_blocks
from clary.services.textract.blocks.blocks import Block, BlockStyle
from clary.services.textract.blocks.paper_values import expense_document, identity_document
from clary.services.textract.engine import DocumentReader
from clary.services.textract.errors import InvalidParameterException
from clary.services.textract.names import MODEL_VERSION
from clary.services.textract.queries import MOST_QUERIES_AT_ONCE, check_features, of_page
from clary.services.textract.sources import Sources

HUMAN_LOOP_SOURCE = "AWS/Textract/AnalyzeDocument/Forms/V1"


class Documents:
    """The four synchronous operations.

    Args:
        sources: fetches documents with the caller's rights.
        reader: reads them.
        adapters: what adapters have learned.
        human_loops: has people look at answers.
        angles: whether blocks tell their RotationAngle.
    """

    api = "textract"

    def __init__(
        self,
        sources: Sources,
        reader: DocumentReader,
        adapters: AdapterStates,
        human_loops: HumanLoops,
        *,
        angles: bool = False,
    ) -> None:
        self._sources = sources
        self._reader = reader
        self._adapters = adapters
        self._human_loops = human_loops
        self._angles = angles

    @operation("DetectDocumentText")
    def detect_text(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lines and words.

        Raises:
            InvalidParameterException, InvalidS3ObjectException, UnsupportedDocumentException,
            DocumentTooLargeException, BadDocumentException: the document cannot be had or cannot be read.
            ThrottlingException: too many documents are being read.
            InternalServerError: the engine failed.
        """
        page = self._reader.page(self._document(call, request))
        return {
            "DocumentMetadata": {"Pages": 1},
            "Blocks": text_blocks(page, BlockStyle(call.request_id, self._angles)),
            "DetectDocumentTextModelVersion": MODEL_VERSION,
        }

    @operation("AnalyzeDocument")
    def analyze(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lines, words and what the features ask for.

        Raises:
            InvalidParameterException: the features, queries and adapters do not fit, the flow definition is none,
                or as DetectDocumentText.
            InvalidS3ObjectException, UnsupportedDocumentException, DocumentTooLargeException, BadDocumentException,
            ThrottlingException, InternalServerError: as DetectDocumentText.
            HumanLoopQuotaExceededException: too many human loops are open.
        """
        check_features(request, MOST_QUERIES_AT_ONCE)
        if "HumanLoopConfig" in request:
            try:
                self._human_loops.require(request["HumanLoopConfig"])
            except UnusableLoop as error:
                raise InvalidParameterException(rule=str(error)) from error
        queries = of_page(request.get("QueriesConfig", {}).get("Queries", []), 1)
        adapters = self._adapters.of_page(call, request, 1)
        page, understanding = self._reader.analysis(
            self._document(call, request), request["FeatureTypes"], queries, adapters
        )
        answer: dict[str, Any] = {
            "DocumentMetadata": {"Pages": 1},
            "Blocks": analysis_blocks(page, understanding, queries, BlockStyle(call.request_id, self._angles)),
            "AnalyzeDocumentModelVersion": MODEL_VERSION,
        }
        if "HumanLoopConfig" in request:
            answer["HumanLoopActivationOutput"] = self._human_loops.evaluate(
                call, HUMAN_LOOP_SOURCE, request["HumanLoopConfig"], request["Document"], answer
            )
        return answer

    @operation("AnalyzeExpense")
    def analyze_expense(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The fields and line items of invoices and receipts.

        Raises:
            InvalidParameterException, InvalidS3ObjectException, UnsupportedDocumentException,
            DocumentTooLargeException, BadDocumentException, ThrottlingException, InternalServerError: as
            DetectDocumentText.
        """
        read = self._reader.expenses(self._document(call, request))
        pages = {page.number: page for page in read.pages}
        return {
            "DocumentMetadata": {"Pages": len(pages)},
            "ExpenseDocuments": [
                expense_document(expense, index, pages, self._blocks(call, pages, expense.pages))
                for index, expense in enumerate(read.expenses, 1)
            ],
        }

    @operation("AnalyzeID")
    def analyze_id(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The fields of identity documents, on one or two pictures.

        Raises:
            InvalidParameterException, InvalidS3ObjectException, UnsupportedDocumentException,
            DocumentTooLargeException, BadDocumentException, ThrottlingException, InternalServerError: as
            DetectDocumentText.
        """
        documents = [
            self._sources.document(call, document, f"DocumentPages.{number}")
            for number, document in enumerate(request["DocumentPages"], 1)
        ]
        for document in documents:
            self._reader.count_pages(document, most=1)
        read = self._reader.identities(documents)
        pages = {page.number: page for page in read.pages}
        return {
            "IdentityDocuments": [
                identity_document(identity, index, self._blocks(call, pages, identity.pages))
                for index, identity in enumerate(read.identities, 1)
            ],
            "DocumentMetadata": {"Pages": len(documents)},
            "AnalyzeIDModelVersion": MODEL_VERSION,
        }

    def _document(self, call: Call, request: dict[str, Any]) -> bytes:
        """The document, which has a single page."""
        document = self._sources.document(call, request["Document"])
        self._reader.count_pages(document, most=1)
        return document

    def _blocks(self, call: Call, pages: dict[int, Page], numbers: tuple[int, ...]) -> list[Block]:
        styles = {number: BlockStyle(f"{call.request_id}/{number}", self._angles) for number in numbers}
        return [block for number, style in styles.items() for block in text_blocks(pages[number], style)]
