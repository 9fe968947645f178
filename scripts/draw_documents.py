"""Draws what Textract finds on pages: the pictures of docs/services/textract.md.

    eval "$(clary env)" && python scripts/draw_documents.py KIND FILE PICTURE

KIND is "words", "forms", "tables", "layout" or "expense"; FILE has a single page; PICTURE is written as PNG.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pypdfium2
from PIL import Image, ImageDraw

WIDTH = 760
COLOURS = 32
FILL = 48  # of 255: what lies below stays readable
PALETTE = {
    "WORD": (25, 110, 200),
    "KEY": (200, 90, 20),
    "VALUE": (20, 140, 70),
    "CELL": (90, 90, 200),
    "COLUMN_HEADER": (160, 40, 160),
    "SELECTION_ELEMENT": (200, 30, 60),
    "LABEL": (200, 90, 20),
    "ROW": (90, 90, 200),
}
LAYOUT = {
    "LAYOUT_TITLE": (200, 30, 60),
    "LAYOUT_SECTION_HEADER": (200, 90, 20),
    "LAYOUT_TEXT": (25, 110, 200),
    "LAYOUT_LIST": (20, 140, 70),
    "LAYOUT_TABLE": (90, 90, 200),
    "LAYOUT_FIGURE": (120, 120, 120),
    "LAYOUT_KEY_VALUE": (160, 40, 160),
}
FEATURES = {"forms": ["FORMS"], "tables": ["TABLES"], "layout": ["LAYOUT"]}
OTHER = (110, 110, 110)
Shape = tuple[dict[str, Any], tuple[int, int, int], str]
"""Geometry, colour and a name to write beside it."""


def page(document: bytes) -> Image.Image:
    """The page's picture."""
    if document.startswith(b"%PDF"):
        file = pypdfium2.PdfDocument(document)
        picture = file[0].render(scale=2).to_pil()
        file.close()
    else:
        picture = Image.open(io.BytesIO(document))
    picture = picture.convert("RGB")
    return picture.resize((WIDTH, round(picture.height * WIDTH / picture.width)), Image.Resampling.LANCZOS)


def shapes(kind: str, document: bytes) -> Iterator[Shape]:
    """What is found, as Textract answers."""
    textract = boto3.client("textract")
    if kind == "expense":
        for bill in textract.analyze_expense(Document={"Bytes": document})["ExpenseDocuments"]:
            yield from expense_shapes(bill)
        return
    if kind == "words":
        blocks = textract.detect_document_text(Document={"Bytes": document})["Blocks"]
    else:
        answer = textract.analyze_document(Document={"Bytes": document}, FeatureTypes=FEATURES[kind])
        blocks = answer["Blocks"]
    for block in blocks:
        role = block.get("EntityTypes", [block["BlockType"]])[0]
        if kind == "words" and block["BlockType"] == "WORD":
            yield block["Geometry"], PALETTE["WORD"], ""
        elif kind == "layout" and block["BlockType"].startswith("LAYOUT"):
            name = block["BlockType"]
            yield block["Geometry"], LAYOUT.get(name, OTHER), name.removeprefix("LAYOUT_")
        elif kind == "forms" and block["BlockType"] in ("KEY_VALUE_SET", "SELECTION_ELEMENT"):
            yield block["Geometry"], PALETTE[role], ""
        elif kind == "tables" and block["BlockType"] in ("CELL", "MERGED_CELL"):
            yield block["Geometry"], PALETTE.get(role, PALETTE["CELL"]), ""


def expense_shapes(bill: dict[str, Any]) -> Iterator[Shape]:
    """The fields of a bill with their types, and its line items."""
    for field in bill["SummaryFields"]:
        if "LabelDetection" in field and "Geometry" in field["LabelDetection"]:
            yield field["LabelDetection"]["Geometry"], PALETTE["LABEL"], ""
        yield field["ValueDetection"]["Geometry"], PALETTE["VALUE"], field["Type"]["Text"]
    for group in bill["LineItemGroups"]:
        for item in group["LineItems"]:
            for field in item["LineItemExpenseFields"]:
                if field["Type"]["Text"] != "EXPENSE_ROW":
                    yield field["ValueDetection"]["Geometry"], PALETTE["ROW"], ""


def draw(picture: Image.Image, found: Iterator[Shape]) -> Image.Image:
    """The picture with polygons drawn over it."""
    layer = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(layer)
    for geometry, colour, name in found:
        corners = [(point["X"] * picture.width, point["Y"] * picture.height) for point in geometry["Polygon"]]
        pen.polygon(corners, fill=(*colour, FILL), outline=(*colour, 255))
        if name:
            pen.text((corners[0][0], corners[0][1] - 12), name, fill=(*colour, 255))
    return Image.alpha_composite(picture.convert("RGBA"), layer).convert("RGB")


def main(kind: str, file: str, picture: str) -> None:
    """Reads, draws and writes."""
    document = Path(file).read_bytes()
    drawn = draw(page(document), shapes(kind, document))
    drawn.quantize(COLOURS, dither=Image.Dither.NONE).save(picture, optimize=True)
    print(f"{picture}: {drawn.width}x{drawn.height}, {Path(picture).stat().st_size} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:4])
