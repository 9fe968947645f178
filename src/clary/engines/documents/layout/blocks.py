"""Lines that belong together: paragraphs, items of lists, heads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from clary.engines.documents.contract import Box, Line, Page

ITEM = re.compile(r"(?:[•●○■□▪◦➢►*\u2013—-]|\(?(?:\d{1,2}|[a-zA-Z]|[ivx]{1,4})[.)])(?:\s+\S|$)")
"""How an item of a list begins."""


@dataclass(frozen=True, slots=True)
class Block:
    """Lines one below the other.

    Attributes:
        lines: positions in the page's lines.
        height: of its letters, as a ratio of the page's height.
        text: of all lines.
    """

    lines: tuple[int, ...]
    box: Box
    height: float
    text: str


def line_height(line: Line) -> float:
    """The height of a line's letters, as a ratio of the page's height."""
    return median(word.box.height for word in line.words)


def blocks_of(page: Page, free: Sequence[int]) -> list[Block]:
    """Puts lines together that follow one another closely, in one size, one below the other.

    Args:
        free: positions of the lines to look at.
    """
    usual = usual_line_height(page)
    open_groups: list[list[int]] = []
    for place in sorted(free, key=lambda place: (page.lines[place].box.top, page.lines[place].box.left)):
        best: list[int] | None = None
        for group in open_groups:
            if _follows(page.lines[group[-1]], page.lines[place], page, usual):
                best = group if best is None or _gap(page, group, place) < _gap(page, best, place) else best
        if best is None:
            open_groups.append([place])
        else:
            best.append(place)
    return [block_of(page, group) for group in open_groups]


def block_of(page: Page, lines: Sequence[int]) -> Block:
    """Makes a block of lines, at least one."""
    parts = [page.lines[place] for place in lines]
    return Block(
        tuple(lines),
        Box.around_boxes(part.box for part in parts),
        median(line_height(part) for part in parts),
        " ".join(part.text for part in parts),
    )


def usual_line_height(page: Page) -> float:
    """The height of the letters of most words, as a ratio of the page's height."""
    heights = [word.box.height for word in page.words if any(character.isalnum() for character in word.text)]
    return median(heights) if heights else 0.01


def _gap(page: Page, group: Sequence[int], place: int) -> float:
    return abs(page.lines[place].box.left - page.lines[group[-1]].box.left)


def _follows(upper: Line, lower: Line, page: Page, usual: float) -> bool:
    one, other = line_height(upper), line_height(lower)
    if max(one, other) > 1.3 * min(one, other):
        return False
    apart = lower.box.top - upper.box.bottom
    if not -0.4 * usual <= apart <= 1.0 * max(one, usual):
        return False
    shared = min(upper.box.right, lower.box.right) - max(upper.box.left, lower.box.left)
    if shared < 0.4 * min(upper.box.width, lower.box.width) or ITEM.match(lower.text):
        return False
    aspect = page.height / page.width
    flush = abs(upper.box.left - lower.box.left) < 2.5 * usual * aspect
    centred = abs(upper.box.centre[0] - lower.box.centre[0]) < 1.2 * usual * aspect
    hanging = ITEM.match(upper.text) is not None and 0 < lower.box.left - upper.box.left < 6 * usual * aspect
    return flush or centred or hanging
