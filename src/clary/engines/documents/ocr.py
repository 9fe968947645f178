"""From the pixels of a page to its words: turn it upright, find its lines, read them, part them into words.

Orientation is settled once for a page, by how its lines lie and how well a few of them read, and not line by line: a
classifier of single lines turns some upright ones over. Lines are read in parallel, each by one thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from clary.core.cpus import available_cpus
from clary.engines.documents.confidence import certainty
from clary.engines.documents.contract import Box, Polygon, Word
from clary.engines.documents.crops import LONG, Crop, cut, page_slant_degrees, sides, slant_degrees
from clary.engines.documents.detector import Detector, DetectorSettings, Quadrilateral
from clary.engines.documents.ink import Ink, rules_of
from clary.engines.documents.recognizer import CLEAR, Reading, Recognizer, is_latin
from clary.engines.documents.sheets import Pixels
from clary.engines.documents.spelling import FEW_FOREIGN, settle
from clary.engines.documents.turns import Upright, quarter_turned, turned
from clary.engines.documents.words import Piece, SplitSettings, split

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")
SKEW_DEGREES = 1.0
"""A page that slants more is turned as a whole; below it, each line is cut out as it slants."""
SURE = 0.88
"""Mean probability of the characters of lines that certainly stand upright."""
PROBED_LINES = 6
OTHER_SCRIPTS_EACH = 8
"""Each so many-th line that reads well in Latin letters is looked at for other scripts."""


@dataclass(frozen=True, slots=True)
class OcrSettings:
    """How a picture is read.

    Attributes:
        detector: how text is found.
        words: how lines part into words.
        seen_pixels: the detector sees the picture at about this many pixels.
        greatest_scale: it is enlarged no further than this for it.
        beyond: what a line is cut out with, left and right, above and below, in heights.
        least_score: mean probability of the characters of a line that is kept.
        least_certainty: a word that is less surely right is left out: most such are no words.
        is_page: has an upright direction to be found, ruled lines, and text of about one slant.
    """

    detector: DetectorSettings = field(default_factory=DetectorSettings)
    words: SplitSettings = field(default_factory=SplitSettings)
    seen_pixels: int = 1_700_000
    greatest_scale: float = 1.6
    beyond: tuple[float, float] = (0.1, 0.08)
    least_score: float = 0.5
    least_certainty: float = 0.25
    is_page: bool = True


DOCUMENT = OcrSettings()


@dataclass(frozen=True, slots=True)
class Recognized:
    """What was read of a picture.

    Attributes:
        words: line by line as they were found; places are ratios of the upright picture.
        upright: how the upright picture came from the one that was sent.
        pixels: the upright picture.
        lines: for each word the number of the line it was found in.
        slant_degrees: how far the lines of the upright picture still fall to the right.
    """

    words: list[Word]
    upright: Upright
    pixels: Pixels
    lines: list[int]
    slant_degrees: float


class Ocr:
    """Reads pictures; safe to be called from several threads.

    Args:
        threads: processors to use.
    """

    def __init__(self, threads: int | None = None) -> None:
        count = threads or len(available_cpus())
        self._detector = Detector(count)
        self.recognizer = Recognizer(1)
        self._reading, self._detecting = threading.Lock(), threading.Lock()
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="ocr")

    def close(self) -> None:
        """Ends its threads."""
        self._pool.shutdown()

    def read(self, pixels: Pixels, settings: OcrSettings = DOCUMENT) -> Recognized:
        """The words of a picture.

        Args:
            pixels: [height, width, 3] RGB.
            settings: how.
        """
        # one page uses all processors: pages that took turns would all be late, and hold more memory
        with self._reading:
            return self._read(pixels, settings)

    def _read(self, pixels: Pixels, settings: OcrSettings) -> Recognized:
        upright = Upright.of(pixels)
        known: dict[bytes, Reading] = {}
        boxes = self.find(pixels, settings)
        if settings.is_page and boxes:
            upright, boxes = self._stand_up(upright, boxes, settings, known)
        page = upright.pixels
        slant = page_slant_degrees(boxes) if settings.is_page else 0.0
        tall = float(np.median([sides(box)[1] for box in boxes])) if boxes else 0.0
        rules = rules_of(page, max(round(2.2 * tall), 12)) if settings.is_page and boxes else _none_of(page)
        crops = [crop for box in boxes if (crop := self._cut(page, rules, box, slant, settings)) is not None]
        words, lines = [], []
        readings = settle(self._read_lines([crop.pixels for crop in crops], known))
        kept = [pair for pair in zip(crops, readings, strict=True) if pair[1].score >= settings.least_score]
        for number, ((crop, _), pieces) in enumerate(
            zip(kept, self.each(partial(_split, settings), kept), strict=True)
        ):
            for piece in pieces:
                word = _word(piece, crop, page)
                if word.confidence >= settings.least_certainty:
                    words.append(word)
                    lines.append(number)
        return Recognized(words, upright, page, lines, slant)

    def each(self, function: Callable[[_Item], _Answer], items: Iterable[_Item]) -> list[_Answer]:
        """What a function answers for each item, one to a thread."""
        return list(self._pool.map(function, items))

    def find(self, pixels: Pixels, settings: OcrSettings) -> list[Quadrilateral]:
        """Rectangles around the text of a picture, in its pixels.

        Args:
            pixels: [height, width, 3] RGB.
            settings: how large the detector sees it, and what it takes for text.
        """
        area = pixels.shape[0] * pixels.shape[1]
        scale = min((settings.seen_pixels / area) ** 0.5, settings.greatest_scale)
        # one page at a time: the network's own threads use the processors, and its maps take hundreds of megabytes
        with self._detecting:
            return self._detector.find(pixels, scale, settings.detector)

    def _read_lines(self, lines: Sequence[Pixels], known: dict[bytes, Reading]) -> list[Reading]:
        """What lines say; Latin letters are looked for first, others where a few lines have them.

        Args:
            lines: of one page.
            known: lines of it that were read before, by their pixels; what is read now comes to them.
        """
        readings = self.each(partial(self._read_line, known), lines)
        sample = self.each(self.recognizer.in_any_script, readings[::OTHER_SCRIPTS_EACH])
        unsure = [reading for reading in readings if reading.score < CLEAR]
        letters = [letter for reading in [*sample, *unsure] for letter in reading.text if letter.isalpha()]
        if sum(not is_latin(letter) for letter in letters) < FEW_FOREIGN / 2 * max(len(letters), 1):
            return readings
        return self.each(self.recognizer.in_any_script, readings)

    def _read_line(self, known: dict[bytes, Reading], line: Pixels) -> Reading:
        key = line.tobytes() + line.shape[0].to_bytes(4)
        if key not in known:
            known[key] = self.recognizer.read(line)
        return known[key]

    def _cut(self, page: Pixels, rules: Ink, box: Quadrilateral, slant: float, settings: OcrSettings) -> Crop | None:
        width, height = sides(box)
        if height > 1.5 * width and height > 24:  # a line that runs up the page
            box, slant = np.roll(box, 1, axis=0), -90.0
        elif not settings.is_page:
            slant = slant_degrees(box)
        return cut(page, rules, box, slant, settings.beyond)

    def _stand_up(
        self, upright: Upright, boxes: list[Quadrilateral], settings: OcrSettings, known: dict[bytes, Reading]
    ) -> tuple[Upright, list[Quadrilateral]]:
        """Turns a page that lies on its side, stands on its head or is skewed."""
        if _lies(boxes):
            upright = quarter_turned(upright, 1)
            boxes = self.find(upright.pixels, settings)
        if self._stands_on_its_head(upright.pixels, boxes, known):
            upright = quarter_turned(upright, 2)
            boxes = self.find(upright.pixels, settings)
        slant = page_slant_degrees(boxes)
        if abs(slant) > SKEW_DEGREES:
            upright = turned(upright, slant)
            boxes = self.find(upright.pixels, settings)
        return upright, boxes

    def _stands_on_its_head(self, page: Pixels, boxes: list[Quadrilateral], known: dict[bytes, Reading]) -> bool:
        wide = [box for box in boxes if sides(box)[0] > 2.5 * sides(box)[1]]
        # lines of a usual length tell as much as long ones, for less
        wide.sort(key=lambda box: abs(sides(box)[0] / sides(box)[1] - 10))
        rules = _none_of(page)
        crops = [cut(page, rules, box, slant_degrees(box), (0.1, 0.08)) for box in wide[:PROBED_LINES]]
        lines = [crop.pixels for crop in crops if crop is not None]
        if not lines:
            return False
        upright = np.mean([one.score for one in self.each(partial(self._read_line, known), lines)])
        if upright > SURE:
            return False
        flipped = [np.ascontiguousarray(line[::-1, ::-1]) for line in lines]
        return bool(np.mean([one.score for one in self.each(self.recognizer.read, flipped)]) > upright + 0.05)


def _lies(boxes: Sequence[Quadrilateral]) -> bool:
    """Whether most text runs up or down."""
    across = sum(sides(box)[0] for box in boxes if sides(box)[0] > LONG / 2 * sides(box)[1])
    down = sum(sides(box)[1] for box in boxes if sides(box)[1] > LONG / 2 * sides(box)[0])
    return down > 1.5 * across


def _none_of(page: Pixels) -> Ink:
    return np.zeros(page.shape[:2], bool)


def _split(settings: OcrSettings, line: tuple[Crop, Reading]) -> list[Piece]:
    return split(*line, settings.words)


def _word(piece: Piece, crop: Crop, page: Pixels) -> Word:
    """A piece of a line as a word of the page."""
    height, width = page.shape[:2]
    corners = np.array(
        [(piece.left, piece.top), (piece.right, piece.top), (piece.right, piece.bottom), (piece.left, piece.bottom)]
    )
    placed = np.clip((corners @ crop.back[:, :2].T + crop.back[:, 2]) / (width, height), 0, 1)
    polygon = _polygon(placed)
    return Word(
        piece.text,
        Box.around(polygon),
        certainty(piece.probabilities),
        polygon if crop.tilted else None,
    )


def _polygon(corners: NDArray[np.float64]) -> Polygon:
    one, two, three, four = ((float(x), float(y)) for x, y in corners)
    return one, two, three, four
