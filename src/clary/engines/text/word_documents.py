"""The text of Word documents (Office Open XML, ECMA-376): the body's lines, page by page as Word last laid it out.

Text boxes and tables are read where they stand in the file, a line for each paragraph or line break. Headers, footers,
notes and what tracked changes deleted are left out.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Final
from xml.parsers import expat

from clary.engines.refusals import Refused

MOST_XML_BYTES: Final = 100 << 20
"""Of a document's body, unpacked."""
_BODY: Final = "word/document.xml"
_SPACES: Final = (
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main ",
    "http://purl.oclc.org/ooxml/wordprocessingml/main ",
)
_COPY: Final = "http://schemas.openxmlformats.org/markup-compatibility/2006 Fallback"
"""What a reader shows that does not know the newer markup beside it: the same text again."""
_CHUNK_BYTES: Final = 1 << 16


def read(document: bytes) -> list[list[str]]:
    """Returns the lines of each page of a Word document; there is at least one page.

    Args:
        document: the bytes of a .docx file.

    Raises:
        Refused: "unsupported-format" where it is another kind of file, "encrypted-document", "too-large" or
            "bad-document".
    """
    body = _Body()
    try:
        with zipfile.ZipFile(io.BytesIO(document)) as archive:
            if _BODY not in archive.namelist():
                raise Refused("unsupported-format", "The file is packed as Word documents are, but is none.")
            information = archive.getinfo(_BODY)
            if information.flag_bits & 1:
                raise Refused("encrypted-document", "The Word document is encrypted.")
            with archive.open(information) as file:
                read_bytes = 0
                while chunk := file.read(_CHUNK_BYTES):
                    read_bytes += len(chunk)
                    if read_bytes > MOST_XML_BYTES:
                        told = f"The Word document holds more than {MOST_XML_BYTES >> 20} MB of text and markup."
                        raise Refused("too-large", told, most=MOST_XML_BYTES)
                    body.parser.Parse(chunk, False)
                body.parser.Parse(b"", True)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, expat.ExpatError) as error:
        raise Refused("bad-document", f"The Word document is damaged: {error}") from error
    return body.ended()


class _Body:
    """Takes the events of a body's XML."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self._pages: list[list[str]] = [[]]
        self._line: list[str] = []
        self._runs = self._texts = self._skipped = 0

    def ended(self) -> list[list[str]]:
        """Returns the pages that hold something, or one that does not."""
        self._flush()
        return [page for page in self._pages if page] or [[]]

    def _doctype(self, *_: object) -> None:
        raise Refused("bad-document", "The Word document declares a document type, which none may.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._skipped or name == _COPY:
            self._skipped += 1
            return
        local = _local(name)
        if local == "r":
            self._runs += 1
        elif local == "t":
            self._texts += 1
        elif local == "p":
            self._flush()
        elif local == "lastRenderedPageBreak":
            self._turn()
        elif self._runs and local in {"tab", "noBreakHyphen"}:
            self._line.append("-" if local == "noBreakHyphen" else " ")
        elif self._runs and local in {"br", "cr"}:
            if any(key.endswith(" type") and value == "page" for key, value in attributes.items()):
                self._turn()
            else:
                self._flush()

    def _end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        local = _local(name)
        if local == "r":
            self._runs -= 1
        elif local == "t":
            self._texts -= 1
        elif local == "p":
            self._flush()

    def _characters(self, text: str) -> None:
        if self._texts and not self._skipped:
            self._line.append(text)

    def _flush(self) -> None:
        words = "".join(self._line).split()
        self._line.clear()
        if words:
            self._pages[-1].append(" ".join(words))

    def _turn(self) -> None:
        self._flush()
        if self._pages[-1]:  # a break that is set is told again where the next page was laid out
            self._pages.append([])


def _local(name: str) -> str:
    for space in _SPACES:
        if name.startswith(space):
            return name[len(space) :]
    return ""
