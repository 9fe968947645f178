"""The pages of documents as text with offsets, and as the blocks that answers show."""

from __future__ import annotations

import bisect
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clary.engines.documents.contract import Box, Line, Page, Word
from clary.services.comprehend import answers


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
        """A page that was read, with the places of its lines and words."""
        return cls.with_lines(
            page.number,
            (
                (
                    {"Text": line.text, "Geometry": _geometry(line, page)},
                    [{"Text": word.text, "Geometry": _geometry(word, page)} for word in line.words],
                )
                for line in page.lines
            ),
        )

    @classmethod
    def of_lines(cls, number: int, lines: Iterable[str]) -> PageText:
        """A page of a Word document, whose blocks have no geometry.

        Args:
            lines: words with one space between them.
        """
        return cls.with_lines(
            number, (({"Text": line}, [{"Text": word} for word in line.split(" ")]) for line in lines)
        )

    @classmethod
    def with_lines(
        cls, number: int, lines: Iterable[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]]
    ) -> PageText:
        """A page of lines and their words, each with the members of its block that are known.

        Args:
            lines: "Text", and "Geometry" and "Id" where there are any.
        """
        made = cls(number)
        pieces: list[str] = []
        place = 0
        for line, words in lines:
            pieces.append(" ".join(word["Text"] for word in words) or line["Text"])
            made._add(place, pieces[-1], line, words)
            place += len(pieces[-1]) + 1
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

    def _add(self, place: int, text: str, line: Mapping[str, Any], words: Sequence[Mapping[str, Any]]) -> None:
        identity = line.get("Id") or str(uuid.uuid4())
        places: list[tuple[int, int, str]] = []
        begin = 0
        for word in words:
            end = begin + len(word["Text"])
            places.append((begin, end, word.get("Id") or str(uuid.uuid4())))
            begin = end + 1
        children = [{"Ids": [child for _, _, child in places], "Type": "CHILD"}]
        self.blocks.append({**self._block(identity, "LINE", text, line), "Relationships": children})
        self.blocks += [
            self._block(child, "WORD", word["Text"], word) for word, (_, _, child) in zip(words, places, strict=True)
        ]
        self.lines.append((place, identity, places))

    def _block(self, identity: str, kind: str, text: str, known: Mapping[str, Any]) -> dict[str, Any]:
        block = {"Id": identity, "BlockType": kind, "Text": text, "Page": self.number}
        return block | ({"Geometry": known["Geometry"]} if known.get("Geometry") else {})


def entities_on_page(page: PageText, found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A page's entities with the blocks they stand in, in the place of offsets where there are blocks."""
    shown: list[dict[str, Any]] = answers.entities(found)["Entities"]
    if page.blocks:
        for entity in shown:
            begin, end = entity.pop("BeginOffset"), entity.pop("EndOffset")
            entity["BlockReferences"] = page.references(begin, end)
    return shown


def metadata(pages: Sequence[PageText], count: int) -> dict[str, Any]:
    """The DocumentMetadata of a document.

    Args:
        pages: those that were read.
        count: how many there are.
    """
    return {
        "Pages": count,
        "ExtractedCharacters": [{"Page": page.number, "Count": len(page.text)} for page in pages],
    }


def _geometry(what: Line | Word, page: Page) -> dict[str, Any]:
    outline = page.as_sent(what.outline)
    box = Box.around(outline)
    return {
        "BoundingBox": {"Left": box.left, "Top": box.top, "Width": box.width, "Height": box.height},
        "Polygon": [{"X": x, "Y": y} for x, y in outline],
    }
