"""Any document as a row of pages: what kind it is, how many pages it has, and their pixels."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self

from clary.engines.documents.pdf import PdfFile
from clary.engines.documents.pictures import Limits, Pictures, format_of
from clary.engines.documents.sheets import Pixels
from clary.engines.refusals import Refused

LIMITS: Final = Limits()


class Document:
    """An open document; close it, or use it in a `with` statement. Made by `open_document`.

    Attributes:
        format: "pdf", "tiff", "jpeg" or "png".
        count: pages.
        source: what the pages come from.
    """

    def __init__(self, kind: str, source: PdfFile | Pictures) -> None:
        self.format = kind
        self.source = source
        self.count = source.count

    def pixels(self, number: int, dots_per_inch: int) -> Pixels:
        """A page as it was sent, as [height, width, 3] RGB.

        Args:
            number: from 1.
            dots_per_inch: for a page that has no pixels of its own.

        Raises:
            Refused: bad-document, too-large, no-such-page.
        """
        self.check(number)
        if isinstance(self.source, Pictures):
            return self.source.pixels(number - 1)
        with self.source.page(number - 1) as page:
            return page.pixels(dots_per_inch)

    def check(self, number: int) -> None:
        """Refuses the number of a page that is not there."""
        if not 1 <= number <= self.count:
            raise Refused(
                "no-such-page", f"The document has {self.count} pages, not page {number}", pages=self.count, page=number
            )

    def close(self) -> None:
        """Frees the file."""
        self.source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_document(data: bytes, limits: Limits = LIMITS) -> Document:
    """Opens a document by what its first bytes say that it is.

    Args:
        data: the file.
        limits: what is still read.

    Raises:
        Refused: unsupported-format, encrypted-document, bad-document, too-large, too-many-pages.
    """
    if not data:
        raise Refused("bad-document", "The document is empty: it has no bytes")
    if len(data) > limits.most_bytes:
        message = f"The document has {len(data)} bytes; at most {limits.most_bytes} are read"
        raise Refused("too-large", message, bytes=len(data), most=limits.most_bytes)
    kind = format_of(data)
    if kind is None:
        raise Refused("unsupported-format", "The document is no PDF, TIFF, JPEG or PNG file")
    if kind == "pdf":
        return Document(kind, PdfFile(data, limits))
    pictures = Pictures(data, kind, limits)
    try:
        pictures.size(0)
    except Refused:
        pictures.close()
        raise
    return Document(kind, pictures)
