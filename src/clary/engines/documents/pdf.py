"""PDF files: their pages, pixels, characters and pictures, by PDFium.

PDFium is not made for threads: every call of it stands under one lock, which is held for one page's work at most.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray
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
class TextLayer:
    """The characters of a page in the order of the file, white space left out; arrays of equal length.

    Attributes:
        texts: one or more code points each.
        edges: [n, 4] left, top, right, bottom of the ink, as ratios of the page as it is shown.
        sizes: [n] of the font, as ratios of the page's height.
        quarters: [n] quarter turns clockwise of the direction.
        visible: [n] whether it is painted.
        apart: [n] whether white space stands before it.
    """

    texts: list[str]
    edges: NDArray[np.float64]
    sizes: NDArray[np.float64]
    quarters: NDArray[np.int8]
    visible: NDArray[np.bool_]
    apart: NDArray[np.bool_]


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

    def text_layer(self) -> TextLayer:
        """The text of the page."""
        text_page = raw.FPDFText_LoadPage(self._page.raw)
        if not text_page:
            return _layer_of([], [], [], [], self._affine())
        try:
            return self._text_layer(text_page)
        finally:
            raw.FPDFText_ClosePage(text_page)

    def _text_layer(self, text_page: object) -> TextLayer:
        left, right, bottom, top = (ctypes.c_double() for _ in range(4))
        references = [ctypes.byref(edge) for edge in (left, right, bottom, top)]
        code_of, box_of = raw.FPDFText_GetUnicode, raw.FPDFText_GetCharBox
        texts: list[str] = []
        boxes: list[tuple[float, float, float, float]] = []
        styles: list[tuple[float, int, bool]] = []
        apart: list[bool] = []
        known: dict[int, tuple[float, int, bool]] = {}
        style, gap = (0.0, 0, True), True
        for at in range(min(raw.FPDFText_CountChars(text_page), _MOST_CHARACTERS)):
            text = _spelled(code_of(text_page, at))
            if not text or text.isspace():
                gap = True
            elif box_of(text_page, at, *references):
                if gap:  # PDFium puts white space between pieces of text that are not of one make
                    style = self._style(text_page, at, known)
                texts.append(text)
                boxes.append((left.value, bottom.value, right.value, top.value))
                styles.append(style)
                apart.append(gap)
                gap = False
        return _layer_of(texts, boxes, styles, apart, self._affine())

    def _style(self, text_page: object, at: int, known: dict[int, tuple[float, int, bool]]) -> tuple[float, int, bool]:
        """Font size (ratio of the page's height), direction and visibility of the text object of a character."""
        item = raw.FPDFText_GetTextObject(text_page, at)
        key = ctypes.cast(item, ctypes.c_void_p).value or 0
        if key in known:
            return known[key]
        matrix = raw.FS_MATRIX()
        size = raw.FPDFText_GetFontSize(text_page, at)
        angle = 0.0
        if raw.FPDFText_GetMatrix(text_page, at, matrix):
            size *= float(np.hypot(matrix.c, matrix.d)) or 1.0
            angle = float(np.degrees(np.arctan2(matrix.b, matrix.a)))
        mode = raw.FPDFTextObj_GetTextRenderMode(item) if item else raw.FPDF_TEXTRENDERMODE_FILL
        hidden = mode in (raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP)
        quarter = (round(-angle / 90) + self._page.get_rotation() // 90) % 4
        known[key] = abs(size) / self.height, quarter, not hidden
        return known[key]

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


def _spelled(code: int) -> str:
    """The text of a code as PDFium gives it; "" for what is no character."""
    if code in (0x02, 0xAD):
        return "-"  # a hyphen at the end of a line
    if code < 0x20 or code in (0xFFFE, 0xFFFF) or 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:
        return ""
    return _LIGATURES.get(code, chr(code))


_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}


def _layer_of(
    texts: list[str],
    boxes: Sequence[tuple[float, float, float, float]],
    styles: Sequence[tuple[float, int, bool]],
    apart: Sequence[bool],
    affine: Affine,
) -> TextLayer:
    """Characters with their boxes brought to ratios of the page; those beside the page are left out."""
    a, b, c, d, e, f = affine
    left, bottom, right, top = np.array(boxes, np.float64).reshape(-1, 4).T
    across = np.stack((a * left + b * bottom + c, a * right + b * top + c))
    down = np.stack((d * left + e * bottom + f, d * right + e * top + f))
    edges = np.stack((across.min(axis=0), down.min(axis=0), across.max(axis=0), down.max(axis=0)), axis=1)
    shown = np.isfinite(edges).all(axis=1) & (edges[:, :2] < 1).all(axis=1) & (edges[:, 2:] > 0).all(axis=1)
    sizes = np.array([style[0] for style in styles], np.float64)
    quarters = np.array([style[1] for style in styles], np.int8)
    visible = np.array([style[2] for style in styles], bool)
    # a gap before characters that are left out is a gap before those that follow
    gaps = np.array(apart, bool) | np.concatenate(([False], ~shown[:-1]))[: len(shown)]
    kept = [text for text, keep in zip(texts, shown, strict=True) if keep]
    return TextLayer(kept, np.clip(edges[shown], 0, 1), sizes[shown], quarters[shown], visible[shown], gaps[shown])


def _clipped(box: Box) -> Box | None:
    """The part on the page; None where there is none."""
    left, top = max(box.left, 0.0), max(box.top, 0.0)
    right, bottom = min(box.right, 1.0), min(box.bottom, 1.0)
    return Box(left, top, right, bottom) if left <= right and top <= bottom else None


def _bounds(item: pdfium.PdfObject) -> tuple[float, float, float, float]:
    left, bottom, right, top = item.get_bounds() if hasattr(item, "get_bounds") else item.get_pos()
    return float(left), float(bottom), float(right), float(top)
