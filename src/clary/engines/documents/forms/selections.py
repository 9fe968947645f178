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

SMALLEST, LARGEST = 0.65, 2.6
"""Sides of a check box, in heights of words."""
MARKED_SHARE = 0.08
"""Of the inside of a check box that is dark; an empty one shows none, a thin tick a tenth."""
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
    across, down = page.width / picture.shape[1], page.height / picture.shape[0]
    usual = height / down
    if usual < 5:
        return []
    method, kind = cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV
    dark = cv2.adaptiveThreshold(picture, 255, method, kind, max(15, int(3 * usual)) | 1, 18).astype(np.uint8)
    boxes = np.array(
        [(token.left, token.top, token.right, token.bottom) for token in tokens if len(token.text) > 1]
    ).reshape(-1, 4)
    found: list[SelectionElement] = []
    for left, top, width, tall in [*_squares(dark, usual), *_circles(dark, usual)]:
        place = (left * across, top * down, (left + width) * across, (top + tall) * down)
        if _is_letter(place, boxes):
            continue
        share = _dark_share(dark, left, top, width, tall)
        sure = min(1.0, 0.6 + 4 * abs(share - MARKED_SHARE))
        box = Box(place[0] / page.width, place[1] / page.height, place[2] / page.width, place[3] / page.height)
        if not any(box.overlap(other.box) > 0.2 * min(box.area, other.box.area) for other in found):
            found.append(SelectionElement(box, share > MARKED_SHARE, sure))
    return found


Rectangle = tuple[int, int, int, int]


def _squares(dark: NDArray[np.uint8], usual: float) -> list[Rectangle]:
    """Holes among the straight strokes alone: the mark in a box is mostly slanted and falls away."""
    length = max(4, int(0.55 * usual))
    whole = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((2, 2), np.uint8))
    lying = cv2.morphologyEx(whole, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    upright = cv2.morphologyEx(whole, cv2.MORPH_OPEN, np.ones((length, 1), np.uint8))
    strokes = cv2.dilate(cv2.bitwise_or(lying, upright), np.ones((3, 3), np.uint8)).astype(np.uint8)
    return [hole for hole, filled in _holes(strokes, usual) if filled > 0.88]


def _circles(dark: NDArray[np.uint8], usual: float) -> list[Rectangle]:
    """Round holes; they fill three quarters of the square around them."""
    return [hole for hole, filled in _holes(dark, usual) if 0.70 < filled <= 0.88]


def _holes(dark: NDArray[np.uint8], usual: float) -> list[tuple[Rectangle, float]]:
    """Light areas of a check box's size with dark all around, and which share of their rectangle they fill."""
    outlines, tree = cv2.findContours(dark, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    found: list[tuple[Rectangle, float]] = []
    if not outlines:
        return found
    for outline, (_, _, _, parent) in zip(outlines, tree[0], strict=True):
        left, top, width, tall = cv2.boundingRect(outline)
        fits = SMALLEST * usual <= width <= LARGEST * usual and 0.72 <= width / max(tall, 1) <= 1.4
        if parent >= 0 and fits:
            filled = cv2.contourArea(cv2.convexHull(outline)) / (width * tall)
            found.append(((left, top, width, tall), float(filled)))
    return found


def _is_letter(place: tuple[float, float, float, float], words: NDArray[np.float64]) -> bool:
    """Whether a hole lies within a longer word: the inside of an O or a D. A mark alone may be read as a word."""
    if not len(words):
        return False
    left, top, right, bottom = place
    wide = np.clip(np.minimum(words[:, 2], right) - np.maximum(words[:, 0], left), 0, None)
    high = np.clip(np.minimum(words[:, 3], bottom) - np.maximum(words[:, 1], top), 0, None)
    covered = wide * high / max((right - left) * (bottom - top), 1e-9)
    return bool(covered.max() > 0.5)


def _dark_share(dark: NDArray[np.uint8], left: int, top: int, width: int, tall: int) -> float:
    margin_x, margin_y = max(1, width // 6), max(1, tall // 6)
    inside = dark[top + margin_y : top + tall - margin_y, left + margin_x : left + width - margin_x]
    return float((inside > 0).mean()) if inside.size else 0.0
