"""From a page to its tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.contract import Box, Page
from clary.engines.documents.rows import passage_of
from clary.engines.documents.rulings import Rulings, find_rulings
from clary.engines.documents.tables.furniture import mark_heads, section_rows, summary_places, titles_and_notes
from clary.engines.documents.tables.grid import RawCell, RawTable, framed_table, frames, is_ruled_in_rows_only
from clary.engines.documents.tables.regions import SEGMENT_GAP, find_regions, is_form_or_text
from clary.engines.documents.tables.streams import unframed_table
from clary.engines.documents.tokens import Token, bands_of, tokens_of, usual_height
from clary.engines.documents.understanding import Cell, Table


def find_tables(page: Page, picture: NDArray[np.uint8] | None = None) -> tuple[Table, ...]:
    """Finds the tables of a page.

    Args:
        page: with its words.
        picture: [rows, columns] grey values of the upright page, from which ruling lines are taken.

    Returns:
        Tables from top to bottom.
    """
    tokens = tokens_of(page)
    height = usual_height(tokens)
    rulings = Rulings() if picture is None else find_rulings(picture, page, tokens, height)
    tables = raw_tables(tokens, rulings, height)
    used = {token.index for table in tables for cell in table.cells for token in cell.tokens}
    used |= {token.index for table in tables for band in table.above + table.below for token in band.tokens}
    free = [token for token in tokens if token.index not in used]
    return tuple(
        _table(table, page, free, height) for table in sorted(tables, key=lambda table: (table.ys[0], table.xs[0]))
    )


def raw_tables(tokens: Sequence[Token], rulings: Rulings, height: float) -> list[RawTable]:
    """Framed tables first, then those that the other words make."""
    tables: list[RawTable] = []
    free = list(tokens)
    for frame in sorted(frames(rulings, 0.5 * height), key=lambda frame: -len(frame.horizontal) * len(frame.vertical)):
        table = framed_table(frame, free, height)
        if table is not None and is_ruled_in_rows_only(table):
            inside = [token for cell in table.cells for token in cell.tokens]
            table = unframed_table(bands_of(inside, height, SEGMENT_GAP), rulings, height)
        if table is not None:
            tables.append(table)
            used = {token.index for cell in table.cells for token in cell.tokens}
            free = [token for token in free if token.index not in used]
    regions = find_regions(free, rulings, height)
    if not tables and not regions:
        bands = bands_of(free, height, SEGMENT_GAP)
        broad = sum(1 for band in bands if len(band.segments) > 1)
        if broad >= max(2, 0.5 * len(bands)) and not is_form_or_text(bands):
            # A picture that shows a small table alone.
            regions = [bands]
    for region in regions:
        table = unframed_table(region, rulings, height)
        if table is not None:
            tables.append(table)
    return tables


def _table(table: RawTable, page: Page, free: Sequence[Token], height: float) -> Table:
    mark_heads(table)
    sections = section_rows(table)
    total_rows, total_columns = summary_places(table)
    cells = tuple(
        replace(
            _cell(cell, table, page),
            title=cell.row in sections,
            summary=bool(cell.tokens) and not cell.header and (cell.row in total_rows or cell.column in total_columns),
        )
        for cell in table.cells
    )
    titles, notes = titles_and_notes(table, free, height)
    words = [cell.confidence for cell in cells if cell.words]
    # Words that were read surely, in places that are filled: more gaps, less certainty that it is a table.
    filled = len(words) / max(1, len(cells))
    return Table(
        _box(page, table.xs[0], table.ys[0], table.xs[-1], table.ys[-1]),
        table.rows,
        table.columns,
        cells,
        (sum(words) / len(words) if words else 0.0) * (0.85 + 0.15 * filled if table.bordered else 0.7 + 0.3 * filled),
        table.bordered,
        any(cell.header for cell in cells),
        tuple(passage_of(tokens, page) for tokens in titles),
        tuple(passage_of(tokens, page) for tokens in notes),
    )


def _cell(cell: RawCell, table: RawTable, page: Page) -> Cell:
    box = _box(
        page,
        table.xs[cell.column],
        table.ys[cell.row],
        table.xs[cell.column + cell.column_span],
        table.ys[cell.row + cell.row_span],
    )
    sure = [token.confidence for token in cell.tokens]
    return Cell(
        cell.row + 1,
        cell.column + 1,
        cell.row_span,
        cell.column_span,
        box,
        cell.text,
        sum(sure) / len(sure) if sure else 0.0,
        tuple(token.index for token in cell.tokens),
        header=cell.header,
    )


def _box(page: Page, left: float, top: float, right: float, bottom: float) -> Box:
    across, down = 1 / page.width, 1 / page.height
    return Box(
        min(1.0, max(0.0, left * across)),
        min(1.0, max(0.0, top * down)),
        min(1.0, max(0.0, right * across)),
        min(1.0, max(0.0, bottom * down)),
    )
