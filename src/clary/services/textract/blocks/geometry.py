"""Places as answers tell them: on the page as it was sent, not as it was turned to be read."""

from __future__ import annotations

import math
from typing import Any

from clary.engines.documents.contract import AS_IT_IS, Box, Page, Polygon

_DIGITS = 9
WHOLE = Box(0.0, 0.0, 1.0, 1.0)


def geometry(page: Page, place: Polygon | Box, *, angle: bool = False) -> dict[str, Any]:
    """A place on a page.

    Args:
        page: tells how it was turned.
        place: on the upright page.
        angle: whether to tell by how many degrees text that stands there is turned.
    """
    if page.to_sent == AS_IT_IS and isinstance(place, Box) and not angle:
        return _upright(place)
    corners = page.as_sent(place)
    told: dict[str, Any] = {
        "BoundingBox": _bounding_box(Box.around(corners)),
        "Polygon": [{"X": round(x, _DIGITS), "Y": round(y, _DIGITS)} for x, y in corners],
    }
    if angle:
        told["RotationAngle"] = rotation_degrees(page, corners)
    return told


def _upright(box: Box) -> dict[str, Any]:
    """As `geometry`, of a box on a page that was not turned: nearly all words of nearly all documents."""
    left, right = _edge(box.left), _edge(box.right)
    top, bottom = _edge(box.top), _edge(box.bottom)
    return {
        "BoundingBox": _bounding_box(Box(left, top, right, bottom)),
        "Polygon": [
            {"X": left, "Y": top},
            {"X": right, "Y": top},
            {"X": right, "Y": bottom},
            {"X": left, "Y": bottom},
        ],
    }


def _edge(ratio: float) -> float:
    return round(min(1.0, max(0.0, ratio)), _DIGITS)


def _bounding_box(box: Box) -> dict[str, float]:
    return {
        "Width": round(box.width, _DIGITS),
        "Height": round(box.height, _DIGITS),
        "Left": round(box.left, _DIGITS),
        "Top": round(box.top, _DIGITS),
    }


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
