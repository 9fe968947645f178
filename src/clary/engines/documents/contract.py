"""What is read from documents, and what the host of this engine answers.

Every place is given in ratios of its page, 0 at the left and top edge, 1 at the right and bottom edge. A page is always
given upright: a page that lies on its side, stands on its head or is skewed is turned first, and everything about it
(words, tables, fields) is given in the frame of the upright page. `Page.as_sent` tells where that was on the page that
came in. Confidences are probabilities, 0 to 1.

The methods of the object that `host.load()` returns take and give plain values (dict, list, str, bytes, int, float,
bool, None); `Page.to_value` and `Page.from_value` are the two directions:

    inspect(document: bytes, most_pages: int | None = None) -> "format" and "pages"
    read(document: bytes, first: int = 1, count: int | None = None, from_pixels: bool = False) -> list of pages
    detect_scene_text(picture: bytes) -> page (one line for each piece of text on a photograph)

and those that `calls` lists, which understand what was read.

Within the engine, `pages.open_document(bytes)` gives a `Document`, and `reading.Reader.read(document, first, last)`
gives a `sheets.Sheet` for each page: the `Page` and, where somebody asks for them, the pixels of the upright page.

Input that cannot be read is `Refused` with one of REFUSALS.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Self

Point = tuple[float, float]
"""Horizontal and vertical ratio of a page."""
Polygon = tuple[Point, Point, Point, Point]
"""Four corners in the order of reading: the corner where the text begins, then clockwise as its reader sees it."""
Affine = tuple[float, float, float, float, float, float]
"""(a, b, c, d, e, f): a point (x, y) goes to (a x + b y + c, d x + e y + f)."""
REFUSALS: Final = {
    "unsupported-format": "the bytes are none of JPEG, PNG, TIFF and PDF",
    "bad-document": "empty, or of a known kind but damaged; details: page, where it is one page",
    "encrypted-document": "a password would be needed",
    "too-large": "more bytes or pixels than the limits allow; details: most, page",
    "too-many-pages": "details: pages, most_pages",
    "no-such-page": "a page beyond the last was asked for; details: pages, page",
}
"""Reasons of refusals and what they mean."""

AS_IT_IS: Affine = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


class Origin(StrEnum):
    """Where a text comes from."""

    TEXT_LAYER = "text-layer"
    """The characters stand in the document: exact, with confidence 1."""
    PICTURE = "picture"
    """Read from pixels."""
    MIXED = "mixed"
    """Of a page: a text layer, and pictures that were read."""


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle, as ratios of the page; `left <= right`, `top <= bottom`."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Ratio of the page's width."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Ratio of the page's height."""
        return self.bottom - self.top

    @property
    def centre(self) -> Point:
        """The middle."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def area(self) -> float:
        """Ratio of the page's area."""
        return self.width * self.height

    @property
    def corners(self) -> Polygon:
        """Top left, top right, bottom right, bottom left."""
        return (self.left, self.top), (self.right, self.top), (self.right, self.bottom), (self.left, self.bottom)

    def overlap(self, other: Box) -> float:
        """The area that both cover."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return width * height if width > 0 and height > 0 else 0.0

    def holds(self, point: Point) -> bool:
        """Whether a point lies within, edges included."""
        return self.left <= point[0] <= self.right and self.top <= point[1] <= self.bottom

    @classmethod
    def around(cls, points: Iterable[Point]) -> Self:
        """The smallest box that holds all points; there is at least one."""
        across, down = zip(*points, strict=True)
        return cls(min(across), min(down), max(across), max(down))

    @classmethod
    def around_boxes(cls, boxes: Iterable[Box]) -> Self:
        """The smallest box that holds all boxes; there is at least one."""
        every = list(boxes)
        return cls(
            min(box.left for box in every),
            min(box.top for box in every),
            max(box.right for box in every),
            max(box.bottom for box in every),
        )


@dataclass(frozen=True, slots=True)
class Word:
    """What stands between two gaps.

    Attributes:
        text: without white space.
        box: around its ink.
        confidence: the probability that `text` is exactly right.
        polygon: its corners where the word is tilted; None where they are those of the box.
        handwritten: written by hand, as far as can be told.
        origin: TEXT_LAYER or PICTURE.
    """

    text: str
    box: Box
    confidence: float
    polygon: Polygon | None = None
    handwritten: bool = False
    origin: Origin = Origin.PICTURE

    @property
    def outline(self) -> Polygon:
        """Its corners."""
        return self.polygon or self.box.corners

    def to_value(self) -> dict[str, Any]:
        """As plain values."""
        value: dict[str, Any] = {"text": self.text, "box": _box_value(self.box), "confidence": self.confidence}
        if self.polygon is not None:
            value["polygon"] = [list(point) for point in self.polygon]
        if self.handwritten:
            value["handwritten"] = True
        if self.origin is not Origin.PICTURE:
            value["origin"] = str(self.origin)
        return value

    @classmethod
    def from_value(cls, value: Mapping[str, Any]) -> Self:
        """The other direction of `to_value`."""
        return cls(
            value["text"],
            Box(*value["box"]),
            value["confidence"],
            _polygon(value.get("polygon")),
            bool(value.get("handwritten", False)),
            Origin(value.get("origin", Origin.PICTURE)),
        )


@dataclass(frozen=True, slots=True)
class Line:
    """Words that are read in one go; at least one.

    Attributes:
        words: in the order of reading.
        box: around all of them.
        polygon: its corners where the line is tilted; None where they are those of the box.
    """

    words: tuple[Word, ...]
    box: Box
    polygon: Polygon | None = None

    @property
    def text(self) -> str:
        """Its words with one space between them."""
        return " ".join(word.text for word in self.words)

    @property
    def confidence(self) -> float:
        """The mean of its words'."""
        return sum(word.confidence for word in self.words) / len(self.words)

    @property
    def outline(self) -> Polygon:
        """Its corners."""
        return self.polygon or self.box.corners

    def to_value(self) -> dict[str, Any]:
        """As plain values."""
        value: dict[str, Any] = {"words": [word.to_value() for word in self.words], "box": _box_value(self.box)}
        if self.polygon is not None:
            value["polygon"] = [list(point) for point in self.polygon]
        return value

    @classmethod
    def from_value(cls, value: Mapping[str, Any]) -> Self:
        """The other direction of `to_value`."""
        words = tuple(Word.from_value(word) for word in value["words"])
        return cls(words, Box(*value["box"]), _polygon(value.get("polygon")))


@dataclass(frozen=True, slots=True)
class Page:
    """The text of one page, upright.

    Attributes:
        number: from 1.
        width: of the upright page; pixels of a picture, points (1/72 inch) of a PDF's page.
        height: likewise.
        lines: in the order of reading.
        rotation_degrees: how far the page that came in was turned clockwise, 0 <= r < 360, skew included.
        to_sent: from ratios of the upright page to ratios of the page that came in.
        origin: TEXT_LAYER, PICTURE or MIXED.
    """

    number: int
    width: float
    height: float
    lines: tuple[Line, ...] = ()
    rotation_degrees: float = 0.0
    to_sent: Affine = AS_IT_IS
    origin: Origin = Origin.PICTURE
    notes: Mapping[str, Any] = field(default_factory=dict)
    """What else was noticed, such as "dots_per_inch"."""

    @property
    def words(self) -> Iterator[Word]:
        """All words, line by line."""
        return (word for line in self.lines for word in line.words)

    def as_sent(self, place: Polygon | Box) -> Polygon:
        """Where a place of the upright page lies on the page that came in, clipped to it."""
        a, b, c, d, e, f = self.to_sent
        corners = place.corners if isinstance(place, Box) else place
        moved = [(_ratio(a * x + b * y + c), _ratio(d * x + e * y + f)) for x, y in corners]
        return moved[0], moved[1], moved[2], moved[3]

    def to_value(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "number": self.number,
            "width": self.width,
            "height": self.height,
            "lines": [line.to_value() for line in self.lines],
            "rotation_degrees": self.rotation_degrees,
            "to_sent": list(self.to_sent),
            "origin": str(self.origin),
            "notes": dict(self.notes),
        }

    @classmethod
    def from_value(cls, value: Mapping[str, Any]) -> Self:
        """The other direction of `to_value`."""
        a, b, c, d, e, f = value["to_sent"]
        return cls(
            value["number"],
            value["width"],
            value["height"],
            tuple(Line.from_value(line) for line in value["lines"]),
            value["rotation_degrees"],
            (a, b, c, d, e, f),
            Origin(value["origin"]),
            value["notes"],
        )


def _ratio(value: float) -> float:
    return min(1.0, max(0.0, value))


def _box_value(box: Box) -> list[float]:
    return [box.left, box.top, box.right, box.bottom]


def _polygon(value: Any) -> Polygon | None:
    if value is None:
        return None
    corners = [(float(x), float(y)) for x, y in value]
    return corners[0], corners[1], corners[2], corners[3]
