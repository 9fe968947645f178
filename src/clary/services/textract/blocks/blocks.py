"""The blocks of one page: what Textract's answers are made of."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clary.engines.documents.contract import Box, Page, Polygon
from clary.services.textract.blocks.geometry import WHOLE, geometry, percent

Block = dict[str, Any]


class BlockIds:
    """Ids in the form of UUIDs: the same for the same seed and order, so that a job that was killed repeats them.

    Args:
        seed: no other page of any document has it.
    """

    def __init__(self, seed: str) -> None:
        self._seed = seed.encode()
        self._count = 0

    def next(self) -> str:
        """An id that was not given before."""
        self._count += 1
        digest = hashlib.blake2b(self._seed, digest_size=16, salt=self._count.to_bytes(16, "big")).digest()
        return str(uuid.UUID(bytes=digest, version=4))


@dataclass(frozen=True, slots=True)
class BlockStyle:
    """How the blocks of a page are written.

    Attributes:
        seed: of their ids.
        angles: whether lines and words tell their RotationAngle. AWS's model has it, but the typed half of AWS's own
            response parser (trp2, version 0.1.48) refuses answers that do; polygons tell the same in their order.
    """

    seed: str
    angles: bool = False


class PageBlocks:
    """Collects the blocks of one page: the page, its lines and words first, then what was understood of it.

    Attributes:
        page: what was read.
        lines: the ids of its lines.
        words: the ids of its words, in the order of `page.words`.
    """

    def __init__(self, page: Page, style: BlockStyle) -> None:
        self.page = page
        self._ids = BlockIds(style.seed)
        self._angles = style.angles
        self._blocks: list[Block] = []
        self._children: list[str] = []
        self._own = self.add("PAGE", WHOLE)
        self.lines: list[str] = []
        self.words: list[str] = []
        self._add_text()

    def add(
        self,
        kind: str,
        place: Box | Polygon | None,
        *,
        confidence: float | None = None,
        text: str | None = None,
        related: Mapping[str, Sequence[str]] | None = None,
        angle: bool = False,
        of_page: bool = False,
        **members: Any,
    ) -> str:
        """Adds a block and returns its id.

        Args:
            kind: its BlockType.
            place: on the upright page; None for a block that stands nowhere.
            confidence: a probability.
            related: type of a relationship -> ids; relationships without ids are left out.
            angle: whether it is text, which may be turned.
            of_page: whether it is a child of the page.
            members: further members of the block.
        """
        block: Block = {"BlockType": kind}
        if confidence is not None:
            block["Confidence"] = percent(confidence)
        if text is not None:
            block["Text"] = text
        block |= members
        if place is not None:
            block["Geometry"] = geometry(self.page, place, angle=angle and self._angles)
        block["Id"] = self._ids.next()
        relationships = [{"Type": name, "Ids": list(ids)} for name, ids in (related or {}).items() if ids]
        if relationships:
            block["Relationships"] = relationships
        block["Page"] = self.page.number
        self._blocks.append(block)
        if of_page:
            self._children.append(block["Id"])
        return str(block["Id"])

    def finished(self) -> list[Block]:
        """All blocks, the page's own first."""
        page, *others = self._blocks
        if self._children:
            page["Relationships"] = [{"Type": "CHILD", "Ids": list(self._children)}]
        return [page, *others]

    def _add_text(self) -> None:
        """Lines come before words, as AWS's do; a line's block names words whose blocks follow."""
        waiting: list[Block] = []
        for line in self.page.lines:
            related = []
            for word in line.words:
                self.add(
                    "WORD",
                    word.polygon or word.box,
                    confidence=word.confidence,
                    text=word.text,
                    angle=True,
                    TextType="HANDWRITING" if word.handwritten else "PRINTED",
                )
                block = self._blocks.pop()
                waiting.append(block)
                related.append(block["Id"])
            self.words += related
            self.lines.append(
                self.add(
                    "LINE",
                    line.polygon or line.box,
                    confidence=line.confidence,
                    text=line.text,
                    related={"CHILD": related},
                    angle=True,
                    of_page=True,
                )
            )
        self._blocks += waiting
