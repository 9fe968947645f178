"""PDF files: their pages, pixels, characters and pictures, by PDFium.

PDFium is not made for threads: every call of it stands under one lock, which is held for one page's work at most.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pypdfium2 as pdfium
from pypdfium2 import raw

from clary.engines.documents.contract import Affine, Box
from clary.engines.documents.pictures import Limits
from clary.engines.documents.sheets import Pixels
from clary.engines.refusals import Refused

PDFIUM = threading.RLock()
_GRID = 1_000_000
_MOST_CHARACTERS = 300_000
"""Of one page; what goes beyond is no text for people."""


@dataclass(frozen=True, slots=True)
class Character:
    """A character of a text layer.

    Attributes:
        text: one or more code points; "" for a gap that PDFium noticed.
        box: its ink, as ratios of the page as it is shown.
        size: of its font, as a ratio of the page's height.
        quarter: quarter turns clockwise of its direction.
        visible: whether it is painted.
    """

    text: str
    box: Box
    size: float
    quarter: int
    visible: bool


class PdfFile:
    """A PDF.

    Args:
        data: the file.
        limits: what is still read.

    Raises:
        Refused: encrypted-document, bad-document, too-many-pages.
    """

    def __init__(self, data: bytes, limits: Limits) -> None:
        self._limits = limits
        with PDFIUM:
            try:
                self._document = pdfium.PdfDocument(data)
            except pdfium.PdfiumError as error:
                if raw.FPDF_GetLastError() in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
                    raise Refused("encrypted-document", "The PDF is protected by a password") from error
                raise Refused("bad-document", f"The PDF cannot be opened: {error}") from error
            self.count = len(self._document)
            self._has_forms = False
            try:
                if self._document.get_formtype() != raw.FORMTYPE_NONE:
                    self._document.init_forms()
                    self._has_forms = True
            except pdfium.PdfiumError:
                pass  # the fields' values are then not painted, the pages are readable nevertheless
        if self.count > limits.most_pages or self.count == 0:
            self.close()
        if self.count == 0:
            raise Refused("bad-document", "The PDF has no pages")
        if self.count > limits.most_pages:
            raise Refused(
                "too-many-pages",
                f"The document has {self.count} pages; at most {limits.most_pages} are read",
                pages=self.count,
                most_pages=limits.most_pages,
            )

    def close(self) -> None:
        """Frees the file; twice is no harm."""
        with PDFIUM:
            self._document.close()

    @contextmanager
    def page(self, index: int) -> Iterator[PdfPage]:
        """A page, open (and every other caller of PDFium waiting) until the end of the `with` block.

        Raises:
            Refused: bad-document, when the page is damaged.
        """
        with PDFIUM:
            try:
                page = self._document.get_page(index)
            except pdfium.PdfiumError as error:
                message = f"Page {index + 1} of the PDF is damaged: {error}"
                raise Refused("bad-document", message, page=index + 1) from error
            try:
                yield PdfPage(page, index, self._limits, self._has_forms)
            finally:
                page.close()


class PdfPage:
    """One open page; only to be used inside the `with` block that opened it."""

    def __init__(self, page: pdfium.PdfPage, index: int, limits: Limits, has_forms: bool) -> None:
        self._page = page
        self._limits = limits
        if has_forms:
            page.flatten()  # the values of form fields become text like any other
        width, height = page.get_size()
        if not (1 <= width <= 1e5 and 1 <= height <= 1e5):
            raise Refused("bad-document", f"Page {index + 1} of the PDF has no usable size", page=index + 1)
        self.width, self.height = float(width), float(height)
        """In points as shown, /Rotate included."""

    def pixels(self, dots_per_inch: float) -> Pixels:
        """The page as [height, width, 3] RGB on white, at fewer dots where it would be too large."""
        scale = dots_per_inch / 72
        scale *= min(1.0, (self._limits.most_kept_pixels / (self.width * self.height * scale * scale)) ** 0.5)
        bitmap = self._page.render(scale=scale, rev_byteorder=True, may_draw_forms=False, prefer_bgrx=False)
        try:
            painted = bitmap.to_numpy()
            if painted.ndim == 2 or painted.shape[2] == 1:
                painted = np.repeat(painted.reshape(*painted.shape[:2], 1), 3, axis=2)
            return np.array(painted[:, :, :3], np.uint8, order="C")
        finally:
            bitmap.close()

    def pictures(self) -> list[Box]:
        """The places of the pictures on the page, clipped to it."""
        found = []
        for item in self._page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=4):
            left, bottom, right, top = _bounds(item)
            corners = [self._shown(x, y) for x, y in ((left, bottom), (right, bottom), (right, top), (left, top))]
            box = _clipped(Box.around(corners))
            if box is not None:
                found.append(box)
        return found

    def characters(self) -> list[Character]:
        """The text layer in the order of the file."""
        text_page = raw.FPDFText_LoadPage(self._page.raw)
        if not text_page:
            return []
        try:
            return list(self._characters(text_page))
        finally:
            raw.FPDFText_ClosePage(text_page)

    def _characters(self, text_page: object) -> Iterator[Character]:
        affine = self._affine()
        objects: dict[int, tuple[float, int, bool]] = {}
        edges = [ctypes.c_double() for _ in range(4)]
        left, right, bottom, top = edges
        references = [ctypes.byref(edge) for edge in edges]
        count = min(raw.FPDFText_CountChars(text_page), _MOST_CHARACTERS)
        for at in range(count):
            code = raw.FPDFText_GetUnicode(text_page, at)
            text = _spelled(code)
            if not text or text.isspace():
                yield _GAP
                continue
            if not raw.FPDFText_GetCharBox(text_page, at, *references):
                continue
            key = ctypes.cast(raw.FPDFText_GetTextObject(text_page, at), ctypes.c_void_p).value or 0
            if key not in objects:
                objects[key] = self._style(text_page, at)
            size, quarter, visible = objects[key]
            box = _clipped(_moved(affine, left.value, bottom.value, right.value, top.value))
            if box is not None:
                yield Character(text, box, size, quarter, visible)

    def _style(self, text_page: object, at: int) -> tuple[float, int, bool]:
        """Font size (ratio of the page's height), direction and visibility of the text object of a character."""
        matrix = raw.FS_MATRIX()
        size = raw.FPDFText_GetFontSize(text_page, at)
        angle = 0.0
        if raw.FPDFText_GetMatrix(text_page, at, matrix):
            size *= float(np.hypot(matrix.c, matrix.d)) or 1.0
            angle = float(np.degrees(np.arctan2(matrix.b, matrix.a)))
        item = raw.FPDFText_GetTextObject(text_page, at)
        mode = raw.FPDFTextObj_GetTextRenderMode(item) if item else raw.FPDF_TEXTRENDERMODE_FILL
        hidden = mode in (raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP)
        quarter = (round(-angle / 90) + self._page.get_rotation() // 90) % 4
        return abs(size) / self.height, quarter, not hidden

    def _shown(self, x: float, y: float) -> tuple[float, float]:
        """A point of the file's coordinates as ratios of the page as it is shown."""
        across, down = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(self._page.raw, 0, 0, _GRID, _GRID, 0, x, y, ctypes.byref(across), ctypes.byref(down))
        return across.value / _GRID, down.value / _GRID

    def _affine(self) -> Affine:
        """From the file's coordinates to ratios of the page as it is shown."""
        x, y = self._shown(0, 0)
        (right_x, right_y), (up_x, up_y) = self._shown(1000, 0), self._shown(0, 1000)
        return (right_x - x) / 1000, (up_x - x) / 1000, x, (right_y - y) / 1000, (up_y - y) / 1000, y


_GAP = Character("", Box(0, 0, 0, 0), 0.0, 0, visible=True)


def _spelled(code: int) -> str:
    """The text of a code as PDFium gives it; "" for what is no character."""
    if code in (0x02, 0xAD):
        return "-"  # a hyphen at the end of a line
    if code < 0x20 or code in (0xFFFE, 0xFFFF) or 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:
        return ""
    return _LIGATURES.get(code, chr(code))


_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}


def _moved(affine: Affine, left: float, bottom: float, right: float, top: float) -> Box:
    a, b, c, d, e, f = affine
    xs = (a * left + b * bottom + c, a * right + b * top + c)
    ys = (d * left + e * bottom + f, d * right + e * top + f)
    return Box(min(xs), min(ys), max(xs), max(ys))


def _clipped(box: Box) -> Box | None:
    """The part on the page; None where there is none."""
    left, top = max(box.left, 0.0), max(box.top, 0.0)
    right, bottom = min(box.right, 1.0), min(box.bottom, 1.0)
    return Box(left, top, right, bottom) if left <= right and top <= bottom else None


def _bounds(item: pdfium.PdfObject) -> tuple[float, float, float, float]:
    left, bottom, right, top = item.get_bounds() if hasattr(item, "get_bounds") else item.get_pos()
    return float(left), float(bottom), float(right), float(top)
