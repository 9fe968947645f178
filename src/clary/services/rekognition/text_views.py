"""Text as Rekognition shows it, and which words a request wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clary.engines.vision.contract import Box, TextDetection
from clary.services.rekognition.errors import InvalidParameterException
from clary.services.rekognition.face_views import box, percent
from clary.services.rekognition.shelf import INVALID

DEFAULT_WORD_CONFIDENCE = 80.0
"""Of a word filter that names no confidence."""


@dataclass(frozen=True, slots=True)
class WordFilter:
    """Which words are wanted.

    Attributes:
        least_percent: 0..100.
        least_height, least_width: of a word's box, as ratios of the picture.
        regions: polygons; a word must lie in one of them with its larger part. Empty for the whole picture.
    """

    least_percent: float = 0.0
    least_height: float = 0.0
    least_width: float = 0.0
    regions: tuple[tuple[tuple[float, float], ...], ...] = ()

    @classmethod
    def of(cls, filters: Mapping[str, Any]) -> WordFilter:
        """Reads the filters of a request.

        Raises:
            InvalidParameterException: a region is neither a box nor a polygon within the picture.
        """
        words = filters.get("WordFilter")
        return cls(
            0.0 if words is None else words.get("MinConfidence", DEFAULT_WORD_CONFIDENCE),
            (words or {}).get("MinBoundingBoxHeight", 0.0),
            (words or {}).get("MinBoundingBoxWidth", 0.0),
            tuple(region_of(region) for region in filters.get("RegionsOfInterest", ())),
        )

    def passes(self, word: TextDetection) -> bool:
        """Whether a word is wanted."""
        area = word["box"]
        if percent(word["confidence"]) < self.least_percent:
            return False
        if area["height"] < self.least_height or area["width"] < self.least_width:
            return False
        return not self.regions or any(share_inside(area, region) > 0.5 for region in self.regions)


def region_of(region: Mapping[str, Any]) -> tuple[tuple[float, float], ...]:
    """A region of interest as a polygon.

    Raises:
        InvalidParameterException: it is neither a box nor a polygon of three or more points, or leaves the picture.
    """
    if ("BoundingBox" in region) == ("Polygon" in region):
        raise InvalidParameterException(f"{INVALID}: a region of interest needs either BoundingBox or Polygon.")
    if "Polygon" in region:
        points = tuple((float(point.get("X", 0.0)), float(point.get("Y", 0.0))) for point in region["Polygon"])
    else:
        left, top, width, height = (float(region["BoundingBox"].get(name, 0.0)) for name in _SIDES)
        points = ((left, top), (left + width, top), (left + width, top + height), (left, top + height))
    if len(points) < 3 or _area(points) <= 0.0 or not all(0.0 <= value <= 1.0 for point in points for value in point):
        raise InvalidParameterException(f"{INVALID}: a region of interest must be an area within the image.")
    return points


_SIDES = ("Left", "Top", "Width", "Height")


def _area(polygon: Sequence[tuple[float, float]]) -> float:
    pairs = zip(polygon, (*polygon[1:], polygon[0]), strict=True)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) / 2.0


def share_inside(area: Box, polygon: Sequence[tuple[float, float]]) -> float:
    """The part of a box that lies within a polygon (Sutherland and Hodgman 1974: the polygon is clipped to the box)."""
    whole = area["width"] * area["height"]
    if whole <= 0.0:
        return 0.0
    points = list(polygon)
    edges = (
        (0, area["left"], 1),
        (0, area["left"] + area["width"], -1),
        (1, area["top"], 1),
        (1, area["top"] + area["height"], -1),
    )
    for axis, limit, side in edges:
        points = _clipped(points, axis, limit, side)
        if len(points) < 3:
            return 0.0
    return _area(points) / whole


def _clipped(points: list[tuple[float, float]], axis: int, limit: float, side: int) -> list[tuple[float, float]]:
    kept: list[tuple[float, float]] = []
    for start, end in zip((points[-1], *points[:-1]), points, strict=True):
        inside = [side * (point[axis] - limit) >= 0.0 for point in (start, end)]
        if inside[0] != inside[1]:
            part = (limit - start[axis]) / (end[axis] - start[axis])
            kept.append((start[0] + part * (end[0] - start[0]), start[1] + part * (end[1] - start[1])))
        if inside[1]:
            kept.append(end)
    return kept


def text_views(texts: Sequence[TextDetection], wanted: WordFilter) -> list[dict[str, Any]]:
    """`TextDetections`: lines that keep a word, then the words; ids count anew."""
    words = [text for text in texts if text["kind"] == "word" and wanted.passes(text)]
    alive = {word["parent"] for word in words}
    all_words = {text["parent"] for text in texts if text["kind"] == "word"}
    lines = [
        text
        for text in texts
        if text["kind"] == "line" and (text["id"] in alive or (text["id"] not in all_words and wanted.passes(text)))
    ]
    ids = {line["id"]: number for number, line in enumerate(lines)}
    views = []
    for number, text in enumerate((*lines, *words)):
        view = {
            "DetectedText": text["text"],
            "Type": text["kind"].upper(),
            "Id": number,
            "Confidence": percent(text["confidence"]),
            "Geometry": {
                "BoundingBox": box(text["box"]),
                "Polygon": [{"X": point["x"], "Y": point["y"]} for point in text["polygon"]],
            },
        }
        if text["kind"] == "word" and text["parent"] in ids:
            view["ParentId"] = ids[text["parent"]]
        views.append(view)
    return views
