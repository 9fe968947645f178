"""The pieces of a form: words that belong together, parted at colons, gaps and ruling lines."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from clary.engines.documents.forms.labels import ends_as_name, is_filler
from clary.engines.documents.rulings import Rulings
from clary.engines.documents.tokens import Token, bands_of

ENUMERATOR = re.compile(r"\(?\w{1,2}[.)]")
WIDE_SPACE = 0.6
"""In heights of words: wider than the space between most words of a line."""
GAP = 1.15
"""In heights of words: above it two words belong to different pieces."""


@dataclass(slots=True, eq=False)
class Piece:
    """Words of one line that belong together.

    Attributes:
        band: number of its row on the page, from the top.
        on_line: stands on a line to write on.
    """

    tokens: list[Token]
    band: int
    on_line: bool = False
    text: str = field(init=False)

    def __post_init__(self) -> None:
        self.text = " ".join(token.text for token in self.tokens)

    @property
    def left(self) -> float:
        """Where it begins."""
        return self.tokens[0].left

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.tokens[-1].right

    @property
    def top(self) -> float:
        """Of its highest word."""
        return min(token.top for token in self.tokens)

    @property
    def bottom(self) -> float:
        """Of its lowest word."""
        return max(token.bottom for token in self.tokens)


def pieces_of(tokens: Sequence[Token], rulings: Rulings, height: float) -> list[list[Piece]]:
    """Cuts a page's words into pieces.

    Args:
        rulings: of the page.
        height: of most words.

    Returns:
        Pieces from left to right for each row from the top; lines of dots and underscores are left out.
    """
    rows = []
    for number, band in enumerate(bands_of([token for token in tokens if not is_filler(token.text)], height, GAP)):
        row: list[Piece] = []
        for segment in band.segments:
            start = 0
            for place in range(1, len(segment.tokens) + 1):
                if place == len(segment.tokens) or _parts(segment.tokens[place - 1], segment.tokens[place], rulings):
                    row.append(Piece(segment.tokens[start:place], number))
                    start = place
        rows.append(row)
    rows = _parted_at_columns(rows, height)
    for row in rows:
        for piece in row:
            piece.on_line = _on_line(piece, rulings, height)
    return rows


def _parted_at_columns(rows: list[list[Piece]], height: float) -> list[list[Piece]]:
    """Parts pieces before a word behind a wide space that begins where at least three other pieces begin."""
    starts = sorted(piece.left for row in rows for piece in row)

    def is_column(token: Token) -> bool:
        near = bisect_right(starts, token.left + 0.4 * height) - bisect_left(starts, token.left - 0.4 * height)
        return near >= 3

    parted = []
    for row in rows:
        pieces: list[Piece] = []
        for piece in row:
            start = 0
            for place in range(1, len(piece.tokens)):
                gap = piece.tokens[place].left - piece.tokens[place - 1].right
                if gap > WIDE_SPACE * height and is_column(piece.tokens[place]):
                    pieces.append(Piece(piece.tokens[start:place], piece.band))
                    start = place
            pieces.append(Piece(piece.tokens[start:], piece.band))
        parted.append(pieces)
    return parted


def _parts(one: Token, other: Token, rulings: Rulings) -> bool:
    """Whether two neighbouring words of a row belong to different pieces."""
    if ends_as_name(one.text) and len(one.text) > 1:
        return True
    if ENUMERATOR.fullmatch(one.text) and other.left - one.right > 0.7 * one.height:
        return True
    middle = (one.middle + other.middle) / 2
    return any(one.right <= line.at <= other.left and line.start < middle < line.end for line in rulings.vertical)


def _on_line(piece: Piece, rulings: Rulings, height: float) -> bool:
    """Whether a line to write on runs under a piece: right below it, and longer than its name would be underlined."""
    return any(
        piece.bottom - 0.3 * height < line.at < piece.bottom + 0.8 * height
        and line.covers(piece.left, piece.right) > 0.8
        and line.length > 1.25 * (piece.right - piece.left)
        for line in rulings.horizontal
    )
