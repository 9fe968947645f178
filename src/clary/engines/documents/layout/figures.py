"""Pictures and drawings on a page: dark areas that are neither words nor lines."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.contract import Box, Page

SMALLEST_AREA = 0.006
"""Of the page."""
WORKING_SIDE = 700
"""Pixels of the longer side that is looked at."""


def find_figures(page: Page, picture: NDArray[np.uint8], others: Sequence[Box]) -> list[Box]:
    """Finds figures.

    Args:
        page: with its words.
        picture: [rows, columns] grey values of the upright page.
        others: places that hold no figure, such as tables.

    Returns:
        Boxes of figures from top to bottom.
    """
    scale = min(1.0, WORKING_SIDE / max(picture.shape))
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    paper = float(np.percentile(small, 90))
    marked = (small < paper - 28).astype(np.uint8)
    height, width = marked.shape
    for box in [word.box for word in page.words] + list(others):
        left, right = int(box.left * width) - 1, int(np.ceil(box.right * width)) + 1
        top, bottom = int(box.top * height) - 1, int(np.ceil(box.bottom * height)) + 1
        marked[max(0, top) : bottom, max(0, left) : right] = 0
    # Ruling lines and specks fall away; what is left of a picture grows together.
    marked = cv2.morphologyEx(marked, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)).astype(np.uint8)
    marked = cv2.dilate(marked, np.ones((7, 7), np.uint8)).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(marked, connectivity=8)
    found = []
    for left, top, wide, tall, area in stats[1:count]:
        box = Box(left / width, top / height, (left + wide) / width, (top + tall) / height)
        thin = min(wide, tall) < 0.03 * max(height, width)
        if box.area >= SMALLEST_AREA and area > 0.25 * wide * tall and not thin and box.area < 0.9:
            found.append(box)
    return found
