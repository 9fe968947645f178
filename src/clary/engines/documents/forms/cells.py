"""Fields that a frame makes: names over columns of a table, and what was filled in below them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from clary.engines.documents.forms.labels import letters_share, name_likeness
from clary.engines.documents.tokens import Token, bands_of
from clary.engines.documents.understanding import Cell, Table

MOST_ROWS = 40
LEAST_NAME = 1.0
"""Of `name_likeness`: what stands at the head of a box is its name."""
NUMBERED = re.compile(r"\(?\d{0,2}[a-zA-Z]?[.)]\s")
"""How names begin on forms that number their boxes."""


def column_fields(tables: Sequence[Table]) -> list[tuple[Cell, Cell]]:
    """Pairs the head of each column with what stands below it, in tables whose cells are framed and have heads.

    Returns:
        The head and the cell, row by row.
    """
    return [pair for table in tables if _is_filled_in(table) for pair in _pairs(table)]


def boxed_fields(
    tables: Sequence[Table], tokens: Sequence[Token], height: float
) -> list[tuple[list[Token], list[Token]]]:
    """Fields of forms that are drawn as boxes: a name in the first line of a box, and below it what was filled in.

    Args:
        tables: of the page; framed ones that are no lists are such forms.
        tokens: the page's words, in its units.
        height: of most words.

    Returns:
        Words of the name and of the value.
    """
    by_index = {token.index: token for token in tokens}
    found = []
    for table in tables:
        if not table.bordered or _is_filled_in(table):
            continue
        for cell in table.cells:
            bands = bands_of([by_index[index] for index in cell.words if index in by_index], height, 100.0)
            lines = [band.tokens for band in bands]
            if not 2 <= len(lines) <= 5 or len(lines[0]) > 9:
                continue
            name = " ".join(token.text for token in lines[0])
            value = " ".join(token.text for line in lines[1:] for token in line)
            named = NUMBERED.match(name) is not None or name_likeness(name) >= LEAST_NAME
            if named and letters_share(name) >= 0.6 and name_likeness(value) < LEAST_NAME and not NUMBERED.match(value):
                found.append((lines[0], [token for line in lines[1:] for token in line]))
    return found


def words_in_lists(tables: Sequence[Table]) -> set[int]:
    """Words of tables whose heads name what stands below them; no other name is to be looked for beside them."""
    return {index for table in tables if _is_filled_in(table) for cell in table.cells for index in cell.words}


def cell_places(tables: Sequence[Table]) -> dict[int, tuple[int, int, int]]:
    """The table, row and column of each word that stands in a table with heads over its columns.

    Args:
        tables: of the page; those of fewer than three rows or columns may be fields side by side.
    """
    return {
        index: (number, cell.row, cell.column)
        for number, table in enumerate(tables)
        if table.structured and min(table.rows, table.columns) >= 3
        for cell in table.cells
        for index in cell.words
    }


def _is_filled_in(table: Table) -> bool:
    """Whether a table is a list to be filled in: framed, one head for most columns, no spans among its values."""
    if not (table.bordered and table.structured and 2 <= table.columns <= 10 and table.rows <= MOST_ROWS):
        return False
    heads = {cell.column for cell in table.cells if cell.header and cell.text}
    values = [cell for cell in table.cells if not cell.header and cell.text]
    if len(heads) < 0.5 * table.columns or not values:
        return False
    wide = sum(1 for cell in values if cell.column_span > 1)
    return wide <= 0.2 * len(values)


def _pairs(table: Table) -> list[tuple[Cell, Cell]]:
    heads: dict[int, Cell] = {}
    for cell in table.cells:
        if cell.header and cell.text:
            for column in range(cell.column, cell.column + cell.column_span):
                heads[column] = cell
    found = []
    for cell in table.cells:
        head = heads.get(cell.column)
        if cell.header or not cell.text or cell.title or head is None:
            continue
        if letters_share(head.text) >= 0.6 and len(head.text.split()) <= 8 and name_likeness(cell.text) < 2.0:
            found.append((head, cell))
    return found
