"""Reads documents that come as bytes: plain text, or what has pages by the engines that read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.compute.engine_hosts.hosts import EngineBusy, EngineFailed, Engines
from clary.engines.refusals import Refused
from clary.services.comprehend.analyses import LONG_BYTES
from clary.services.comprehend.document_pages import ReadDocument, check_reader, is_native, read_pages
from clary.services.comprehend.errors import (
    InternalServerException,
    InvalidRequestException,
    TextSizeLimitExceededException,
    ThrottlingException,
)
from clary.services.comprehend.native_text import PageText

MOST_DOCUMENT_BYTES = 10 << 20
MOST_PAGES = 100
_SECONDS = 300.0
_OLD_WORD_START = b"\xd0\xcf\x11\xe0"
_DETAILS = {
    "unsupported-format": "UNSUPPORTED_DOC_TYPE",
    "unsupported-document": "UNSUPPORTED_DOC_TYPE",
    "too-large": "DOCUMENT_SIZE_EXCEEDED",
    "document-too-large": "DOCUMENT_SIZE_EXCEEDED",
    "too-many-pages": "PAGE_LIMIT_EXCEEDED",
}


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
            config: the request's DocumentReaderConfig.

        Raises:
            InvalidRequestException: it is no document, is damaged, or is too large; or the configuration is not whole.
            TextSizeLimitExceededException: plain text is longer than 100 KB.
            ThrottlingException: too many requests wait.
            InternalServerException: the engine failed.
        """
        check_reader(config)
        if len(content) > MOST_DOCUMENT_BYTES:
            most = f"{MOST_DOCUMENT_BYTES >> 20} MB"
            raise _invalid(
                f"The document has {len(content)} bytes; at most {most} can be sent.", "DOCUMENT_SIZE_EXCEEDED"
            )
        if not is_native(content):
            return _plain(content)
        try:
            return read_pages(content, config, self._ask, MOST_PAGES)
        except Refused as error:
            raise _invalid(error.message, _DETAILS.get(error.reason, "UNSUPPORTED_DOC_TYPE")) from error

    def _ask(self, family: str, method: str, **arguments: Any) -> Any:
        try:
            return self._engines.call(family, method, timeout_seconds=_SECONDS, **arguments)
        except EngineBusy as error:
            raise ThrottlingException("Too many requests are under way. Try again in a moment.") from error
        except EngineFailed as error:
            raise InternalServerException("The document could not be read: the model failed.") from error


def _plain(content: bytes) -> ReadDocument:
    if content.startswith(_OLD_WORD_START):
        raise _invalid("The document is of Word before 2007 (.doc): save it as .docx, or send it as PDF.")
    if len(content) > LONG_BYTES:
        raise TextSizeLimitExceededException(most=LONG_BYTES, size=len(content))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _invalid("The document is none of PDF, PNG, JPEG, TIFF, Word (.docx) and UTF-8 text.") from error
    return ReadDocument([PageText(1, text)], ["PLAIN_TEXT"])


def _invalid(message: str, reason: str = "UNSUPPORTED_DOC_TYPE") -> InvalidRequestException:
    return InvalidRequestException(message, Reason="INVALID_DOCUMENT", Detail={"Reason": reason})
