"""What stands around and above a table's values: heads, names of sections, totals, titles and notes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from clary.engines.documents.tables.grid import RawTable
from clary.engines.documents.tokens import Band, Token, bands_of

NUMBERED = re.compile(r"(table|exhibit|figure|schedule|appendix|chart)\s*[\w.-]*\d", re.IGNORECASE)
NOTE = re.compile(
    r"([*†‡§¹²³⁴]|\(?[a-z0-9*]\)\s|notes?\b|sources?\b|see\b|abbreviations?\b|includes?\b)", re.IGNORECASE
)
TOTAL = re.compile(r"(grand |sub[- ]?|net |overall )?(total|sum|balance|amount due)s?\b", re.IGNORECASE)
YEAR = re.compile(r"(19|20)\d\d([-\u2013/](19|20)?\d\d)?")


def is_number(text: str) -> bool:
    """Whether a text is a quantity rather than words; years, which name columns as often, are not."""
    bare = text.replace(" ", "")
    digits = sum(character.isdigit() for character in bare)
    return (digits > 0 and digits >= 0.4 * len(bare) and not YEAR.fullmatch(bare)) or bare in {
        "-",
        "\u2013",
        "—",
        "x",
        "X",
    }


def mark_heads(table: RawTable) -> None:
    """Marks the cells that name columns, in a table whose rows of heads are not known yet."""
    if any(cell.header for cell in table.cells):
        return
    for row in range(_head_rows(table)):
        for cell in table.cells:
            if cell.row <= row < cell.row + cell.row_span:
                cell.header = True


def _head_rows(table: RawTable) -> int:
    rows = [[cell for cell in table.cells if cell.row == row and cell.tokens] for row in range(table.rows)]
    if table.rows < 2 or len(rows[0]) < 2 or any(is_number(cell.text) for cell in rows[0]):
        return 0
    below = [cell for row in rows[1:] for cell in row if cell.column > 0]
    numbers = sum(1 for cell in below if is_number(cell.text))
    if table.columns == 2 and numbers < 0.5 * len(below):
        # Two columns of words: names beside values, unless the first row is clearly shorter than what it names.
        words = [len(cell.tokens) for cell in below]
        if not words or len(rows[0][-1].tokens) > 2 or sum(words) / len(words) < 4:
            return 0
    tallest = max(cell.row_span for cell in rows[0])
    while tallest < table.rows - 1 and tallest < 4:
        values = [cell for cell in rows[tallest] if cell.column > 0]
        wide = any(cell.column_span > 1 for cell in rows[tallest - 1])
        if not wide or not values or any(is_number(cell.text) for cell in values):
            break
        tallest += 1
    return tallest


def section_rows(table: RawTable) -> set[int]:
    """Rows whose one filled cell names the rows below it."""
    found = set()
    for row in range(table.rows - 1):
        filled = [cell for cell in table.cells if cell.row == row and cell.tokens]
        below = [cell for cell in table.cells if cell.row == row + 1 and cell.tokens]
        if len(filled) == 1 and filled[0].column == 0 and not filled[0].header and len(below) > 1:
            found.add(row)
    return found


def summary_places(table: RawTable) -> tuple[set[int], set[int]]:
    """Rows and columns that hold totals, by the words that name them."""
    rows = {cell.row for cell in table.cells if cell.column == 0 and not cell.header and TOTAL.match(cell.text)}
    columns = {cell.column for cell in table.cells if cell.header and cell.column > 0 and TOTAL.match(cell.text)}
    return rows, columns


def titles_and_notes(
    table: RawTable, free: Sequence[Token], height: float
) -> tuple[list[list[Token]], list[list[Token]]]:
    """The lines that name a table and the notes below it.

    Args:
        free: words that belong to no table.
        height: of most words.

    Returns:
        Words of the title line by line, and of the notes.
    """
    width = table.xs[-1] - table.xs[0]
    near = [
        token
        for token in free
        if table.xs[0] - 0.1 * width - height < token.centre < table.xs[-1] + 0.1 * width + height
    ]
    titles = [band.tokens for band in table.above] or _above(table, bands_of(near, height, 2.5), height)
    notes = [band.tokens for band in table.below]
    return titles, notes + _below(table, bands_of(near, height, 100.0), height, bool(notes))


def _above(table: RawTable, bands: Sequence[Band], height: float) -> list[list[Token]]:
    """Lines right above, from the first that is numbered as tables are, or one that is short and in the middle."""
    lines: list[Band] = []
    edge = table.ys[0]
    for band in reversed(bands):
        if band.middle > edge:
            continue
        if edge - band.bottom > 2.4 * height or len(band.segments) > 1 or len(lines) == 4:
            break
        lines.insert(0, band)
        edge = band.top
        if NUMBERED.match(_text(band)):
            return [line.tokens for line in lines]
    if not lines:
        return []
    last = lines[-1]
    text = _text(last)
    middle = abs((last.left + last.right) / 2 - (table.xs[0] + table.xs[-1]) / 2) < 2 * height
    short = len(last.tokens) <= 10 and not text.endswith((".", ",", ";"))
    return [last.tokens] if short and (middle or abs(last.left - table.xs[0]) < 2 * height) else []


def _below(table: RawTable, bands: Sequence[Band], height: float, going_on: bool) -> list[list[Token]]:
    lines: list[list[Token]] = []
    edge = table.ys[-1]
    for band in bands:
        if band.middle < edge:
            continue
        if band.top - edge > (1.0 if lines or going_on else 2.2) * height or len(lines) == 12:
            break
        smaller = sum(token.height for token in band.tokens) / len(band.tokens) < 0.9 * height
        if not NOTE.match(_text(band)) and not ((lines or going_on) and smaller) and not (lines and len(lines) < 3):
            break
        lines.append(band.tokens)
        edge = band.bottom
    return lines


def _text(band: Band) -> str:
    return " ".join(token.text for token in band.tokens)
