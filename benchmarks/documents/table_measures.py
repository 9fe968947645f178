"""Cell adjacency as in the ICDAR 2013 table competition: which text stands next to which, to the right and below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

Cell = tuple[int, int, int, int, str]
"""Row, column, rows, columns, text; counted from 0."""


def bare(text: str) -> str:
    """In small letters, without white space."""
    return "".join(text.lower().split())


def relations(cells: Sequence[Cell]) -> Counter[tuple[str, str, str]]:
    """Each filled cell with the next filled one to its right and below it, in all rows and columns it spans."""
    places = {
        (row + down, column + right): number
        for number, (row, column, rows, columns, _) in enumerate(cells)
        for down in range(rows)
        for right in range(columns)
    }
    last_row = max((row for row, _ in places), default=-1)
    last_column = max((column for _, column in places), default=-1)
    found: Counter[tuple[str, str, str]] = Counter()
    for row, column, rows, columns, text in cells:
        if not bare(text):
            continue
        right = [[(at, ahead) for ahead in range(column + columns, last_column + 1)] for at in range(row, row + rows)]
        below = [[(ahead, at) for ahead in range(row + rows, last_row + 1)] for at in range(column, column + columns)]
        for direction, walks in (("right", right), ("below", below)):
            for neighbour in {first_filled(walk, places, cells) for walk in walks} - {None}:
                found[bare(text), bare(cells[neighbour or 0][4]), direction] += 1
    return found


def first_filled(
    walk: Sequence[tuple[int, int]], places: dict[tuple[int, int], int], cells: Sequence[Cell]
) -> int | None:
    """The number of the first cell with text on a walk over the grid."""
    numbers = (places.get(place) for place in walk)
    return next((number for number in numbers if number is not None and bare(cells[number][4])), None)


def hits(wanted: Sequence[Sequence[Cell]], found: Sequence[Sequence[Cell]]) -> tuple[int, int, int]:
    """Relations that are right, that are there, and that were found, over all tables of a page."""
    one: Counter[tuple[str, str, str]] = Counter()
    other: Counter[tuple[str, str, str]] = Counter()
    for cells in wanted:
        one += relations(cells)
    for cells in found:
        other += relations(cells)
    return (one & other).total(), one.total(), other.total()


def f1(right: int, wanted: int, found: int) -> float:
    """In per cent."""
    return 200 * right / (wanted + found) if wanted + found else 0.0
