"""Places as answers tell them: on the page as it was sent, not as it was turned to be read."""

from __future__ import annotations

import math
from typing import Any

from clary.engines.documents.contract import Box, Page, Polygon

_DIGITS = 9
WHOLE = Box(0.0, 0.0, 1.0, 1.0)


def geometry(page: Page, place: Polygon | Box, *, angle: bool = False) -> dict[str, Any]:
    """A place on a page.

    Args:
        page: tells how it was turned.
        place: on the upright page.
        angle: whether to tell by how many degrees text that stands there is turned.
    """
    corners = page.as_sent(place)
    box = Box.around(corners)
    told: dict[str, Any] = {
        "BoundingBox": {
            "Width": round(box.width, _DIGITS),
            "Height": round(box.height, _DIGITS),
            "Left": round(box.left, _DIGITS),
            "Top": round(box.top, _DIGITS),
        },
        "Polygon": [{"X": round(x, _DIGITS), "Y": round(y, _DIGITS)} for x, y in corners],
    }
    if angle:
        told["RotationAngle"] = rotation_degrees(page, corners)
    return told


def rotation_degrees(page: Page, corners: Polygon) -> float:
    """How far a text is turned clockwise on the page that came in, more than -180 and at most 180 degrees.

    Args:
        corners: of the text on the page that came in, in the order of reading.
    """
    lies = round(page.rotation_degrees / 90) % 2 == 1
    width, height = (page.height, page.width) if lies else (page.width, page.height)
    (left, top), (right, bottom) = corners[0], corners[1]
    degrees = math.degrees(math.atan2((bottom - top) * height, (right - left) * width))
    return round(degrees, 2) + 0.0  # never -0.0


def percent(probability: float) -> float:
    """A probability as answers tell it, 0 to 100."""
    return round(100.0 * min(1.0, max(0.0, probability)), 5)
