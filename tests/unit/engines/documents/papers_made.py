"""Pages that the tests make themselves, with known words."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Pixels = NDArray[np.uint8]
TEXT = (
    "Invoice number 4711",
    "Date: 12 March 2024",
    "Payable within thirty days",
    "Three boxes of pencils 18.50",
    "Total amount due 1,204.75",
)


def letter(lines: Sequence[str] = TEXT, size: int = 28, width: int = 900, height: int = 640) -> Image.Image:
    """A page of printed lines, black on white."""
    page = Image.new("L", (width, height), 255)
    pen = ImageDraw.Draw(page)
    font = ImageFont.load_default(size)
    for row, line in enumerate(lines):
        pen.text((70, 60 + row * 2.4 * size), line, 0, font)
    return page


def pixels(page: Image.Image) -> Pixels:
    """[height, width, 3] RGB."""
    return np.ascontiguousarray(np.asarray(page.convert("RGB")))


def encoded(page: Image.Image, kind: str, **options: object) -> bytes:
    """A picture as a file."""
    file = io.BytesIO()
    page.save(file, kind, **options)
    return file.getvalue()


def pdf(pages: Sequence[Sequence[str]], size: float = 12, turn: int = 0) -> bytes:
    """A PDF with a text layer in Helvetica; each page a list of lines.

    Args:
        turn: the pages' /Rotate in degrees.
    """
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", font]
    kids = []
    for lines in pages:
        strokes = [f"BT /F1 {size} Tf 72 {720 - 2 * size * row} Td ({line}) Tj ET" for row, line in enumerate(lines)]
        content = "\n".join(strokes).encode("cp1252")
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Rotate %d /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % (turn, len(objects))
        )
        kids.append(len(objects))
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(b"%d 0 R" % kid for kid in kids))
    return _file(objects)


def printed(lines: Sequence[str], size: float = 14, dots_per_inch: int = 150) -> Image.Image:
    """A page as a printer would make it of such a PDF; its font knows the letters of western Europe."""
    document = pdfium.PdfDocument(pdf([lines], size))
    page: Image.Image = document[0].render(scale=dots_per_inch / 72).to_pil()
    document.close()
    return page


def pdf_of_pictures(pictures: Sequence[Image.Image]) -> bytes:
    """A PDF whose pages are scans."""
    file = io.BytesIO()
    first, *rest = [picture.convert("RGB") for picture in pictures]
    first.save(file, "PDF", save_all=True, append_images=rest, resolution=100)
    return file.getvalue()


def pdf_with_picture(lines: Sequence[str], picture: Image.Image) -> bytes:
    """A PDF with a text layer, and below it a picture half as wide as the page."""
    document = pdfium.PdfDocument(pdf([lines]))
    page = document[0]
    image = pdfium.PdfImage.new(document)
    jpeg = io.BytesIO(encoded(picture.convert("RGB"), "JPEG", quality=95))
    image.load_jpeg(jpeg)
    image.set_matrix(pdfium.PdfMatrix().scale(400, 400 * picture.height / picture.width).translate(100, 100))
    page.insert_obj(image)
    page.gen_content()
    file = io.BytesIO()
    document.save(file)
    document.close()
    return file.getvalue()


def _file(objects: Sequence[bytes]) -> bytes:
    body, offsets = b"%PDF-1.5\n", []
    for number, item in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, item)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    trailer = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return body + head + table + trailer
