"""Documents become sheets: text from the text layer where there is one, and from pixels where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from clary.engines.documents.contract import AS_IT_IS, Affine, Box, Origin, Page, Polygon, Word
from clary.engines.documents.lines import lines_of
from clary.engines.documents.ocr import DOCUMENT, Ocr, OcrSettings, Recognized
from clary.engines.documents.pages import LIMITS, Document, open_document
from clary.engines.documents.pdf import PdfFile, TextLayer
from clary.engines.documents.pdf_text import is_readable, main_quarter, words_of
from clary.engines.documents.pictures import Limits
from clary.engines.documents.scenes import read_scene
from clary.engines.documents.sheets import Pixels, Sheet

READ_DOTS_PER_INCH = 200
"""PDF pages are painted so finely to be read."""
LEAST_PICTURE = 0.004
"""A picture on a PDF's page that covers less of it is an ornament; a ratio of the page's area."""
BACK: dict[int, Affine] = {
    0: AS_IT_IS,
    1: (0.0, 1.0, 0.0, -1.0, 0.0, 1.0),
    2: (-1.0, 0.0, 1.0, 0.0, -1.0, 1.0),
    3: (0.0, -1.0, 1.0, 1.0, 0.0, 0.0),
}
"""From ratios of a page that was turned clockwise by quarter turns to ratios of the page before."""


class Reader:
    """Reads documents; safe to be called from several threads.

    Args:
        ocr: what reads pixels; made when None.
        limits: what is still read.
    """

    def __init__(self, ocr: Ocr | None = None, limits: Limits = LIMITS) -> None:
        self.ocr = ocr or Ocr()
        self._limits = limits

    def open(self, data: bytes) -> Document:
        """Opens a document within this reader's limits; see `pages.open_document`."""
        return open_document(data, self._limits)

    def read(
        self, data: bytes, first: int = 1, last: int | None = None, *, from_pixels: bool = False
    ) -> Iterator[Sheet]:
        """The pages of a document, each read when it is asked for.

        Args:
            data: the file.
            first: number of the first page, from 1.
            last: number of the last page; None, or one beyond it, for that of the document.
            from_pixels: leave text layers aside; a page that has one notes "text_layer".

        Raises:
            Refused: see `contract.REFUSALS`; of a damaged page, when its turn comes.
        """
        with self.open(data) as document:
            document.check(first)
            for number in range(first, min(last or document.count, document.count) + 1):
                yield self.sheet(document, data, number, from_pixels=from_pixels)

    def sheet(self, document: Document, data: bytes, number: int, *, from_pixels: bool = False) -> Sheet:
        """One page of an open document; the sheet outlives the document.

        Args:
            document: the open document.
            data: the file it was opened from.
            number: of the page, from 1.
            from_pixels: leave a text layer aside.
        """
        document.check(number)
        if not isinstance(document.source, PdfFile):
            pixels = document.pixels(number, READ_DOTS_PER_INCH)
            found = self.ocr.read(pixels, DOCUMENT)
            notes = {"dots_per_inch": document.source.dots_per_inch(number - 1)}
            return Sheet(_page(found, number, _size(found.pixels), notes), _always(found.pixels))
        with document.source.page(number - 1) as page:
            layer = page.text_layer()
            readable = is_readable(layer)
            layered = readable and not from_pixels
            pictures = [box for box in page.pictures() if box.area >= LEAST_PICTURE] if layered else []
            # the pixels are only made where something must be read from them
            painted = page.pixels(READ_DOTS_PER_INCH) if pictures or not layered else None
            size = page.width, page.height
        if layered:
            return self._of_layer(layer, size, _joined(pictures), painted, data, number)
        assert painted is not None
        found = self.ocr.read(painted, DOCUMENT)
        rows, columns = found.pixels.shape[:2]
        points = size[0] / painted.shape[1]
        sheet = _page(found, number, (columns * points, rows * points), {"text_layer": 1.0 if readable else None})
        return Sheet(sheet, _always(found.pixels))

    def scene(self, data: bytes) -> Page:
        """The text on a photograph: signs, labels, screens; each piece of it is a line.

        Args:
            data: a JPEG or PNG file, or the first page of another.
        """
        with self.open(data) as document:
            pixels = document.pixels(1, READ_DOTS_PER_INCH)
        return self.scene_of(pixels)

    def scene_of(self, pixels: Pixels) -> Page:
        """As `scene`, of [height, width, 3] RGB pixels."""
        found = read_scene(self.ocr, pixels)
        return _page(found, 1, _size(found.pixels), {})

    def _of_layer(
        self,
        layer: TextLayer,
        size: tuple[float, float],
        pictures: Sequence[Box],
        painted: Pixels | None,
        data: bytes,
        number: int,
    ) -> Sheet:
        """A page with a text layer, and what stands on its pictures."""
        main = main_quarter(layer)
        turn = (4 - main) % 4
        words: list[Word] = []
        for quarter in np.unique(layer.quarters).tolist():
            running = words_of(layer, *size, quarter)
            words.extend(_turned(word, turn, (quarter - main) % 4) for word in running)
        origin = Origin.TEXT_LAYER
        if painted is not None:
            upright = np.ascontiguousarray(np.rot90(painted, -turn))
            for picture in pictures:
                read = self._on_picture(upright, _quarter_box(picture, turn), words)
                words.extend(read)
                origin = Origin.MIXED if read else origin
        width, height = size if turn % 2 == 0 else (size[1], size[0])
        page = Page(number, width, height, lines_of(words, width, height), 90.0 * main, BACK[turn], origin)
        return Sheet(page, lambda dots: _painted(data, self._limits, number, dots, turn))

    def _on_picture(self, page: Pixels, place: Box, known: Sequence[Word]) -> list[Word]:
        """The words on a picture of a page, less those that the text layer has in the same place."""
        height, width = page.shape[:2]
        left, top = int(place.left * width), int(place.top * height)
        right, bottom = int(np.ceil(place.right * width)), int(np.ceil(place.bottom * height))
        part = page[top:bottom, left:right]
        if min(part.shape[:2]) < 12:
            return []
        found = self.ocr.read(np.ascontiguousarray(part), ON_A_PAGE)
        affine = ((right - left) / width, 0.0, left / width, 0.0, (bottom - top) / height, top / height)
        placed = [_moved(word, affine) for word in found.words]
        return [word for word in placed if not any(_covers(other.box, word.box) for other in known)]


ON_A_PAGE = OcrSettings(is_page=False, least_score=0.7)
"""A picture on a page stands as the page stands; what is doubtful on it is part of a drawing."""


def _page(found: Recognized, number: int, size: tuple[float, float], notes: dict[str, float | None]) -> Page:
    lines = lines_of(found.words, *size, found.slant_degrees, found.lines)
    known = {name: value for name, value in notes.items() if value is not None}
    return Page(number, *size, lines, found.upright.degrees, found.upright.to_sent(), Origin.PICTURE, known)


def _size(pixels: Pixels) -> tuple[float, float]:
    return float(pixels.shape[1]), float(pixels.shape[0])


def _always(pixels: Pixels) -> Callable[[int], Pixels]:
    return lambda dots: pixels


def _painted(data: bytes, limits: Limits, number: int, dots_per_inch: int, turn: int) -> Pixels:
    """The upright pixels of a page of a PDF that may have been closed since."""
    with open_document(data, limits) as document:
        return np.ascontiguousarray(np.rot90(document.pixels(number, dots_per_inch), -turn))


def _quarter_box(box: Box, turn: int) -> Box:
    """Where a box of a page lies when the page is turned clockwise by quarter turns."""
    if turn == 1:
        return Box(1 - box.bottom, box.left, 1 - box.top, box.right)
    if turn == 2:
        return Box(1 - box.right, 1 - box.bottom, 1 - box.left, 1 - box.top)
    if turn == 3:
        return Box(box.top, 1 - box.right, box.bottom, 1 - box.left)
    return box


def _turned(word: Word, turn: int, runs: int) -> Word:
    """A word of the text layer on the upright page; `runs` is its direction there, in quarter turns clockwise."""
    box = _quarter_box(word.box, turn)
    corners = box.corners
    outline = (corners[runs % 4], corners[(runs + 1) % 4], corners[(runs + 2) % 4], corners[(runs + 3) % 4])
    return Word(word.text, box, word.confidence, outline if runs else None, False, word.origin)


def _moved(word: Word, affine: Affine) -> Word:
    a, b, c, d, e, f = affine
    one, two, three, four = ((a * x + b * y + c, d * x + e * y + f) for x, y in word.outline)
    outline: Polygon = one, two, three, four
    tilted = word.polygon is not None
    return Word(word.text, Box.around(outline), word.confidence, outline if tilted else None, word.handwritten)


def _covers(one: Box, other: Box) -> bool:
    return one.overlap(other) > 0.3 * min(one.area, other.area)


def _joined(boxes: Sequence[Box]) -> list[Box]:
    """The boxes, those that touch joined: scanners cut pictures into strips."""
    found: list[Box] = []
    for box in boxes:
        whole, apart = box, []
        for other in found:
            near = Box(whole.left - 0.004, whole.top - 0.004, whole.right + 0.004, whole.bottom + 0.004)
            if near.overlap(other) > 0:
                whole = Box.around_boxes((whole, other))
            else:
                apart.append(other)
        found = [*apart, whole]
    return found
