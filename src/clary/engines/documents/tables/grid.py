"""Tables whose cells are framed by ruling lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from clary.engines.documents.rulings import Ruling, Rulings
from clary.engines.documents.tokens import Band, Token, bands_of


@dataclass(slots=True)
class RawCell:
    """A cell before it is given to the outside: rows and columns count from 0, places are in the page's units."""

    row: int
    column: int
    row_span: int = 1
    column_span: int = 1
    tokens: list[Token] = field(default_factory=list)
    header: bool = False

    @property
    def text(self) -> str:
        """Its words in the order they were put in."""
        return " ".join(token.text for token in self.tokens)


@dataclass(slots=True)
class RawTable:
    """A table before it is given to the outside.

    Attributes:
        xs: [columns + 1] where columns begin and end.
        ys: [rows + 1] where rows begin and end.
        above: rows of words at its head that are no part of its grid.
        below: likewise at its foot.
    """

    xs: list[float]
    ys: list[float]
    cells: list[RawCell]
    bordered: bool
    above: list[Band] = field(default_factory=list)
    below: list[Band] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many."""
        return len(self.ys) - 1

    @property
    def columns(self) -> int:
        """How many."""
        return len(self.xs) - 1


@dataclass(frozen=True, slots=True)
class Frame:
    """Ruling lines that touch one another."""

    horizontal: tuple[Ruling, ...]
    vertical: tuple[Ruling, ...]


def frames(rulings: Rulings, slack: float) -> list[Frame]:
    """Puts lines that touch one another together.

    Args:
        slack: how far the end of a line may stay away from the line it touches.
    """
    lines = [(True, line) for line in rulings.horizontal] + [(False, line) for line in rulings.vertical]
    parents = list(range(len(lines)))

    def root(place: int) -> int:
        while parents[place] != place:
            parents[place] = parents[parents[place]]
            place = parents[place]
        return place

    first_vertical = len(rulings.horizontal)
    for across, line in enumerate(rulings.horizontal):
        for down, other in enumerate(rulings.vertical, first_vertical):
            if (
                line.start - slack <= other.at <= line.end + slack
                and other.start - slack <= line.at <= other.end + slack
            ):
                parents[root(across)] = root(down)
    groups: dict[int, list[int]] = {}
    for place in range(len(lines)):
        groups.setdefault(root(place), []).append(place)
    return [
        Frame(
            tuple(lines[place][1] for place in group if lines[place][0]),
            tuple(lines[place][1] for place in group if not lines[place][0]),
        )
        for group in groups.values()
    ]


def framed_table(frame: Frame, tokens: Sequence[Token], height: float) -> RawTable | None:
    """The table that a frame draws, or None where it draws none.

    Args:
        tokens: of the page.
        height: of most words.
    """
    dividing = [line for line in frame.vertical if line.length > 4 * height or _ends_at(line, frame.horizontal, height)]
    if len(frame.horizontal) < 2 or not dividing:
        return None
    frame = Frame(frame.horizontal, tuple(dividing))
    xs = _levels([line.at for line in frame.vertical], 0.8 * height)
    ys = _levels([line.at for line in frame.horizontal], 0.6 * height)
    xs = _with_open_sides(xs, frame.horizontal, 1.5 * height)
    ys = _with_open_sides(ys, frame.vertical, 0.8 * height)
    if len(xs) < 3 or len(ys) < 2 or (len(ys) < 3 and len(xs) < 4):
        return None
    inside = [token for token in tokens if xs[0] <= token.centre <= xs[-1] and ys[0] <= token.middle <= ys[-1]]
    table = RawTable(xs, ys, _cells(xs, ys, frame), True)
    _fill(table, inside)
    filled = sum(1 for cell in table.cells if cell.tokens)
    if filled < 3 or len(table.cells) < 3 or filled < 0.15 * len(table.cells):
        return None
    return _without_ends(_split_rows(table, height), height)


def _ends_at(line: Ruling, crossing: Sequence[Ruling], height: float) -> bool:
    """Whether both ends of a line lie on lines that cross it, as those of a cell's side do."""
    levels = [other.at for other in crossing if other.start - height <= line.at <= other.end + height]
    return all(any(abs(level - end) < 0.6 * height for level in levels) for end in (line.start, line.end))


def is_ruled_in_rows_only(table: RawTable) -> bool:
    """Whether most of its cells run across nearly all of its width: where its columns are, the words must tell."""
    filled = [cell for cell in table.cells if cell.tokens]
    width = 0.8 * (table.xs[-1] - table.xs[0])
    wide = sum(1 for cell in filled if table.xs[cell.column + cell.column_span] - table.xs[cell.column] > width)
    return wide > 0.5 * len(filled)


def _without_ends(table: RawTable, height: float) -> RawTable:
    """Takes the name of the table off its head and notes off its foot: rows of one cell across all columns."""
    across = {cell.row: cell for cell in table.cells if cell.column_span == table.columns and cell.row_span == 1}
    first, last = 0, table.rows
    while first < last and first in across:
        first += 1
    while last > first and last - 1 in across:
        last -= 1
    if last - first < 2 or (first, last) == (0, table.rows):
        return table
    above = [token for row in range(first) for token in across[row].tokens]
    below = [token for row in range(last, table.rows) for token in across[row].tokens]
    cells = [cell for cell in table.cells if first <= cell.row < last]
    for cell in cells:
        cell.row -= first
    ys = table.ys[first : last + 1]
    return RawTable(table.xs, ys, cells, True, bands_of(above, height, 100.0), bands_of(below, height, 100.0))


def _levels(values: Sequence[float], apart: float) -> list[float]:
    """Puts values that lie close together in one; ascending."""
    groups: list[list[float]] = []
    for value in sorted(values):
        if groups and value - groups[-1][-1] <= apart:
            groups[-1].append(value)
        else:
            groups.append([value])
    return [sum(group) / len(group) for group in groups]


def _with_open_sides(levels: list[float], crossing: Sequence[Ruling], apart: float) -> list[float]:
    """Adds the sides of a table that no line closes: where the lines that cross it end."""
    starts = sorted(line.start for line in crossing)
    ends = sorted(line.end for line in crossing)
    # One line that sticks out is no side; half of them are.
    start, end = starts[len(starts) // 2], ends[len(ends) // 2]
    if start < levels[0] - apart:
        levels = [start, *levels]
    if end > levels[-1] + apart:
        levels = [*levels, end]
    return levels


def _cells(xs: Sequence[float], ys: Sequence[float], frame: Frame) -> list[RawCell]:
    """The cells of a frame; places between which no line stands are one cell."""
    columns, rows = len(xs) - 1, len(ys) - 1
    parents = list(range(rows * columns))

    def root(place: int) -> int:
        while parents[place] != place:
            place = parents[place]
        return place

    slack_x = 0.25 * min(right - left for left, right in pairwise(xs))
    slack_y = 0.25 * min(bottom - top for top, bottom in pairwise(ys))
    for row in range(rows):
        for column in range(columns):
            place = row * columns + column
            if column + 1 < columns and not _drawn(frame.vertical, xs[column + 1], slack_x, ys[row], ys[row + 1]):
                parents[root(place + 1)] = root(place)
            if row + 1 < rows and not _drawn(frame.horizontal, ys[row + 1], slack_y, xs[column], xs[column + 1]):
                parents[root(place + columns)] = root(place)
    groups: dict[int, list[tuple[int, int]]] = {}
    for place in range(rows * columns):
        groups.setdefault(root(place), []).append(divmod(place, columns))
    return _rectangles(groups)


def _rectangles(groups: dict[int, list[tuple[int, int]]]) -> list[RawCell]:
    """One cell for each group that is a rectangle; the places of any other stand alone."""
    cells = []
    for places in groups.values():
        top, left = min(row for row, _ in places), min(column for _, column in places)
        tall, wide = max(row for row, _ in places) - top + 1, max(column for _, column in places) - left + 1
        if tall * wide == len(places):
            cells.append(RawCell(top, left, tall, wide))
        else:
            cells += [RawCell(row, column) for row, column in places]
    return sorted(cells, key=lambda cell: (cell.row, cell.column))


def _drawn(lines: Sequence[Ruling], at: float, slack: float, start: float, end: float) -> bool:
    return sum(line.covers(start, end) for line in lines if abs(line.at - at) <= slack) > 0.5


def _fill(table: RawTable, tokens: Sequence[Token]) -> None:
    """Puts words into the cells that hold their middles."""
    places: dict[tuple[int, int], RawCell] = {}
    for cell in table.cells:
        for row in range(cell.row, cell.row + cell.row_span):
            for column in range(cell.column, cell.column + cell.column_span):
                places[row, column] = cell
    for token in tokens:
        row = _interval(table.ys, token.middle)
        column = _interval(table.xs, token.centre)
        places[row, column].tokens.append(token)
    for cell in table.cells:
        cell.tokens = in_reading_order(cell.tokens)


def in_reading_order(tokens: Sequence[Token]) -> list[Token]:
    """Line by line, from left to right."""
    if len(tokens) < 2:
        return list(tokens)
    heights = sorted(token.height for token in tokens)
    return [token for band in bands_of(tokens, heights[len(heights) // 2], 100.0) for token in band.tokens]


def _interval(levels: Sequence[float], value: float) -> int:
    place = 0
    while place + 2 < len(levels) and value >= levels[place + 1]:
        place += 1
    return place


def _split_rows(table: RawTable, height: float) -> RawTable:
    """Splits rows between which no line is drawn, where the words themselves stand in rows."""
    cuts: dict[int, list[list[Token]]] = {}
    for row in range(table.rows):
        cells = [cell for cell in table.cells if cell.row <= row < cell.row + cell.row_span]
        if any(cell.row_span > 1 for cell in cells):
            continue
        lines = _unruled_rows([cell.tokens for cell in cells], height)
        if lines:
            cuts[row] = lines
    if not cuts:
        return table
    ys: list[float] = [table.ys[0]]
    start: dict[int, int] = {}
    cells = []
    for row in range(table.rows):
        start[row] = len(ys) - 1
        lines = cuts.get(row, [])
        for upper, lower in pairwise(lines):
            ys.append((max(token.bottom for token in upper) + min(token.top for token in lower)) / 2)
        ys.append(table.ys[row + 1])
    for cell in table.cells:
        lines = cuts.get(cell.row, []) if cell.row_span == 1 else []
        if not lines:
            last = start[cell.row + cell.row_span - 1] + max(1, len(cuts.get(cell.row + cell.row_span - 1, [])))
            span = last - start[cell.row]
            cells.append(RawCell(start[cell.row], cell.column, span, cell.column_span, cell.tokens))
            continue
        own = {token.index for token in cell.tokens}
        for offset, line in enumerate(lines):
            tokens = [token for token in line if token.index in own]
            cells.append(RawCell(start[cell.row] + offset, cell.column, 1, cell.column_span, tokens))
    return RawTable(table.xs, ys, sorted(cells, key=lambda cell: (cell.row, cell.column)), True)


def _unruled_rows(cells: list[list[Token]], height: float) -> list[list[Token]]:
    """The lines of a row's words, where each is a row of its own: at least three, alike in all columns."""
    filled = [cell for cell in cells if cell]
    if len(filled) < 2:
        return []
    bands = bands_of([token for cell in filled for token in cell], height, 100.0)
    if len(bands) < 3:
        return []
    columns = {token.index: column for column, cell in enumerate(filled) for token in cell}
    breadth = [len({columns[token.index] for token in band.tokens}) for band in bands]
    full = sum(1 for count in breadth if count >= 0.6 * len(filled))
    first = sum(1 for band in bands if columns[band.tokens[0].index] == 0)
    others = [token for cell in filled[1:] for token in cell]
    numbers = sum(1 for token in others if any(character.isdigit() for character in token.text))
    if full >= 0.7 * len(bands) and first >= 0.8 * len(bands) and numbers >= 0.5 * len(others):
        return [band.tokens for band in bands]
    return []
