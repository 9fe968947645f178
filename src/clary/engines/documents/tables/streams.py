"""Tables without frames: cells from rows of words and the corridors between them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from clary.engines.documents.rulings import Ruling, Rulings
from clary.engines.documents.tables.columns import column_edges
from clary.engines.documents.tables.furniture import is_number
from clary.engines.documents.tables.grid import RawCell, RawTable, in_reading_order
from clary.engines.documents.tables.regions import pitches
from clary.engines.documents.tokens import Band, Token, segments_of


@dataclass(slots=True)
class Piece:
    """Words of one row that belong to one cell.

    Attributes:
        first: column it begins in.
        last: column it ends in.
    """

    first: int
    last: int
    tokens: list[Token] = field(default_factory=list)

    @property
    def top(self) -> float:
        """Of its highest word."""
        return min(token.top for token in self.tokens)

    @property
    def bottom(self) -> float:
        """Of its lowest word."""
        return max(token.bottom for token in self.tokens)


Row = list[Piece]


def unframed_table(bands: Sequence[Band], rulings: Rulings, height: float) -> RawTable | None:
    """The table that rows of words make, or None where they make none.

    Args:
        bands: rows of the table, from top to bottom.
        rulings: of the page.
        height: of most words.
    """
    edges = column_edges(bands, rulings, height)
    if len(edges) < 3:
        return None
    above, bands = _titles(bands, edges)
    bands, below = _notes(bands, edges)
    if len(bands) < 2:
        return None
    lines = [line for line in rulings.horizontal if bands[0].top - height < line.at < bands[-1].bottom + height]
    rows = [_pieces(band, edges, lines, height) for band in bands]
    heads = _head_count(bands, rows, edges, lines)
    while heads < len(rows) - 2 and _is_unit_row(rows[heads]):
        heads += 1
    header = _header_rows(rows[:heads], edges, lines, height)
    body = _body_rows(bands[heads:], rows[heads:], lines, edges, height)
    if not body:
        return None
    cells: list[RawCell] = []
    depth = max((piece_row + span for _, piece_row, span in header), default=0)
    for piece, row, span in header:
        tokens = in_reading_order(piece.tokens)
        cells.append(RawCell(row, piece.first, span, piece.last - piece.first + 1, tokens, True))
    for place, row_pieces in enumerate(body):
        for piece in row_pieces:
            span = piece.last - piece.first + 1
            cells.append(RawCell(depth + place, piece.first, 1, span, in_reading_order(piece.tokens)))
    ys = _row_edges(cells, depth + len(body), bands)
    table = RawTable(edges, ys, cells, False, list(above), list(below))
    _complete(table)
    return table


def _titles(bands: Sequence[Band], edges: list[float]) -> tuple[list[Band], list[Band]]:
    """Takes rows off the head that name the table: one segment, before any row with two."""
    start = 0
    while start < len(bands) and len(bands[start].segments) == 1 and bands[start].right > edges[1] and start < 3:
        if _spans_part(bands[start], edges):
            break
        start += 1
    return list(bands[:start]), list(bands[start:])


def _spans_part(band: Band, edges: list[float]) -> bool:
    """Whether a row stands over some of the columns only, as the head of a group of them does."""
    return band.left >= edges[1] - 1e-6


def _notes(bands: Sequence[Band], edges: list[float]) -> tuple[list[Band], list[Band]]:
    """Takes rows off the foot that run across columns."""
    end = len(bands)
    while end > 2 and len(bands[end - 1].segments) == 1 and bands[end - 1].right > edges[2 if len(edges) > 3 else 1]:
        end -= 1
    return list(bands[:end]), list(bands[end:])


def _column(edges: Sequence[float], place: float) -> int:
    column = 0
    while column + 2 < len(edges) and place >= edges[column + 1]:
        column += 1
    return column


def _pieces(band: Band, edges: list[float], lines: Sequence[Ruling], height: float) -> Row:
    """The cells of a row: its words by column, those that run on across an edge together."""
    pieces: Row = []
    full = len({_column(edges, token.centre) for token in band.tokens}) == len(edges) - 1 and len(edges) > 3
    for segment in segments_of(band.tokens, 0.6 * height):
        columns = [_column(edges, token.centre) for token in segment.tokens]
        crosses = {
            place
            for place in range(1, len(edges) - 1)
            for token in segment.tokens
            if token.left < edges[place] - 0.3 * height and token.right > edges[place] + 0.3 * height
        }
        run: Piece | None = None
        for token, column in zip(segment.tokens, columns, strict=True):
            joined = run is not None and (column <= run.last or (not full and _runs_on(run.tokens[-1], token, height)))
            if run is not None and joined:
                run.tokens.append(token)
                run.last = max(run.last, column)
            else:
                run = Piece(column, column, [token])
                pieces.append(run)
            for place in crosses:
                if token.left < edges[place] < token.right:
                    run.first, run.last = min(run.first, place - 1), max(run.last, place)
    return _one_per_column(pieces)


def _runs_on(one: Token, other: Token, height: float) -> bool:
    """Whether two words are a word space apart: then they are one text, whatever column they stand in."""
    return other.left - one.right < 0.45 * height


def _one_per_column(pieces: Row) -> Row:
    """Joins pieces that claim the same column."""
    joined: Row = []
    for piece in sorted(pieces, key=lambda piece: (piece.first, piece.tokens[0].left)):
        if joined and piece.first <= joined[-1].last:
            joined[-1].last = max(joined[-1].last, piece.last)
            joined[-1].tokens += piece.tokens
        else:
            joined.append(piece)
    return joined


def _head_count(bands: Sequence[Band], rows: Sequence[Row], edges: list[float], lines: Sequence[Ruling]) -> int:
    """How many rows at the top name the columns."""
    wide = [line for line in lines if line.covers(edges[0], edges[-1]) > 0.8]
    numeric = len(rows)
    for place, row in enumerate(rows[1:], 1):
        values = [piece for piece in row if piece.first > 0]
        numbers = [piece for piece in values if is_number(_text(piece))]
        if len(numbers) >= max(1.0, 0.5 * len(values)):
            numeric = place
            break
    ruled = [
        place
        for place in range(1, min(len(bands) - 1, 9))
        if any(bands[place - 1].middle < line.at < bands[place].middle for line in wide)
        and place <= max(1, len(bands) // 2)
    ]
    before = [place for place in ruled if place <= numeric]
    if ruled and (before or numeric == len(rows)):
        # Lines between all rows say nothing about heads.
        return ruled[0] if len(ruled) > 3 else (before or ruled)[-1]
    if numeric == len(rows) or numeric > max(1, len(rows) // 2):
        return 1
    # A row that only names the section below it belongs to the body.
    while numeric > 1 and len(rows[numeric - 1]) == 1 and rows[numeric - 1][0].first == 0:
        numeric -= 1
    return numeric


def _is_unit_row(row: Row) -> bool:
    """Units or counts in brackets below heads: "(n = 80)"."""
    return all(piece.first > 0 and re.fullmatch(r"\(.*\)", _text(piece)) for piece in row)


def _text(piece: Piece) -> str:
    return " ".join(token.text for token in piece.tokens)


def _ruled_between(upper: Piece, lower: Piece, lines: Sequence[Ruling]) -> bool:
    left = min(token.left for token in lower.tokens)
    right = max(token.right for token in lower.tokens)
    top = max(token.middle for token in upper.tokens)
    bottom = min(token.middle for token in lower.tokens)
    return any(top < line.at < bottom and line.covers(left, right) > 0.5 for line in lines)


def _header_rows(
    rows: Sequence[Row], edges: Sequence[float], lines: Sequence[Ruling], height: float
) -> list[tuple[Piece, int, int]]:
    """Joins the lines of heads and puts them into as many rows as stand over one another.

    Returns:
        Each head with the row it begins in and the rows it takes.
    """
    blocks: list[Piece] = []
    for row in rows:
        for piece in row:
            near = [block for block in blocks if block.first <= piece.last and piece.first <= block.last]
            match = near[-1] if near else None
            if match is not None and _same_head(match, piece, lines, height):
                match.tokens += piece.tokens
                match.first, match.last = min(match.first, piece.first), max(match.last, piece.last)
            else:
                blocks.append(piece)
    for block in blocks:
        _widen(block, blocks, edges, lines, height)
    levels: dict[int, int] = {}
    for place in range(len(blocks) - 1, -1, -1):
        lower = [
            levels[other]
            for other in range(place + 1, len(blocks))
            if blocks[other].first <= blocks[place].last and blocks[place].first <= blocks[other].last
        ]
        levels[place] = 1 + max(lower, default=-1)
    depth = 1 + max(levels.values(), default=-1)
    return [(block, depth - 1 - levels[place], 1) for place, block in enumerate(blocks)]


def _same_head(upper: Piece, lower: Piece, lines: Sequence[Ruling], height: float) -> bool:
    """Whether two pieces are lines of one head: close together, one above the other, no line between."""
    if lower.top - upper.bottom > 1.1 * height or _ruled_between(upper, lower, lines):
        return False
    if (upper.first, upper.last) == (lower.first, lower.last):
        return True
    left, right = max(_left(upper), _left(lower)), min(_right(upper), _right(lower))
    shorter = min(_right(upper) - _left(upper), _right(lower) - _left(lower))
    return right - left > 0.7 * shorter and abs(upper.last - upper.first - lower.last + lower.first) <= 1


def _widen(head: Piece, heads: Sequence[Piece], edges: Sequence[float], lines: Sequence[Ruling], height: float) -> None:
    """A head over a line that runs along several columns stands over all of them."""
    under = [
        line
        for line in lines
        if head.bottom - 0.2 * height < line.at < head.bottom + 1.2 * height
        and line.covers(_left(head), _right(head)) > 0.8
        and line.covers(edges[0], edges[-1]) < 0.8
    ]
    if not under:
        return
    line = min(under, key=lambda line: line.at)
    covered = [column for column in range(len(edges) - 1) if line.covers(edges[column], edges[column + 1]) > 0.55]
    beside = [
        other
        for other in heads
        if other is not head and other.top < head.bottom and head.top < other.bottom and other.first in covered
    ]
    if covered and not beside:
        head.first, head.last = min(head.first, covered[0]), max(head.last, covered[-1])


def _left(piece: Piece) -> float:
    return min(token.left for token in piece.tokens)


def _right(piece: Piece) -> float:
    return max(token.right for token in piece.tokens)


def _body_rows(
    bands: Sequence[Band], rows: Sequence[Row], lines: Sequence[Ruling], edges: list[float], height: float
) -> list[Row]:
    """Joins rows of words that are further lines of the row above."""
    wide = [line for line in lines if line.covers(edges[0], edges[-1]) > 0.8]
    gaps = pitches(bands)
    usual = sorted(gaps)[len(gaps) // 2] if gaps else 0.0
    every_row_ruled = _rows_are_ruled(bands, rows, wide)
    body: list[Row] = []
    for place, row in enumerate(rows):
        if body and not any(bands[place - 1].middle < line.at < bands[place].middle for line in wide):
            following = rows[place + 1] if place + 1 < len(rows) else []
            tight = gaps[place - 1] <= max(usual, 0.0) + 0.25 * height
            if every_row_ruled or (tight and _continues(body[-1], row, following, height)):
                _join(body[-1], row)
                continue
        body.append([Piece(piece.first, piece.last, list(piece.tokens)) for piece in row])
    return body


def _rows_are_ruled(bands: Sequence[Band], rows: Sequence[Row], wide: Sequence[Ruling]) -> bool:
    """Whether the lines across a table stand between all of its rows, so that what no line parts is one row."""
    ruled = [any(upper.middle < line.at < lower.middle for line in wide) for upper, lower in pairwise(bands)]
    groups = 1 + sum(ruled)
    if groups >= 3 and groups - 1 >= 0.5 * len(ruled):
        return True
    values = [piece for row in rows for piece in row if piece.first > 0]
    numbers = sum(1 for piece in values if is_number(_text(piece)))
    return groups >= 4 and len(bands) <= 4 * groups and numbers < 0.3 * len(values)


def _continues(above: Row, row: Row, following: Row, height: float) -> bool:
    """Whether a row is the second line of the row above."""
    if any(is_number(_text(piece)) for piece in row):
        return False
    columns = {piece.first for piece in above}
    if not {piece.first for piece in row} <= columns or len(above) < 2:
        return False
    if row[0].first > 0:
        return len(row) <= max(1, len(above) // 2)
    if len(row) > 1:
        return False
    start, before = row[0].tokens[0], above[0].tokens[0]
    indented = start.left > before.left + 0.5 * height
    lower_case = start.text[:1].islower()
    next_deeper = (
        bool(following) and following[0].first == 0 and following[0].tokens[0].left > start.left + 0.4 * height
    )
    return lower_case or (indented and not next_deeper)


def _join(above: Row, row: Row) -> None:
    for piece in row:
        for other in above:
            if other.first <= piece.last and piece.first <= other.last:
                other.tokens += piece.tokens
                break
        else:
            above.append(Piece(piece.first, piece.last, list(piece.tokens)))
            above.sort(key=lambda piece: piece.first)


def _row_edges(cells: Sequence[RawCell], rows: int, bands: Sequence[Band]) -> list[float]:
    """Half way between the words of neighbouring rows."""
    tops, bottoms = [float("inf")] * rows, [float("-inf")] * rows
    for cell in cells:
        if cell.tokens and cell.row_span == 1:
            tops[cell.row] = min(tops[cell.row], *(token.top for token in cell.tokens))
            bottoms[cell.row] = max(bottoms[cell.row], *(token.bottom for token in cell.tokens))
    ys = [min(band.top for band in bands)]
    for row in range(1, rows):
        ys.append(max(ys[-1], (bottoms[row - 1] + tops[row]) / 2))
    return [*ys, max(ys[-1], *(band.bottom for band in bands))]


def _complete(table: RawTable) -> None:
    """Adds the empty cells, and cuts spans that would lie over another cell."""
    taken: dict[tuple[int, int], RawCell] = {}
    table.cells.sort(key=lambda cell: (cell.row, cell.column))
    for cell in table.cells:
        taken[cell.row, cell.column] = cell
    for cell in table.cells:
        span = 1
        while span < cell.column_span and (cell.row, cell.column + span) not in taken:
            taken[cell.row, cell.column + span] = cell
            span += 1
        cell.column_span = span
    for row in range(table.rows):
        for column in range(table.columns):
            if (row, column) not in taken:
                table.cells.append(RawCell(row, column))
    table.cells.sort(key=lambda cell: (cell.row, cell.column))
