"""The documents of a job, one after the other, in memory that does not grow with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_CHUNK_BYTES = 1 << 18
_END_OF_LINE = re.compile(rb"\r\n|\n|\r")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Position:
    """Where to go on.

    Attributes:
        file: number of the file, from 0.
        offset: bytes of it that are behind.
        line: number of the line that begins there, from 0.
    """

    file: int = 0
    offset: int = 0
    line: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """One document.

    Attributes:
        file: the name of its file below the job's input.
        line: its line in the file, from 0; None where the file is the document.
        text: what it says, "" where that cannot be told.
        after: where the next document begins.
        problem: why it cannot be looked at, as AWS's error code and a sentence; None where it can.
    """

    file: str
    line: int | None
    text: str
    after: Position
    problem: tuple[str, str] | None = None


def files_below(folder: Path) -> list[tuple[str, Path]]:
    """The files of a channel with their names, in the order of the names."""
    found = [(str(path.relative_to(folder)), path) for path in folder.rglob("*") if path.is_file()]
    return sorted(found)


def documents(
    files: Sequence[tuple[str, Path]], *, by_line: bool, most_bytes: int, start: Position
) -> Iterator[Document]:
    """The documents of files from a position on.

    Args:
        by_line: whether each line is one; "\\n", "\\r\\n" and "\\r" end a line.
        most_bytes: longer ones have a problem, and are not held in memory.
    """
    for number in range(start.file, len(files)):
        name, path = files[number]
        first = start if number == start.file else Position(number)
        with path.open("rb") as file:
            if not by_line:
                yield _document(name, None, file.read(most_bytes + 1), most_bytes, Position(number + 1))
                continue
            file.seek(first.offset)
            line = first.line
            for raw, offset in lines(file, first.offset, most_bytes):
                line += 1
                yield _document(name, line - 1, raw, most_bytes, Position(number, offset, line))


def lines(file: BinaryIO, offset: int, most_bytes: int) -> Iterator[tuple[bytes, int]]:
    """The lines of a file without their ends, and the offset behind each.

    Args:
        offset: where the file stands.
        most_bytes: of a longer line one byte more than that is kept: enough to tell that it is too long.
    """
    kept = bytearray()
    pending = b""
    begun = False
    while True:
        chunk = file.read(_CHUNK_BYTES)
        data = pending + chunk
        if not data:
            break
        pending = b""
        if chunk and data.endswith(b"\r"):  # its "\n" may follow
            data, pending = data[:-1], b"\r"
        place = 0
        for end in _END_OF_LINE.finditer(data):
            piece = data[place : end.start()]
            yield bytes(kept + piece)[: most_bytes + 1], offset + end.end()
            kept.clear()
            begun = False
            place = end.end()
        rest = data[place:]
        offset += len(data)
        if rest:
            begun = True
            kept += rest[: max(0, most_bytes + 1 - len(kept))]
    if begun:
        yield bytes(kept), offset


def _document(name: str, line: int | None, raw: bytes, most_bytes: int, after: Position) -> Document:
    if line in (None, 0):
        raw = raw.removeprefix(_BYTE_ORDER_MARK)
    if len(raw) > most_bytes:
        told = f"Document size exceeds maximum size limit {most_bytes} bytes."
        return Document(name, line, "", after, ("DOCUMENT_SIZE_EXCEEDED", told))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        told = f"Document is not encoded in UTF-8: byte {error.start} of it cannot be read."
        return Document(name, line, "", after, ("UNSUPPORTED_ENCODING", told))
    if not text.strip():
        return Document(name, line, text, after, ("EMPTY_DOCUMENT", "Document has no text."))
    return Document(name, line, text, after)
