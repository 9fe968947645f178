"""PDFs, pictures, Word documents and Textract's answers as pages of text, read as a DocumentReaderConfig says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from clary.engines.documents.contract import Origin, Page
from clary.engines.refusals import Refused
from clary.services.comprehend.errors import InvalidRequestException
from clary.services.comprehend.native_text import PageText

PDF_START = b"%PDF"
WORD_START = b"PK\x03\x04"
_PIXEL_STARTS = (PDF_START, b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*")
_TEXTRACT = re.compile(rb'"(DetectDocumentText|AnalyzeDocument)ModelVersion"\s*:')
_TEXTRACT_TYPES = {
    b"DetectDocumentText": "TEXTRACT_DETECT_DOCUMENT_TEXT_JSON",
    b"AnalyzeDocument": "TEXTRACT_ANALYZE_DOCUMENT_JSON",
}
ANALYZE = "TEXTRACT_ANALYZE_DOCUMENT"
FORCE = "FORCE_DOCUMENT_READ_ACTION"


class Ask(Protocol):
    """Asks an engine: here, or in its host."""

    def __call__(self, family: str, method: str, **arguments: Any) -> Any:
        """Returns what the engine's method answers, or raises its `Refused`."""
        ...


@dataclass(frozen=True, slots=True)
class PageFailure:
    """A page that could not be read, while others of its document could.

    Attributes:
        number: of the page, from 1.
        code: AWS's word for why, such as "TEXTRACT_BAD_PAGE".
        message: a sentence.
    """

    number: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A document that was read.

    Attributes:
        pages: its pages that could be read; plain text is one page without blocks.
        types: for each of them AWS's word for what it was, such as "NATIVE_PDF" or "PLAIN_TEXT".
        failures: its other pages.
    """

    pages: Sequence[PageText]
    types: Sequence[str]
    failures: Sequence[PageFailure] = ()

    @property
    def count(self) -> int:
        """How many pages the document has."""
        return len(self.pages) + len(self.failures)

    @property
    def is_plain(self) -> bool:
        """Whether it was plain text."""
        return list(self.types) == ["PLAIN_TEXT"]


def check_reader(config: Mapping[str, Any] | None, member: str = "DocumentReaderConfig") -> None:
    """Checks a DocumentReaderConfig.

    Raises:
        InvalidRequestException: it asks for an analysis without saying of what.
    """
    if config and config["DocumentReadAction"] == ANALYZE and not config.get("FeatureTypes"):
        raise InvalidRequestException(f"{member}.FeatureTypes is missing: {ANALYZE} needs TABLES, FORMS or both.")


def is_native(content: bytes) -> bool:
    """Whether bytes are a document with pages, and no plain text."""
    return content.startswith((*_PIXEL_STARTS, WORD_START)) or _textract_kind(content) is not None


def read_pages(
    content: bytes, config: Mapping[str, Any] | None, ask: Ask, most_pages: int | None = None
) -> ReadDocument:
    """The pages of a document for which `is_native` holds.

    Text layers of PDFs are read as they are, and everything else from pixels; PDFs with text layers too where the
    configuration's DocumentReadMode is FORCE_DOCUMENT_READ_ACTION. Both read actions see the same text: what Textract
    knows of tables and forms has no place in Comprehend's answers.

    Args:
        config: a DocumentReaderConfig.
        ask: reaches the engines.
        most_pages: a longer document is refused.

    Raises:
        Refused: none of it can be read.
    """
    if content.startswith(WORD_START):
        pages = ask("text", "word_document", document=content)
        _check_count(len(pages), most_pages)
        return ReadDocument(
            [PageText.of_lines(number, lines) for number, lines in enumerate(pages, 1)], ["MS_WORD"] * len(pages)
        )
    kind = _textract_kind(content)
    if kind is not None:
        read = _of_textract(content)
        _check_count(len(read), most_pages)
        return ReadDocument(read, [kind] * len(read))
    if most_pages is not None:
        ask("documents", "inspect", document=content, most_pages=most_pages)
    is_pdf = content.startswith(PDF_START)
    forced = is_pdf and (config or {}).get("DocumentReadMode") == FORCE
    values, failures = _read(content, ask, from_pixels=forced)
    pages = [Page.from_value(value) for value in values]
    return ReadDocument(
        [PageText.of(page) for page in pages], [type_of(page, is_pdf=is_pdf) for page in pages], failures
    )


def type_of(page: Page, *, is_pdf: bool) -> str:
    """AWS's word for what a page was."""
    if not is_pdf:
        return "IMAGE"
    scanned = page.origin is Origin.PICTURE and not page.notes.get("text_layer")
    return "SCANNED_PDF" if scanned else "NATIVE_PDF"


def _read(content: bytes, ask: Ask, *, from_pixels: bool) -> tuple[list[Any], list[PageFailure]]:
    """What the engine read of each page; where one is damaged, each page is read alone.

    Raises:
        Refused: no page can be read.
    """
    asked = {"document": content, "from_pixels": from_pixels}
    try:
        return ask("documents", "read", **asked), []
    except Refused as error:
        count = ask("documents", "inspect", document=content)["pages"] if "page" in error.details else 1
        if count == 1:
            raise
        first = error
    values: list[Any] = []
    failures: list[PageFailure] = []
    for number in range(1, count + 1):
        try:
            values += ask("documents", "read", **asked, first=number, count=1)
        except Refused as error:
            code = "PAGE_SIZE_EXCEEDED" if error.reason == "too-large" else "TEXTRACT_BAD_PAGE"
            failures.append(PageFailure(number, code, error.message))
    if not values:
        raise first
    return values, failures


def _check_count(pages: int, most: int | None) -> None:
    if most is not None and pages > most:
        raise Refused("too-many-pages", f"The document has {pages} pages; at most {most} are read.")


def _textract_kind(content: bytes) -> str | None:
    if content.lstrip()[:1] != b"{":
        return None
    found = _TEXTRACT.search(content)
    return _TEXTRACT_TYPES[found[1]] if found else None


def _of_textract(content: bytes) -> list[PageText]:
    pages: dict[int, list[tuple[dict[str, Any], list[dict[str, Any]]]]] = {}
    try:
        blocks = json.loads(content)["Blocks"]
        words = {block["Id"]: _known(block) for block in blocks if block["BlockType"] == "WORD"}
        for block in blocks:
            if block["BlockType"] not in {"PAGE", "LINE"}:
                continue
            lines = pages.setdefault(int(block.get("Page") or 1), [])
            if block["BlockType"] == "LINE":
                children = [
                    words[child]
                    for relation in block.get("Relationships") or ()
                    if relation["Type"] == "CHILD"
                    for child in relation["Ids"]
                ]
                lines.append((_known(block), children))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Refused("bad-document", f"The document is no whole answer of Amazon Textract: {error!r}") from error
    if not pages:
        raise Refused("bad-document", "The document is an answer of Amazon Textract without pages.")
    return [PageText.with_lines(number, pages[number]) for number in sorted(pages)]


def _known(block: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(block["Text"], str):
        raise TypeError("a block's Text is no text")
    return {"Id": str(block["Id"]), "Text": block["Text"], "Geometry": block.get("Geometry")}
