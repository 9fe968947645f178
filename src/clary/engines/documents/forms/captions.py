"""Names below a line to write on, with what was filled in above it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from clary.engines.documents.forms.labels import END_OF_NAME, ends_as_name, letters_share, name_likeness
from clary.engines.documents.forms.segments import ENUMERATOR, Piece
from clary.engines.documents.rulings import Ruling, Rulings

ABOVE, BELOW = 0.9, 1.1
"""In heights of words: so near to the line stand what was filled in, and the name."""
LEAST_NAME = 0.5
"""Of `name_likeness`, in the mean of the names below one line."""
MOST_WORDS = 8
NUMBER_BEFORE = 2.5
"""In heights of words: so near before what was filled in stands the number of its name."""
LONGER = 1.2
"""Times the text on it: shorter lines underline it."""


def captioned(
    rows: Sequence[Sequence[Piece]], rulings: Rulings, height: float, taken: set[int]
) -> list[tuple[Piece, Piece]]:
    """Pairs names below lines with what stands above the line, at the same place.

    Lines of a grid, which upright lines meet, are none to write on; nor is a line with names above it.

    Args:
        rows: what `pieces_of` returned.
        rulings: of the page.
        height: of most words.
        taken: identities of pieces that have their place; those found here are added.

    Returns:
        Names and values; no piece is in two of them.
    """
    numbers = _numbers(rows, height)
    every = [piece for row in rows for piece in row if ENUMERATOR.fullmatch(piece.text) is None]
    found: list[tuple[Piece, Piece]] = []
    tops, bottoms = np.array([one.top for one in every]), np.array([one.bottom for one in every])
    for line in rulings.horizontal:
        over = (line.at - ABOVE * height < bottoms) & (bottoms < line.at + 0.4 * height)
        under = (line.at - 0.2 * height < tops) & (tops < line.at + BELOW * height)
        if not over.any() or not under.any() or _is_crossed(line, rulings, height):
            continue
        upper = [every[place] for place in np.flatnonzero(over)]
        lower = [every[place] for place in np.flatnonzero(under)]
        upper = [one for one in upper if _along(one, line, height) and one.top < line.at - 0.4 * height]
        start = min([line.start, *(numbers[id(one)].left for one in upper if id(one) in numbers)])
        lower = [one for one in lower if one.left > start - height and one.right < line.end + height]
        if not _are_captions(upper, lower) or line.length < LONGER * _extent(upper):
            continue
        for name in lower:
            free = [one for one in upper if id(one) not in taken]
            value = next((one for one in free if _same_place(name, one, numbers.get(id(one)), height)), None)
            if value is not None and id(name) not in taken:
                number = numbers.get(id(value))
                taken.update(id(one) for one in (name, value, number) if one is not None)
                found.append(_numbered(name, value, number))
    return found


def _numbers(rows: Sequence[Sequence[Piece]], height: float) -> dict[int, Piece]:
    """The numbers, such as (a), that stand alone before pieces, by the identities of those."""
    return {
        id(piece): number
        for row in rows
        for number, piece in pairwise(row)
        if ENUMERATOR.fullmatch(number.text) is not None and piece.left - number.right < NUMBER_BEFORE * height
    }


def _extent(pieces: Sequence[Piece]) -> float:
    """From where the first begins, a number before it aside, to where the last ends."""
    first = min(pieces, key=lambda one: one.left)
    numbered = len(first.tokens) > 1 and ENUMERATOR.fullmatch(first.tokens[0].text) is not None
    return max(one.right for one in pieces) - (first.tokens[1].left if numbered else first.left)


def _numbered(name: Piece, value: Piece, number: Piece | None) -> tuple[Piece, Piece]:
    """A number before what was filled in belongs to the name."""
    if number is not None:
        return Piece([*number.tokens, *name.tokens], name.band, name.on_line), value
    if len(value.tokens) < 2 or ENUMERATOR.fullmatch(value.tokens[0].text) is None:
        return name, value
    rest = Piece(value.tokens[1:], value.band, value.on_line)
    return Piece([value.tokens[0], *name.tokens], name.band, name.on_line), rest


def _is_crossed(line: Ruling, rulings: Rulings, height: float) -> bool:
    return any(
        line.start + height < upright.at < line.end - height and upright.start < line.at + height < upright.end
        for upright in rulings.vertical
    )


def _along(piece: Piece, line: Ruling, height: float) -> bool:
    return piece.left > line.start - height and piece.right < line.end + height


def _same_place(name: Piece, value: Piece, number: Piece | None, height: float) -> bool:
    centred = abs((name.left + name.right) - (value.left + value.right)) < 4 * height
    begins = value.left if number is None else number.left
    return abs(name.left - begins) < 1.5 * height or centred


def _are_captions(upper: Sequence[Piece], lower: Sequence[Piece]) -> bool:
    """Whether what stands below a line names what stands above it."""
    if not upper or not lower:
        return False
    if any(END_OF_NAME.search(one.text) for one in upper):
        return False
    if any(ends_as_name(one.text) or len(one.tokens) > MOST_WORDS for one in (*upper, *lower)):
        return False
    names = [name_likeness(one.text) for one in lower]
    values = [name_likeness(one.text) for one in upper]
    lettered = all(letters_share(one.text) > 0.8 for one in lower)
    mean = sum(names) / len(names)
    return lettered and mean >= LEAST_NAME and mean > sum(values) / len(values) + LEAST_NAME
