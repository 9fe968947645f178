"""Tables with their true cells, from the data sets beside the project."""

from __future__ import annotations

import html
import io
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2
from PIL import Image

from benchmarks.documents.table_measures import Cell
from benchmarks.documents.word_sets import DATA

ENLARGED = 3
"""PubTabNet's pictures are cut out of pages at 72 dots per inch; so many times larger they are what is scanned."""


@dataclass(frozen=True)
class TablePage:
    """A page, or a picture of a table, and its tables.

    Attributes:
        file: a PDF or a picture.
        number: of the page in the file.
        tables: the cells of each.
    """

    name: str
    file: bytes
    number: int
    tables: list[list[Cell]]


def competition(painted_dots_per_inch: int | None = None) -> Iterator[TablePage]:
    """ICDAR 2013: pages of PDFs that have tables, as they are or painted as pictures."""
    for path in sorted((DATA / "tables_icdar2013/dev").glob("*.pdf")):
        pages: dict[int, list[list[Cell]]] = {}
        for region in ElementTree.parse(path.with_name(f"{path.stem}-str.xml")).iter("region"):
            cells = [competition_cell(cell) for cell in region.iter("cell")]
            pages.setdefault(int(region.get("page", "1")), []).append(cells)
        for number, tables in sorted(pages.items()):
            if painted_dots_per_inch is None:
                yield TablePage(f"{path.stem}:{number}", path.read_bytes(), number, tables)
                continue
            document = pypdfium2.PdfDocument(path)
            page = document[number - 1].render(scale=painted_dots_per_inch / 72).to_pil().convert("RGB")
            document.close()
            yield TablePage(f"{path.stem}:{number}", encoded(page), 1, tables)


def competition_cell(cell: ElementTree.Element) -> Cell:
    """A cell with its spans."""
    row, column = int(cell.get("start-row", "0")), int(cell.get("start-col", "0"))
    rows = int(cell.get("end-row") or row) - row + 1
    columns = int(cell.get("end-col") or column) - column + 1
    return row, column, rows, columns, cell.findtext("content") or ""


def pub_tab_net() -> Iterator[TablePage]:
    """PubTabNet: pictures of single tables, enlarged."""
    folder = DATA / "tables_pubtabnet/dev"
    for line in (folder / "tables.jsonl").read_text().splitlines():
        item = json.loads(line)
        picture = Image.open(folder / item["filename"]).convert("RGB")
        size = picture.width * ENLARGED, picture.height * ENLARGED
        large = picture.resize(size, Image.Resampling.BICUBIC)
        yield TablePage(item["filename"], encoded(large), 1, [cells_of_html(item["html"])])


def cells_of_html(markup: dict[str, dict[str, list[str]] | list[dict[str, list[str]]]]) -> list[Cell]:
    """The cells of a table in PubTabNet's way of writing: tokens of tags, texts apart."""
    tags = re.findall(r"<tr>|<td[^>]*>", "".join(markup["structure"]["tokens"]))  # type: ignore[call-overload]
    texts = iter(markup["cells"])
    taken: set[tuple[int, int]] = set()
    cells: list[Cell] = []
    row, column = -1, 0
    for tag in tags:
        if tag == "<tr>":
            row, column = row + 1, 0
            continue
        rows, columns = (span(tag, name) for name in ("rowspan", "colspan"))
        while (row, column) in taken:
            column += 1
        taken |= {(row + down, column + right) for down in range(rows) for right in range(columns)}
        text = html.unescape(re.sub(r"<[^>]+>", "", "".join(next(texts)["tokens"])))  # type: ignore[index]
        cells.append((row, column, rows, columns, text))
        column += columns
    return cells


def span(tag: str, name: str) -> int:
    """An attribute that counts; 1 where it is not there."""
    match = re.search(rf'{name}="(\d+)"', tag)
    return int(match.group(1)) if match else 1


def encoded(picture: Image.Image) -> bytes:
    """As a PNG file."""
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
