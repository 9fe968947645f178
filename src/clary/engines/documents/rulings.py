"""Ruling lines of a page: the thin straight lines that frame and divide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.contract import Page
from clary.engines.documents.tokens import Token

Rectangle = tuple[float, float, float, float]

SHORTEST_HEIGHTS = 1.3
"""Of the height of words; below it a line may be a dash or a stroke of a letter."""
THICKEST_HEIGHTS = 0.5
"""Thicker than this it is an area, whose edges divide as lines do."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """A straight line.

    Attributes:
        at: where it lies across its direction, in the page's units.
        start: where it begins along its direction.
        end: where it ends.
    """

    at: float
    start: float
    end: float

    @property
    def length(self) -> float:
        """In the page's units."""
        return self.end - self.start

    def covers(self, start: float, end: float) -> float:
        """The share of an interval that it runs along."""
        return max(0.0, min(self.end, end) - max(self.start, start)) / max(end - start, 1e-9)


@dataclass(frozen=True, slots=True)
class Rulings:
    """The lines of a page, each kind ordered by `at`."""

    horizontal: tuple[Ruling, ...] = ()
    vertical: tuple[Ruling, ...] = ()


def find_rulings(picture: NDArray[np.uint8], page: Page, tokens: Sequence[Token], height: float) -> Rulings:
    """Finds the horizontal and vertical lines of a page that stands upright.

    Args:
        picture: [rows, columns] grey values of the whole page.
        page: whose units the answer is given in.
        tokens: the page's words; strokes of their letters are no lines.
        height: of most words, in the page's units.
    """
    across, down = page.width / picture.shape[1], page.height / picture.shape[0]
    block = max(15, int(2.0 * height / down)) | 1
    method, kind = cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV
    dark = cv2.adaptiveThreshold(picture, 255, method, kind, block, 12).astype(np.uint8)
    upright = [(token.left, token.top, token.right, token.bottom) for token in tokens]
    lying = [(token.top, token.left, token.bottom, token.right) for token in tokens]
    horizontal = _lines(dark, across, down, height)
    vertical = _lines(np.ascontiguousarray(dark.T), down, across, height)
    return Rulings(_without_strokes(horizontal, upright), _without_strokes(vertical, lying))


def _without_strokes(lines: Sequence[Ruling], words: Sequence[Rectangle]) -> tuple[Ruling, ...]:
    """Drops what lies mostly within words, away from their edges; boxes are given in the lines' own direction."""
    if not lines or not words:
        return tuple(lines)
    boxes = np.array(words)
    margin = 0.12 * (boxes[:, 3] - boxes[:, 1])
    kept = []
    for line in lines:
        crossed = (boxes[:, 1] + margin < line.at) & (line.at < boxes[:, 3] - margin)
        inside = np.clip(np.minimum(boxes[:, 2], line.end) - np.maximum(boxes[:, 0], line.start), 0, None)
        touched = (boxes[:, 1] - margin < line.at) & (line.at < boxes[:, 3] + margin)
        within = touched & (inside > 0.85 * line.length)
        if inside[crossed].sum() < 0.5 * line.length and not within.any():
            kept.append(line)
    return tuple(kept)


def _lines(dark: NDArray[np.uint8], along: float, across: float, height: float) -> tuple[Ruling, ...]:
    """The lines that run along the rows of a picture; `along` and `across` are units for each pixel."""
    shortest = max(13, int(SHORTEST_HEIGHTS * height / along))
    thickest = max(4.0, THICKEST_HEIGHTS * height / across)
    closed = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((1, 3), np.uint8))
    straight = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((1, shortest), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(straight, connectivity=8)
    found = []
    for left, top, length, thickness, _area in stats[1:count]:
        if length < 4 * thickness and thickness > thickest:
            continue
        start, end = float(left * along), float((left + length) * along)
        if thickness <= thickest:
            found.append(Ruling(float((top + thickness / 2) * across), start, end))
        else:
            found += [Ruling(float(top * across), start, end), Ruling(float((top + thickness) * across), start, end)]
    return _joined(found, 3 * across, 0.6 * shortest * along)


def _joined(lines: list[Ruling], apart: float, gap: float) -> tuple[Ruling, ...]:
    """Puts the pieces of broken lines together."""
    joined: list[Ruling] = []
    for line in sorted(lines, key=lambda line: (line.start, line.at)):
        for place in range(len(joined) - 1, -1, -1):
            other = joined[place]
            if abs(other.at - line.at) <= apart and line.start <= other.end + gap:
                weight = line.length + other.length
                at = (line.at * line.length + other.at * other.length) / max(weight, 1e-9)
                joined[place] = Ruling(at, other.start, max(other.end, line.end))
                break
        else:
            joined.append(line)
    return tuple(sorted(joined, key=lambda line: line.at))
