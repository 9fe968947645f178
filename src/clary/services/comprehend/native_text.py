"""The pages of PDFs and pictures as text with offsets, and as the blocks that answers show."""

from __future__ import annotations

import bisect
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clary.engines.documents.contract import Box, Line, Page, Word
from clary.services.comprehend import answers

NATIVE_STARTS = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*")
"""How PDF, PNG, JPEG and TIFF files begin."""
PDF_START = b"%PDF"


@dataclass(slots=True)
class PageText:
    """One page as text: its lines, each on a line of its own.

    Attributes:
        number: of the page, from 1.
        text: of the page.
        blocks: LINE blocks, each before the WORD blocks that it holds.
        lines: for each line where it begins in `text`, its block's id, and where each word begins and ends in the
            line with its block's id.
    """

    number: int
    text: str = ""
    blocks: list[dict[str, Any]] = field(default_factory=list)
    lines: list[tuple[int, str, list[tuple[int, int, str]]]] = field(default_factory=list)

    @classmethod
    def of(cls, page: Page) -> PageText:
        """A page that was read."""
        made = cls(page.number)
        pieces: list[str] = []
        place = 0
        for line in page.lines:
            identity, words = made._add(page, line)
            made.lines.append((place, identity, words))
            pieces.append(line.text)
            place += len(line.text) + 1
        made.text = "\n".join(pieces)
        return made

    def references(self, begin: int, end: int) -> list[dict[str, Any]]:
        """The blocks that a piece of the text lies in; offsets count within each block."""
        found = []
        starts = [start for start, _, _ in self.lines]
        first = max(0, bisect.bisect_right(starts, begin) - 1)
        for start, identity, words in self.lines[first:]:
            if start >= end:
                break
            length = words[-1][1] if words else 0
            if start + length <= begin:
                continue
            children = [
                {
                    "ChildBlockId": child,
                    "BeginOffset": max(begin - start - left, 0),
                    "EndOffset": min(end - start, right) - left,
                }
                for left, right, child in words
                if start + left < end and start + right > begin
            ]
            found.append(
                {
                    "BlockId": identity,
                    "BeginOffset": max(begin - start, 0),
                    "EndOffset": min(end - start, length),
                    "ChildBlocks": children,
                }
            )
        return found

    def _add(self, page: Page, line: Line) -> tuple[str, list[tuple[int, int, str]]]:
        identity = str(uuid.uuid4())
        words: list[tuple[int, int, str]] = []
        place = 0
        for word in line.words:
            words.append((place, place + len(word.text), str(uuid.uuid4())))
            place += len(word.text) + 1
        self.blocks.append(
            {
                **_block(identity, "LINE", line, page),
                "Relationships": [{"Ids": [child for _, _, child in words], "Type": "CHILD"}],
            }
        )
        self.blocks += [
            _block(child, "WORD", word, page) for word, (_, _, child) in zip(line.words, words, strict=True)
        ]
        return identity, words


def page_text(page: Page) -> str:
    """The text of a page: its lines, each on a line of its own."""
    return "\n".join(line.text for line in page.lines)


def entities_on_page(page: PageText, found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A page's entities with the blocks they stand in, in the place of offsets where there are blocks."""
    shown: list[dict[str, Any]] = answers.entities(found)["Entities"]
    if page.blocks:
        for entity in shown:
            begin, end = entity.pop("BeginOffset"), entity.pop("EndOffset")
            entity["BlockReferences"] = page.references(begin, end)
    return shown


def metadata(pages: Sequence[PageText]) -> dict[str, Any]:
    """The DocumentMetadata of a document."""
    return {
        "Pages": len(pages),
        "ExtractedCharacters": [{"Page": page.number, "Count": len(page.text)} for page in pages],
    }


def _block(identity: str, kind: str, what: Line | Word, page: Page) -> dict[str, Any]:
    outline = page.as_sent(what.outline)
    box = Box.around(outline)
    return {
        "Id": identity,
        "BlockType": kind,
        "Text": what.text,
        "Page": page.number,
        "Geometry": {
            "BoundingBox": {"Left": box.left, "Top": box.top, "Width": box.width, "Height": box.height},
            "Polygon": [{"X": x, "Y": y} for x, y in outline],
        },
    }
