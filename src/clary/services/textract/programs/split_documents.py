"""Some pages of a document as a document of their own."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pypdfium2 as pdfium
from PIL import Image

from clary.services.textract.sources import format_of

_HEAD_BYTES = 1024


def write_pages(document: Path, pages: Sequence[int], target: Path) -> Path:
    """Writes pages of a PDF as PDF, of a TIFF as TIFF; a picture of a single page is copied.

    Args:
        pages: numbers from 1.
        target: the file's path without its extension.

    Returns:
        The file.
    """
    with document.open("rb") as file:
        kind = format_of(file.read(_HEAD_BYTES))
    target.parent.mkdir(parents=True, exist_ok=True)
    written = target.with_name(f"{target.name}.{kind.lower()}")
    if kind == "PDF":
        _write_pdf(document, pages, written)
    elif kind == "TIFF":
        _write_tiff(document, pages, written)
    else:
        shutil.copyfile(document, written)
    return written


def _write_pdf(document: Path, pages: Sequence[int], written: Path) -> None:
    source, made = pdfium.PdfDocument(document), pdfium.PdfDocument.new()
    try:
        made.import_pages(source, [number - 1 for number in pages])
        made.save(written)
    finally:
        made.close()
        source.close()


def _write_tiff(document: Path, pages: Sequence[int], written: Path) -> None:
    with Image.open(document) as picture:
        frames = []
        for number in pages:
            picture.seek(number - 1)
            frames.append(picture.copy())
        frames[0].save(written, format="TIFF", save_all=True, append_images=frames[1:], compression="tiff_lzw")
