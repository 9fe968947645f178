"""Check boxes and radio buttons, and whether they bear a mark."""

from __future__ import annotations

import re
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.contract import Box, Page
from clary.engines.documents.tokens import Token
from clary.engines.documents.understanding import SelectionElement

SMALLEST, LARGEST = 0.42, 2.6
"""Sides of what a check box encloses, in heights of words; its strokes take as much again from small ones."""
SMALLEST_ROUND = 0.65
FINE = 28.0
"""Pixels of words' height: on coarser pictures the strokes of check boxes are as wide as what they enclose."""
MOST_ENLARGED = 2.5
STRAIGHT = 0.55
"""In heights of words: shorter strokes are no side of a check box."""
CLEAR, FAINT = 18, 10
"""Grey values by which ink is darker than what is around it, on fine and on coarse pictures."""
MOST_AROUND = 0.3
"""The share of ink around a check box, above which it is part of a pattern."""
MARKED_SHARE = 0.08
"""Of the inside of a check box that is dark; an empty one shows none, a thin tick a tenth."""
CLEARLY_MARKED = 0.2
TYPED = re.compile(r"([☑☒✓✔✗✘■]|[\[(]\s*[xX✓✔*]\s*[\])])|([☐□]|[\[(]\s*_*\s*[\])])")


def find_selections(
    page: Page, picture: NDArray[np.uint8] | None, tokens: Sequence[Token], height: float
) -> tuple[SelectionElement, ...]:
    """Finds check boxes that are drawn, and those that are typed ("[x]", "☐").

    Args:
        page: with its words.
        picture: [rows, columns] grey values of the upright page; without it, only typed ones are found.
        tokens: the page's words in its own units.
        height: of most words, in the page's units.

    Returns:
        Elements from top to bottom, then from left to right.
    """
    found = _typed(page)
    if picture is not None:
        for element in _drawn(page, picture, tokens, height):
            if not any(element.box.overlap(other.box) > 0.3 * other.box.area for other in found):
                found.append(element)
    rows = max(height / page.height, 1e-6)
    return tuple(sorted(found, key=lambda element: (round(element.box.centre[1] / rows), element.box.left)))


def _typed(page: Page) -> list[SelectionElement]:
    found = []
    for word in page.words:
        match = TYPED.fullmatch(word.text)
        if match is not None:
            found.append(SelectionElement(word.box, match.group(1) is not None, word.confidence))
    return found


def _drawn(page: Page, picture: NDArray[np.uint8], tokens: Sequence[Token], height: float) -> list[SelectionElement]:
    usual = height * picture.shape[0] / page.height
    if usual < 5:
        return []
    coarse = usual < FINE
    if coarse:
        larger = min(FINE / usual, MOST_ENLARGED)
        picture = cv2.resize(picture, None, fx=larger, fy=larger, interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    across, down = page.width / picture.shape[1], page.height / picture.shape[0]
    usual = height / down
    method, kind = cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV
    faint = FAINT if coarse else CLEAR
    dark = cv2.adaptiveThreshold(picture, 255, method, kind, max(15, int(3 * usual)) | 1, faint).astype(np.uint8)
    words = _Words(tokens, height)
    found: list[SelectionElement] = []
    squares = [hole for hole in _squares(dark, usual) if _is_framed(dark, hole, usual)]
    for hole in (*squares, *_circles(dark, usual)):
        left, top, width, tall = hole
        place = (left * across, top * down, (left + width) * across, (top + tall) * down)
        if words.cover(place) and not (hole in squares and words.swallow(place)):
            continue
        if _dark_around(dark, hole, usual) > MOST_AROUND:
            continue
        share = _dark_share(dark, left, top, width, tall)
        sure = min(1.0, 0.6 + 4 * abs(share - MARKED_SHARE))
        box = Box(place[0] / page.width, place[1] / page.height, place[2] / page.width, place[3] / page.height)
        if not any(box.overlap(other.box) > 0.2 * min(box.area, other.box.area) for other in found):
            found.append(SelectionElement(box, share > MARKED_SHARE, sure))
    return found


class _Words:
    """Where words of more than one letter stand, and how wide their letters are."""

    def __init__(self, tokens: Sequence[Token], height: float) -> None:
        longer = [token for token in tokens if len(token.text) > 1]
        self.boxes = np.array([(one.left, one.top, one.right, one.bottom) for one in longer]).reshape(-1, 4)
        self.letters = np.array([len(one.text) for one in longer])
        self.widths = self.boxes[:, 2] - self.boxes[:, 0]
        self.usual = float(np.median(self.widths / self.letters)) if len(longer) else height

    def cover(self, place: tuple[float, float, float, float]) -> bool:
        """Whether a hole lies within a longer word: the inside of an O or a D. A mark alone may be read as a word."""
        return bool(len(self.boxes)) and bool(self._covered(place).max() > 0.5)

    def swallow(self, place: tuple[float, float, float, float]) -> bool:
        """Whether a hole lies at the begin of a word too wide for its letters: its box was drawn around both."""
        number = int(self._covered(place).argmax())
        left = self.boxes[number][0]
        wider = self.widths[number] - self.usual * self.letters[number]
        return bool(wider > place[2] - place[0] and place[2] - left < 2 * (place[2] - place[0]))

    def _covered(self, place: tuple[float, float, float, float]) -> NDArray[np.float64]:
        left, top, right, bottom = place
        wide = np.clip(np.minimum(self.boxes[:, 2], right) - np.maximum(self.boxes[:, 0], left), 0, None)
        high = np.clip(np.minimum(self.boxes[:, 3], bottom) - np.maximum(self.boxes[:, 1], top), 0, None)
        return np.asarray(wide * high / max((right - left) * (bottom - top), 1e-9))


Rectangle = tuple[int, int, int, int]


def _squares(dark: NDArray[np.uint8], usual: float) -> list[Rectangle]:
    """Holes among the straight strokes alone: the mark in a box is mostly slanted and falls away."""
    length = max(4, int(STRAIGHT * usual))
    whole = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((2, 2), np.uint8))
    lying = cv2.morphologyEx(whole, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    upright = cv2.morphologyEx(whole, cv2.MORPH_OPEN, np.ones((length, 1), np.uint8))
    strokes = cv2.dilate(cv2.bitwise_or(lying, upright), np.ones((3, 3), np.uint8)).astype(np.uint8)
    whole_ones = [hole for hole, filled in _holes(strokes, usual, SMALLEST) if filled > 0.88]
    return whole_ones + _divided_squares(strokes, usual)


def _divided_squares(strokes: NDArray[np.uint8], usual: float) -> list[Rectangle]:
    """What frames enclose that stand alone, where a mark from side to side divides it."""
    outlines, tree = cv2.findContours(strokes, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if not outlines:
        return []
    within: dict[int, list[Rectangle]] = {}
    for outline, (_, _, _, parent) in zip(outlines, tree[0], strict=True):
        if parent >= 0:
            within.setdefault(int(parent), []).append(tuple(cv2.boundingRect(outline)))  # type: ignore[arg-type]
    found = []
    for number, holes in within.items():
        left, top = min(one[0] for one in holes), min(one[1] for one in holes)
        width = max(one[0] + one[2] for one in holes) - left
        tall = max(one[1] + one[3] for one in holes) - top
        _, _, outer_width, outer_tall = cv2.boundingRect(outlines[number])
        stroke = 0.35 * usual
        if (
            2 <= len(holes) <= 4
            and outer_width < width + 2 * stroke
            and outer_tall < tall + 2 * stroke
            and _fits(width, tall, usual, SMALLEST)
            and sum(one[2] * one[3] for one in holes) > 0.5 * width * tall
        ):
            found.append((left, top, width, tall))
    return found


def _fits(width: int, tall: int, usual: float, smallest: float) -> bool:
    return smallest * usual <= width <= LARGEST * usual and 0.72 <= width / max(tall, 1) <= 1.4


def _circles(dark: NDArray[np.uint8], usual: float) -> list[Rectangle]:
    """Round holes; they fill three quarters of the square around them."""
    return [hole for hole, filled in _holes(dark, usual, SMALLEST_ROUND) if 0.70 < filled <= 0.88]


def _holes(dark: NDArray[np.uint8], usual: float, smallest: float) -> list[tuple[Rectangle, float]]:
    """Light areas of a check box's size with dark all around, and which share of their rectangle they fill."""
    outlines, tree = cv2.findContours(dark, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    found: list[tuple[Rectangle, float]] = []
    if not outlines:
        return found
    for outline, (_, _, _, parent) in zip(outlines, tree[0], strict=True):
        left, top, width, tall = cv2.boundingRect(outline)
        if parent >= 0 and _fits(width, tall, usual, smallest):
            filled = cv2.contourArea(cv2.convexHull(outline)) / max(1, (width - 1) * (tall - 1))
            found.append(((left, top, width, tall), float(filled)))
    return found


def _is_framed(dark: NDArray[np.uint8], hole: Rectangle, usual: float) -> bool:
    """Whether ink fills the corners of the frame around a hole, as it does around no letter.

    One may be worn off, and another one where the hole bears a mark, as the inside of no letter does.
    """
    left, top, width, tall = hole
    size = max(2, int(0.12 * usual))
    corners = [(x, y) for x in (left - size, left + width) for y in (top - size, top + tall)]
    inked = [float((dark[max(0, y) : y + size, max(0, x) : x + size] > 0).mean()) > 0.5 for x, y in corners]
    return sum(inked) >= (2 if _dark_share(dark, *hole) > CLEARLY_MARKED else 3)


def _dark_around(dark: NDArray[np.uint8], hole: Rectangle, usual: float) -> float:
    """The share of ink in a ring outside of the frame around a hole: much of it is a pattern or a picture."""
    left, top, width, tall = hole
    near, far = max(3, int(0.25 * usual)), max(5, int(0.5 * usual))
    outer = dark[max(0, top - far) : top + tall + far, max(0, left - far) : left + width + far] > 0
    inner = dark[max(0, top - near) : top + tall + near, max(0, left - near) : left + width + near] > 0
    return float((outer.sum() - inner.sum()) / max(1, outer.size - inner.size))


def _dark_share(dark: NDArray[np.uint8], left: int, top: int, width: int, tall: int) -> float:
    margin_x, margin_y = max(1, width // 6), max(1, tall // 6)
    inside = dark[top + margin_y : top + tall - margin_y, left + margin_x : left + width - margin_x]
    return float((inside > 0).mean()) if inside.size else 0.0
