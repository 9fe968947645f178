"""Names below a line to write on, with what was filled in above it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clary.engines.documents.forms.labels import END_OF_NAME, ends_as_name, letters_share, name_likeness
from clary.engines.documents.forms.segments import ENUMERATOR, Piece
from clary.engines.documents.rulings import Ruling, Rulings

ABOVE, BELOW = 0.9, 1.1
"""In heights of words: so near to the line stand what was filled in, and the name."""
LEAST_NAME = 0.5
"""Of `name_likeness`, in the mean of the names below one line."""
MOST_WORDS = 8
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
    every = [piece for row in rows for piece in row]
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
        lower = [one for one in lower if _along(one, line, height)]
        if not _are_captions(upper, lower) or line.length < LONGER * _extent(upper):
            continue
        for name in lower:
            value = next((one for one in upper if id(one) not in taken and _same_place(name, one, height)), None)
            if value is not None and id(name) not in taken:
                taken.update((id(name), id(value)))
                found.append(_numbered(name, value))
    return found


def _extent(pieces: Sequence[Piece]) -> float:
    return max(one.right for one in pieces) - min(one.left for one in pieces)


def _numbered(name: Piece, value: Piece) -> tuple[Piece, Piece]:
    """A number before what was filled in belongs to the name."""
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


def _same_place(name: Piece, value: Piece, height: float) -> bool:
    centred = abs((name.left + name.right) - (value.left + value.right)) < 4 * height
    return abs(name.left - value.left) < 1.5 * height or centred


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
