"""Fields that a frame makes: names over columns of a table, and what was filled in below them."""

from __future__ import annotations

from collections.abc import Sequence

from clary.engines.documents.forms.labels import letters_share, name_likeness
from clary.engines.documents.understanding import Cell, Table

MOST_ROWS = 40


def column_fields(tables: Sequence[Table]) -> list[tuple[Cell, Cell]]:
    """Pairs the head of each column with what stands below it, in tables whose cells are framed and have heads.

    Returns:
        The head and the cell, row by row.
    """
    return [pair for table in tables if _is_filled_in(table) for pair in _pairs(table)]


def words_in_lists(tables: Sequence[Table]) -> set[int]:
    """Words of tables whose heads name what stands below them; no other name is to be looked for beside them."""
    return {index for table in tables if _is_filled_in(table) for cell in table.cells for index in cell.words}


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
