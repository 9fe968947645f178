"""From a page to its parts, each with its kind, in the order of reading."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.contract import Box, Page
from clary.engines.documents.layout.blocks import ITEM, Block, blocks_of, usual_line_height
from clary.engines.documents.layout.figures import find_figures
from clary.engines.documents.layout.order import reading_order
from clary.engines.documents.understanding import KeyValue, LayoutKind, LayoutPart, Table

PAGE_NUMBER = re.compile(
    r"\W*(?:(?:page|p\.|seite|pagina|p[áa]gina)\s*)?(?:[A-Z]{1,3}-)?(?:\d{1,4}|[ivxl]{1,6})(?:\s*(?:of|/|von|de"
    r"|sur|van)\s*\d{1,4})?\W*",
    re.IGNORECASE,
)
NUMBERED_HEAD = re.compile(r"(?:\d+(?:\.\d+)*\.?|[IVX]+\.)\s+[A-Z]")
HEAD_EDGE, FOOT_EDGE = 0.075, 0.925
"""Above the one and below the other, as ratios of the page's height, stands what repeats on every page."""
MOST_HEAD_WORDS = 14


def find_layout(
    page: Page,
    tables: Sequence[Table] = (),
    key_values: Sequence[KeyValue] = (),
    picture: NDArray[np.uint8] | None = None,
) -> tuple[LayoutPart, ...]:
    """Finds the parts of a page.

    Args:
        page: with its lines.
        tables: of the page; what stands in them is no other part.
        key_values: of the page; lines that are mostly fields are a part of that kind.
        picture: [rows, columns] grey values of the upright page, in which figures are looked for.

    Returns:
        Parts in the order of reading; every line belongs to exactly one.
    """
    parts = [_table_part(table, page) for table in tables]
    free = [place for place in range(len(page.lines)) if not any(place in part.lines for part in parts)]
    fields = _field_lines(page, free, key_values)
    parts += _joined_fields(blocks_of(page, sorted(fields)), page, key_values)
    blocks = blocks_of(page, [place for place in free if place not in fields])
    usual = usual_line_height(page)
    title = _title(blocks, usual)
    items = _items(blocks, usual)
    parts += [
        LayoutPart(_kind(block, block in items, usual, title), block.box, _sure(block, page), block.lines)
        for block in blocks
    ]
    if picture is not None:
        taken = [table.box for table in tables]
        parts += [LayoutPart(LayoutKind.FIGURE, box, 0.7) for box in find_figures(page, picture, taken)]
    order = reading_order([part.box for part in parts])
    return tuple(_lists([parts[place] for place in order]))


def _table_part(table: Table, page: Page) -> LayoutPart:
    words = {index for cell in table.cells for index in cell.words}
    words |= {index for passage in table.titles + table.footers for index in passage.words}
    lines, at = [], 0
    for place, line in enumerate(page.lines):
        own = range(at, at + len(line.words))
        at += len(line.words)
        if sum(1 for index in own if index in words) > 0.5 * len(own):
            lines.append(place)
    return LayoutPart(LayoutKind.TABLE, table.box, table.confidence, tuple(lines))


def _field_lines(page: Page, free: Sequence[int], key_values: Sequence[KeyValue]) -> set[int]:
    """Lines most of whose words are names and values of fields."""
    words: set[int] = set()
    for field in key_values:
        if field.value is not None and field.confidence >= 0.35 and len(field.value.words) <= 20:
            words.update(field.key.words, field.value.words)
    starts, at = [], 0
    for line in page.lines:
        starts.append(at)
        at += len(line.words)
    return {
        place
        for place in free
        if sum(1 for index in range(starts[place], starts[place] + len(page.lines[place].words)) if index in words)
        > 0.6 * len(page.lines[place].words)
    }


def _joined_fields(blocks: Sequence[Block], page: Page, key_values: Sequence[KeyValue]) -> list[LayoutPart]:
    """Fields below or beside one another are one part; a name and its value may be far apart in their row."""
    usual = usual_line_height(page)
    line_of_word = [place for place, line in enumerate(page.lines) for _ in line.words]
    block_of_line = {line: number for number, block in enumerate(blocks) for line in block.lines}
    paired = {
        frozenset(block_of_line.get(line_of_word[index], -1) for index in (*field.key.words, *field.value.words))
        for field in key_values
        if field.value is not None
    }
    groups: list[list[int]] = []
    for number, block in enumerate(blocks):
        joined = [number]
        apart = []
        for group in groups:
            boxes = [(blocks[other].box, any({number, other} <= pair for pair in paired)) for other in group]
            if any(_near(block.box, box, usual, page, far=far) for box, far in boxes):
                joined = group + joined
            else:
                apart.append(group)
        groups = [*apart, joined]
    return [
        LayoutPart(
            LayoutKind.KEY_VALUE,
            Box.around_boxes(blocks[number].box for number in group),
            0.7,
            tuple(sorted(line for number in group for line in blocks[number].lines)),
        )
        for group in groups
    ]


def _near(one: Box, other: Box, usual: float, page: Page, *, far: bool) -> bool:
    down = max(one.top - other.bottom, other.top - one.bottom)
    across = max(one.left - other.right, other.left - one.right) * page.width / page.height
    return down < 1.6 * usual and (far or across < 12 * usual)


def _title(blocks: Sequence[Block], usual: float) -> Block | None:
    """The tallest letters of the upper part of the page, where they are clearly taller than the text's."""
    upper = [
        block
        for block in blocks
        if block.box.top < 0.4 and len(block.text.split()) <= 20 and _is_words(block.text) and ":" not in block.text
    ]
    tallest = max(upper, key=lambda block: block.height, default=None)
    return tallest if tallest is not None and tallest.height >= 1.45 * usual else None


def _is_words(text: str) -> bool:
    return sum(character.isalpha() for character in text) >= max(3, 0.5 * len(text.replace(" ", "")))


def _items(blocks: Sequence[Block], usual: float) -> list[Block]:
    """Blocks that are items of lists: marked as such, and more than a numbered head that stands alone."""
    marked = [block for block in blocks if ITEM.match(block.text) and len(block.text.split()) > 1]
    return [
        block
        for block in marked
        if block.height < 1.25 * usual
        and (
            not NUMBERED_HEAD.match(block.text)
            or len(block.text.split()) > MOST_HEAD_WORDS
            or any(other is not block and _next_item(block, other, usual) for other in marked)
        )
    ]


def _next_item(one: Block, other: Block, usual: float) -> bool:
    apart = max(one.box.top - other.box.bottom, other.box.top - one.box.bottom)
    return apart < 2.2 * usual and abs(one.box.left - other.box.left) < 0.03


def _kind(block: Block, item: bool, usual: float, title: Block | None) -> LayoutKind:
    words = block.text.split()
    at_edge = block.box.bottom < HEAD_EDGE or block.box.top > FOOT_EDGE
    if at_edge and PAGE_NUMBER.fullmatch(block.text):
        return LayoutKind.PAGE_NUMBER
    if block is title:
        return LayoutKind.TITLE
    if item:
        return LayoutKind.LIST
    if at_edge and len(words) <= 25 and block.height < 1.3 * usual:
        return LayoutKind.HEADER if block.box.bottom < HEAD_EDGE else LayoutKind.FOOTER
    if _is_head(block, words, usual):
        return LayoutKind.SECTION_HEADER
    return LayoutKind.TEXT


def _is_head(block: Block, words: Sequence[str], usual: float) -> bool:
    if len(words) > MOST_HEAD_WORDS or len(block.lines) > 2 or not _is_words(block.text):
        return False
    if block.text.rstrip().endswith((".", ",", ";")):
        return False
    letters = [character for character in block.text if character.isalpha()]
    capital = all(character.isupper() for character in letters)
    numbered = NUMBERED_HEAD.match(block.text) is not None
    return block.height >= 1.22 * usual or (capital and len(words) <= 8 and block.height >= 0.95 * usual) or numbered


def _sure(block: Block, page: Page) -> float:
    return 0.9 * sum(page.lines[place].confidence for place in block.lines) / len(block.lines)


def _lists(parts: Sequence[LayoutPart]) -> list[LayoutPart]:
    """Puts items that follow one another into one list."""
    found: list[LayoutPart] = []
    for part in parts:
        if part.kind is not LayoutKind.LIST:
            found.append(part)
            continue
        item = LayoutPart(LayoutKind.TEXT, part.box, part.confidence, part.lines)
        last = found[-1] if found else None
        if last is not None and last.kind is LayoutKind.LIST and part.box.top >= last.box.top:
            found[-1] = LayoutPart(
                LayoutKind.LIST,
                Box.around_boxes((last.box, part.box)),
                min(last.confidence, part.confidence),
                last.lines + part.lines,
                (*last.children, item),
            )
        else:
            found.append(LayoutPart(LayoutKind.LIST, part.box, part.confidence, part.lines, (item,)))
    return found
