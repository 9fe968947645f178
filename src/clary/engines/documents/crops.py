"""Lines cut out of a page, upright, each with the way back."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.detector import Quadrilateral
from clary.engines.documents.ink import Ink
from clary.engines.documents.sheets import Pixels

LONG = 4.0
"""A rectangle so many times wider than high tells its own slant; a shorter one takes that of its page."""
LEVEL_DEGREES = 0.35
"""A line that slants less is cut out as it is."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A line cut out of a page.

    Attributes:
        pixels: [height, width, 3] RGB.
        rules: [height, width] what is a ruled line.
        back: [2, 3] takes (x, y, 1) of the crop to pixels of the page.
        tilted: whether `back` turns.
    """

    pixels: Pixels
    rules: Ink
    back: NDArray[np.float64]
    tilted: bool


def slant_degrees(box: Quadrilateral) -> float:
    """How far its upper edge falls to the right."""
    across, down = box[1] - box[0]
    return float(np.degrees(np.arctan2(down, across)))


def sides(box: Quadrilateral) -> tuple[float, float]:
    """Width and height in pixels."""
    return float(np.linalg.norm(box[1] - box[0])), float(np.linalg.norm(box[3] - box[0]))


def page_slant_degrees(boxes: list[Quadrilateral]) -> float:
    """The slant that most of a page's long lines share; 0 where there are too few."""
    long = [(slant_degrees(box), sides(box)[0]) for box in boxes if sides(box)[0] > LONG * sides(box)[1]]
    if len(long) < 3:
        return 0.0
    slants, widths = np.array(long).T
    order = np.argsort(slants)
    passed = np.cumsum(widths[order])
    return float(slants[order][np.searchsorted(passed, passed[-1] / 2)])


def cut(page: Pixels, rules: Ink, box: Quadrilateral, slant: float, grow: tuple[float, float]) -> Crop | None:
    """Cuts a line out.

    Args:
        page: [height, width, 3] RGB.
        rules: [height, width] the ruled lines of the page.
        box: around the line.
        slant: of the page, in degrees, for a box that is too short to tell its own.
        grow: what is added left and right, and above and below, in heights of the box.

    Returns:
        The line, or None where nothing of it lies on the page.
    """
    width, height = sides(box)
    own = slant_degrees(box) if width > LONG * height or abs(slant_degrees(box) - slant) > 8 else slant
    if abs(own) < LEVEL_DEGREES:
        return _cut_level(page, rules, box, (grow[0] * height, grow[1] * height))
    return _cut_tilted(page, rules, box, own, grow)


def straightened(page: Pixels, box: Quadrilateral, grow: tuple[float, float], height: int) -> Pixels:
    """A tilted rectangle as an upright picture of a given height, or its own where that is far greater.

    Args:
        page: [height, width, 3] RGB.
        box: around a line or a word.
        grow: what is added left and right, and above and below, in heights of the box.
        height: wanted, in pixels.
    """
    width, tall = sides(box)
    whole = tall * (1 + 2 * grow[1])
    scale = height / whole if whole < 2 * height else 1.0
    size = max(round((width + 2 * grow[0] * tall) * scale), 8), max(round(whole * scale), 8)
    aside, above = grow[0] * tall * scale, grow[1] * tall * scale
    corners = np.array([(aside, above), (size[0] - aside, above), (aside, size[1] - above)], np.float32)
    there = cv2.getAffineTransform(np.ascontiguousarray(box[[0, 1, 3]], np.float32), corners)
    drawn = cv2.warpAffine(page, there, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(drawn, np.uint8)


def _cut_level(page: Pixels, rules: Ink, box: Quadrilateral, grow: tuple[float, float]) -> Crop | None:
    across, down = round(grow[0]), round(grow[1])
    left, top = np.floor(box.min(axis=0) - np.array((across, down))).astype(int)
    right, bottom = np.ceil(box.max(axis=0) + np.array((across, down))).astype(int)
    left, top = max(int(left), 0), max(int(top), 0)
    right, bottom = min(int(right), page.shape[1]), min(int(bottom), page.shape[0])
    if right - left < 3 or bottom - top < 3:
        return None
    back = np.array([[1, 0, left], [0, 1, top]], np.float64)
    return Crop(page[top:bottom, left:right], rules[top:bottom, left:right], back, tilted=False)


def _cut_tilted(page: Pixels, rules: Ink, box: Quadrilateral, slant: float, grow: tuple[float, float]) -> Crop | None:
    turn = np.radians(slant)
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    along = box @ axes.T
    low, high = along.min(axis=0), along.max(axis=0)
    height = high[1] - low[1]
    low, high = low - np.multiply(grow, height), high + np.multiply(grow, height)
    width, tall = (max(int(np.ceil(one)), 1) for one in high - low)
    if width < 3 or tall < 3 or width > 20_000:
        return None
    back = np.column_stack((axes.T, axes.T @ low))
    flags = cv2.WARP_INVERSE_MAP
    turned = cv2.warpAffine(page, back, (width, tall), flags=flags | cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    ruled = cv2.warpAffine(rules.astype(np.uint8), back, (width, tall), flags=flags | cv2.INTER_NEAREST)
    return Crop(np.asarray(turned, np.uint8), ruled.astype(bool), back, tilted=True)
