"""Tables as blocks: every place of the grid is a CELL, and MERGED_CELLs lie over those that belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from clary.engines.documents.contract import Box, Word
from clary.engines.documents.understanding import Cell, Passage, Table
from clary.services.textract.blocks.blocks import PageBlocks


@dataclass(frozen=True, slots=True)
class Inlays:
    """What may lie in a cell beside words.

    Attributes:
        selections: the ids of the page's selection elements, by position.
        signatures: the ids of its signatures with their boxes.
    """

    selections: Sequence[str] = ()
    signatures: Sequence[tuple[str, Box]] = ()


def add_table(blocks: PageBlocks, table: Table, inlays: Inlays) -> str:
    """Adds a table with its cells, titles and footers; returns its id."""
    words = list(blocks.page.words)
    cells: list[str] = []
    merged: list[str] = []
    edges = _Edges(table)
    for cell in table.cells:
        if cell.row_span == cell.column_span == 1:
            cells.append(_add_cell(blocks, "CELL", cell, cell.box, _contents(blocks, cell, inlays)))
            continue
        parts = _add_parts(blocks, cell, edges, words, inlays)
        cells += parts
        merged.append(_add_cell(blocks, "MERGED_CELL", cell, cell.box, parts))
    titles = [_add_passage(blocks, "TABLE_TITLE", title) for title in table.titles]
    footers = [_add_passage(blocks, "TABLE_FOOTER", footer) for footer in table.footers]
    return blocks.add(
        "TABLE",
        table.box,
        confidence=table.confidence,
        related={"CHILD": cells, "MERGED_CELL": merged, "TABLE_TITLE": titles, "TABLE_FOOTER": footers},
        of_page=True,
        EntityTypes=["STRUCTURED_TABLE" if table.structured else "SEMI_STRUCTURED_TABLE"],
    )


def _add_passage(blocks: PageBlocks, kind: str, passage: Passage) -> str:
    words = [blocks.words[position] for position in passage.words]
    return blocks.add(kind, passage.box, confidence=passage.confidence, related={"CHILD": words}, of_page=True)


def _contents(blocks: PageBlocks, cell: Cell, inlays: Inlays) -> list[str]:
    signatures = [identifier for identifier, box in inlays.signatures if cell.box.holds(box.centre)]
    return [
        *(blocks.words[position] for position in cell.words),
        *(inlays.selections[position] for position in cell.selections),
        *signatures,
    ]


def _add_cell(blocks: PageBlocks, kind: str, cell: Cell, box: Box, children: Sequence[str]) -> str:
    roles = _roles(cell)
    entities: dict[str, Any] = {"EntityTypes": roles} if roles else {}
    return blocks.add(
        kind,
        box,
        confidence=cell.confidence,
        related={"CHILD": children},
        RowIndex=cell.row,
        ColumnIndex=cell.column,
        RowSpan=cell.row_span,
        ColumnSpan=cell.column_span,
        **entities,
    )


def _roles(cell: Cell) -> list[str]:
    roles = ["COLUMN_HEADER"] if cell.header else []
    if cell.title:
        roles.append("TABLE_TITLE" if cell.row == 1 else "TABLE_SECTION_TITLE")
    if cell.summary:
        roles.append("TABLE_SUMMARY")
    return roles


def _add_parts(blocks: PageBlocks, cell: Cell, edges: _Edges, words: Sequence[Word], inlays: Inlays) -> list[str]:
    """The places of the grid that a merged cell covers; each word lies in the one that holds its middle."""
    rows = range(cell.row, cell.row + cell.row_span)
    columns = range(cell.column, cell.column + cell.column_span)
    places = {(row, column): edges.box(cell, row, column) for row in rows for column in columns}
    children: dict[tuple[int, int], list[str]] = {place: [] for place in places}
    held = [(blocks.words[position], words[position].box) for position in cell.words]
    held += [(identifier, box) for identifier, box in inlays.signatures if cell.box.holds(box.centre)]
    for identifier, box in held:
        children[min(places, key=lambda place: _distance(places[place], box))].append(identifier)
    # Where a selection element lies is told by its cell alone: it belongs to the first place.
    children[cell.row, cell.column] += [inlays.selections[position] for position in cell.selections]
    made = []
    for (row, column), box in places.items():
        part = Cell(row, column, 1, 1, box, "", cell.confidence, header=cell.header, summary=cell.summary)
        made.append(_add_cell(blocks, "CELL", part, box, children[row, column]))
    return made


def _distance(box: Box, other: Box) -> float:
    """How far a point lies outside of a box; 0 within."""
    x, y = other.centre
    return max(box.left - x, 0.0, x - box.right) + max(box.top - y, 0.0, y - box.bottom)


class _Edges:
    """Where rows and columns begin and end, as the cells tell that cover one alone."""

    def __init__(self, table: Table) -> None:
        self._columns = {
            number: (median(cell.box.left for cell in cells), median(cell.box.right for cell in cells))
            for number in range(1, table.columns + 1)
            if (cells := [cell for cell in table.cells if cell.column == number and cell.column_span == 1])
        }
        self._rows = {
            number: (median(cell.box.top for cell in cells), median(cell.box.bottom for cell in cells))
            for number in range(1, table.rows + 1)
            if (cells := [cell for cell in table.cells if cell.row == number and cell.row_span == 1])
        }

    def box(self, merged: Cell, row: int, column: int) -> Box:
        """A place of the grid within a merged cell."""
        box = merged.box
        left, right = self._columns.get(column) or _share(
            box.left, box.right, column - merged.column, merged.column_span
        )
        top, bottom = self._rows.get(row) or _share(box.top, box.bottom, row - merged.row, merged.row_span)
        left, right = _within(left, right, box.left, box.right)
        top, bottom = _within(top, bottom, box.top, box.bottom)
        return Box(left, top, right, bottom)


def _share(first: float, last: float, number: int, count: int) -> tuple[float, float]:
    step = (last - first) / count
    return first + number * step, first + (number + 1) * step


def _within(low: float, high: float, lowest: float, highest: float) -> tuple[float, float]:
    low = min(max(low, lowest), highest)
    return low, min(max(high, low), highest)
