"""Reads documents that come as bytes: plain text, or PDFs and pictures by the engine that reads documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clary.compute.engine_hosts.hosts import EngineBusy, EngineFailed, Engines
from clary.engines.documents.contract import Origin, Page
from clary.engines.refusals import Refused
from clary.services.comprehend.analyses import LONG_BYTES
from clary.services.comprehend.errors import (
    InternalServerException,
    InvalidRequestException,
    TextSizeLimitExceededException,
    ThrottlingException,
)
from clary.services.comprehend.native_text import NATIVE_STARTS, PDF_START, PageText

MOST_DOCUMENT_BYTES = 10 << 20
MOST_PAGES = 100
_SECONDS = 300.0
_WORD_STARTS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_DETAILS = {
    "unsupported-format": "UNSUPPORTED_DOC_TYPE",
    "unsupported-document": "UNSUPPORTED_DOC_TYPE",
    "too-large": "DOCUMENT_SIZE_EXCEEDED",
    "document-too-large": "DOCUMENT_SIZE_EXCEEDED",
    "too-many-pages": "PAGE_LIMIT_EXCEEDED",
}


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A document that was read.

    Attributes:
        pages: its pages; plain text is one page without blocks.
        types: for each page AWS's word for what it was: "NATIVE_PDF", "SCANNED_PDF", "IMAGE" or "PLAIN_TEXT".
    """

    pages: Sequence[PageText]
    types: Sequence[str]

    @property
    def is_plain(self) -> bool:
        """Whether it was plain text."""
        return list(self.types) == ["PLAIN_TEXT"]


class DocumentReading:
    """Reads documents for requests.

    Args:
        engines: keeps the models loaded.
    """

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def read(self, content: bytes, config: Mapping[str, Any] | None = None) -> ReadDocument:
        """The text of a document's pages.

        Args:
            config: the request's DocumentReaderConfig. Text layers of PDFs are read as they are and everything else
                from pixels, whichever of its actions it names.

        Raises:
            InvalidRequestException: it is no document, is damaged, or is too large.
            TextSizeLimitExceededException: plain text is longer than 100 KB.
            ThrottlingException: too many requests wait.
            InternalServerException: the engine failed.
        """
        del config
        if len(content) > MOST_DOCUMENT_BYTES:
            most = f"{MOST_DOCUMENT_BYTES >> 20} MB"
            raise _invalid(
                f"The document has {len(content)} bytes; at most {most} can be sent.", "DOCUMENT_SIZE_EXCEEDED"
            )
        if not content.startswith(NATIVE_STARTS):
            return _plain(content)
        try:
            count = self._ask("inspect", document=content, most_pages=MOST_PAGES)["pages"]
            pages = [Page.from_value(value) for value in self._ask("read", document=content, first=1, count=count)]
        except Refused as error:
            raise _invalid(error.message, _DETAILS.get(error.reason, "UNSUPPORTED_DOC_TYPE")) from error
        is_pdf = content.startswith(PDF_START)
        return ReadDocument([PageText.of(page) for page in pages], [type_of(page, is_pdf=is_pdf) for page in pages])

    def _ask(self, method: str, **arguments: Any) -> Any:
        try:
            return self._engines.call("documents", method, timeout_seconds=_SECONDS, **arguments)
        except EngineBusy as error:
            raise ThrottlingException("Too many requests are under way. Try again in a moment.") from error
        except EngineFailed as error:
            raise InternalServerException("The document could not be read: the model failed.") from error


def _plain(content: bytes) -> ReadDocument:
    if content.startswith(_WORD_STARTS):
        raise _invalid("Clary does not read Word documents yet: send PDF, PNG, JPEG, TIFF or UTF-8 text.")
    if len(content) > LONG_BYTES:
        raise TextSizeLimitExceededException(most=LONG_BYTES, size=len(content))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _invalid("The document is none of PDF, PNG, JPEG, TIFF and UTF-8 text.") from error
    return ReadDocument([PageText(1, text)], ["PLAIN_TEXT"])


def type_of(page: Page, *, is_pdf: bool) -> str:
    """AWS's word for what a page was."""
    if not is_pdf:
        return "IMAGE"
    return "SCANNED_PDF" if page.origin is Origin.PICTURE else "NATIVE_PDF"


def _invalid(message: str, reason: str = "UNSUPPORTED_DOC_TYPE") -> InvalidRequestException:
    return InvalidRequestException(message, Reason="INVALID_DOCUMENT", Detail={"Reason": reason})
