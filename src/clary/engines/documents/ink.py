"""Which pixels of a page or a line are ink, and which of them are ruled lines."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.sheets import Pixels

Ink = NDArray[np.bool_]
"""[height, width] True where a pen or a printer left something."""
LIGHTEST_INK = 0.35
"""What lies so far from the colour of the paper towards that of the ink is ink: letters have soft edges."""


def ink_of(line: Pixels) -> Ink:
    """The ink of a cropped line, dark on light or light on dark.

    Args:
        line: [height, width, 3] RGB.
    """
    grey = cv2.cvtColor(line, cv2.COLOR_RGB2GRAY)
    threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    dark = grey <= threshold
    if not dark.any() or dark.all():
        return np.zeros(grey.shape, bool)
    inverted = dark.mean() > 0.5
    paper, writing = grey[dark == inverted].mean(), grey[dark != inverted].mean()
    edge = paper + LIGHTEST_INK * (writing - paper)
    mask: Ink = grey > edge if inverted else grey < edge
    return mask


def rules_of(page: Pixels, length: int) -> Ink:
    """The ruled lines of a page: straight strokes across or down it, and the frames of boxes.

    Args:
        page: [height, width, 3] RGB.
        length: a straight stroke at least so many pixels long is a rule.
    """
    grey = cv2.cvtColor(page, cv2.COLOR_RGB2GRAY)
    around = 2 * (max(length, 15) // 2) + 1
    dark = cv2.adaptiveThreshold(grey, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, around, 12)
    across = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    down = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((length, 1), np.uint8))
    # the soft edges of a rule go with it
    rules: Ink = cv2.dilate(np.maximum(across, down), np.ones((3, 3), np.uint8)).astype(bool)
    return rules


def of_the_line(ink: Ink) -> Ink:
    """The ink without what reaches in from the lines above and below."""
    height = ink.shape[0]
    _, labels, stats, middles = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    tops, heights = stats[:, cv2.CC_STAT_TOP], stats[:, cv2.CC_STAT_HEIGHT]
    bottoms = tops + heights
    reaches_core = (tops < 0.78 * height) & (bottoms > 0.22 * height)
    from_above = (tops == 0) & (middles[:, 1] < 0.3 * height)
    from_below = (bottoms == height) & (middles[:, 1] > 0.7 * height)
    keep = reaches_core & ~from_above & ~from_below
    keep[0] = False
    kept: Ink = keep[labels]
    return kept if kept.any() else ink


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The stretches of True as (begin, end), end excluded."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
