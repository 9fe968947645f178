"""Words become lines, and lines stand in the order in which people read them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from clary.engines.documents.contract import Box, Line, Polygon, Word

WIDEST_GAP = 1.6
"""Words further apart than this, in heights of the line, stand in different lines."""
NEAREST_GAP = 0.5
"""Words that were found in different stretches stand in one line where they are no further apart, in its heights."""
SAME_ROW = 0.55
"""Two boxes that share so much of the lower one's height stand beside each other."""
PROSE_LINES, PROSE_FILL = 4, 0.6
"""A column of prose has so many lines at least, and most of them fill so much of its width."""
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class _Placed:
    """A word, or words that stand together, and where they would stand if their line were level."""

    words: tuple[Word, ...]
    box: Box


def lines_of(
    words: Sequence[Word],
    width: float,
    height: float,
    slant_degrees: float = 0.0,
    stretches: Sequence[int] | None = None,
) -> tuple[Line, ...]:
    """The lines of a page, in the order of reading; those that run up, down or head over after all others.

    Args:
        words: in any order; the polygon of one that does not run from left to right says so.
        width: of the page, in any unit.
        height: of the page, in the same unit; boxes are ratios, and gaps are compared with heights.
        slant_degrees: how far the lines fall to the right.
        stretches: for each word the number of the stretch of text it was found in; what stands close together, but was
            found apart, is not mixed up then.
    """
    found: list[Line] = []
    numbered = list(zip(words, stretches or [0] * len(words), strict=True))
    for quarter in range(4):
        running = [(word, number) for word, number in numbered if quarter_of(word) == quarter]
        if running:
            turned = quarter % 2 == 1
            size = (height, width) if turned else (width, height)
            fall = 0.0 if quarter else math.tan(math.radians(slant_degrees)) * width / height
            placed: dict[int, list[_Placed]] = {}
            for word, number in running:
                placed.setdefault(number, []).append(_Placed((word,), _levelled(word.box, quarter, fall)))
            runs = [run for stretch in placed.values() for run in _runs(_rows(stretch), *size, WIDEST_GAP)]
            if stretches is not None:
                runs = _runs(_rows_apart(runs), *size, NEAREST_GAP)
            found.extend(line_of(line.words) for line in _in_order(runs, size[0] / size[1]))
    return tuple(found)


def line_of(words: Sequence[Word]) -> Line:
    """A line of some words."""
    box = Box.around_boxes(word.box for word in words)
    if all(word.polygon is None for word in words):
        return Line(tuple(words), box)
    first, last = words[0].outline, words[-1].outline
    outline: Polygon = first[0], last[1], last[2], first[3]
    return Line(tuple(words), box, outline)


def quarter_of(word: Word) -> int:
    """Quarter turns clockwise from running from left to right."""
    if word.polygon is None:
        return 0
    (x, y), (to_x, to_y) = word.polygon[:2]
    if abs(to_x - x) >= abs(to_y - y):
        return 0 if to_x >= x else 2
    return 1 if to_y > y else 3


def _levelled(box: Box, quarter: int, fall: float) -> Box:
    """The box on a page that was turned back, and sheared by what its lines fall over the page's width."""
    if quarter == 1:
        return Box(box.top, 1 - box.right, box.bottom, 1 - box.left)
    if quarter == 2:
        return Box(1 - box.right, 1 - box.bottom, 1 - box.left, 1 - box.top)
    if quarter == 3:
        return Box(1 - box.bottom, box.left, 1 - box.top, box.right)
    down = fall * box.centre[0]
    return Box(box.left, box.top - down, box.right, box.bottom - down)


def _runs(rows: Sequence[Sequence[_Placed]], width: float, height: float, widest_gap: float) -> list[_Placed]:
    """What stands beside each other without a wide gap, which is told in heights."""
    found = []
    for row in rows:
        run = [row[0]]
        for word in row[1:]:
            gap = (word.box.left - max(one.box.right for one in run)) * width
            tall = median(one.box.height for one in [*run, word]) * height
            if gap > widest_gap * tall:
                found.append(_together(run))
                run = []
            run.append(word)
        found.append(_together(run))
    return found


def _together(run: Sequence[_Placed]) -> _Placed:
    return _Placed(tuple(word for one in run for word in one.words), Box.around_boxes(one.box for one in run))


def _rows(items: Sequence[_Placed]) -> list[list[_Placed]]:
    """What stands beside each other, rows from top to bottom, each from left to right."""
    rows: list[list[_Placed]] = []
    for item in sorted(items, key=lambda one: one.box.centre[1]):
        for row in reversed(rows[-8:]):
            if any(_beside(item.box, other.box) for other in row[-6:]):
                row.append(item)
                break
        else:
            rows.append([item])
    return [sorted(row, key=lambda one: one.box.left) for row in rows]


def _rows_apart(stretches: Sequence[_Placed]) -> list[list[_Placed]]:
    """As `_rows`, but what stands over or below a member of a row is never of that row."""
    rows: list[list[_Placed]] = []
    for one in sorted(stretches, key=lambda stretch: stretch.box.centre[1]):
        for row in reversed(rows[-8:]):
            beside = any(_beside(one.box, other.box) for other in row)
            if beside and not any(_shares_columns(one.box, other.box) for other in row):
                row.append(one)
                break
        else:
            rows.append([one])
    return [sorted(row, key=lambda one: one.box.left) for row in rows]


def _shares_columns(one: Box, other: Box) -> bool:
    shared = min(one.right, other.right) - max(one.left, other.left)
    return shared > 0.3 * min(one.width, other.width)


def _beside(one: Box, other: Box) -> bool:
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    lower, higher = sorted((one.height, other.height))
    return shared > SAME_ROW * max(lower, 1e-9) and (lower > 0.35 * higher or shared >= 0.99 * lower)


def _in_order(lines: list[_Placed], aspect: float, depth: int = 0) -> list[_Placed]:
    """Lines in the order of reading: columns of prose one after the other, everything else row by row."""
    if len(lines) < 2 or depth > _DEEPEST or not _may_have_columns(lines):
        return _row_by_row(lines)
    columns = _columns(lines, aspect)
    if columns:
        return [line for column in columns for line in _in_order(column, aspect, depth + 1)]
    bands = _merged_bands(_bands(lines), aspect)
    if len(bands) > 1:
        return [line for band in bands for line in _in_order(band, aspect, depth + 1)]
    return _row_by_row(lines)


def _row_by_row(lines: Sequence[_Placed]) -> list[_Placed]:
    return [line for row in _rows_apart(lines) for line in row]


def _may_have_columns(lines: Sequence[_Placed]) -> bool:
    """Whether enough rows hold two lines with several words; quick, for most pages have one column."""
    return sum(sum(len(line.words) > 2 for line in row) > 1 for row in _rows(lines)) >= PROSE_LINES - 1


def _columns(lines: Sequence[_Placed], aspect: float) -> list[list[_Placed]]:
    """Columns of prose side by side, from left to right; none where there is but one."""
    gutters = _clear_stretches([(line.box.left, line.box.right) for line in lines])
    tall = median(line.box.height for line in lines)
    edges = [(begin + end) / 2 for begin, end in gutters if (end - begin) * aspect > 0.6 * tall]
    if not edges:
        return []
    columns: list[list[_Placed]] = [[] for _ in range(len(edges) + 1)]
    for line in lines:
        columns[sum(line.box.centre[0] > edge for edge in edges)].append(line)
    return columns if all(_is_prose(column) for column in columns) else []


def _is_prose(column: Sequence[_Placed]) -> bool:
    if len(column) < PROSE_LINES:
        return False
    whole = Box.around_boxes(line.box for line in column)
    filled = sum(line.box.width > PROSE_FILL * whole.width and len(line.words) > 2 for line in column)
    return filled >= 0.5 * len(column)


def _bands(lines: Sequence[_Placed]) -> list[list[_Placed]]:
    """Groups of lines with clear paper between them, from top to bottom."""
    edges = [(begin + end) / 2 for begin, end in _clear_stretches([(one.box.top, one.box.bottom) for one in lines])]
    bands: list[list[_Placed]] = [[] for _ in range(len(edges) + 1)]
    for line in lines:
        bands[sum(line.box.centre[1] > edge for edge in edges)].append(line)
    return [band for band in bands if band]


def _merged_bands(bands: list[list[_Placed]], aspect: float) -> list[list[_Placed]]:
    """The bands, neighbours joined again where only together they are columns of prose."""
    found: list[list[_Placed]] = []
    begin = 0
    while begin < len(bands):
        end = begin + 1
        if len(bands[begin]) > 1:
            for longest in range(len(bands), begin + 1, -1):
                if _columns([line for band in bands[begin:longest] for line in band], aspect):
                    end = longest
                    break
        found.append([line for band in bands[begin:end] for line in band])
        begin = end
    return found


def _clear_stretches(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The stretches between the first and the last span that no span covers."""
    found: list[tuple[float, float]] = []
    ordered = sorted(spans)
    reached = ordered[0][1] if ordered else 0.0
    for begin, end in ordered[1:]:
        if begin > reached:
            found.append((reached, begin))
        reached = max(reached, end)
    return found
