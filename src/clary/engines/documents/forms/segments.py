"""The pieces of a form: words that belong together, parted at colons, gaps and ruling lines."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from clary.engines.documents.forms.labels import ends_as_name, is_filler
from clary.engines.documents.rulings import Ruling, Rulings
from clary.engines.documents.tokens import Token, bands_of

ENUMERATOR = re.compile(r"\(?\w{1,2}[.)]|\(\w{1,2}\)\.")
INITIAL = re.compile(r"[A-Z]\.")
"""Of a person's name; so letters number what follows only where they stand off from it."""
HOURS = re.compile(r"\d:$")
"""Before further digits it begins a time or the number of a form, and ends no name."""
FIELD_WITHIN = re.compile(r"[^\W\d_]{2,}:[^/].*")
"""A name, a colon and the begin of a value that were read as one word."""
WIDE_SPACE = 0.5
"""In heights of words: wider than the space between most words of a line."""
USUAL = 2.0
"""Times the space between most words of the page: above that a space is wide, too."""
NEAR_STARTS = 4
"""So many pieces that begin below one another make a column."""
JOINED = 0.7
"""In heights of words: up to it words of neighbouring rows are put together."""
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
                if place == len(segment.tokens) or _parts(
                    segment.tokens[place - 1], segment.tokens[place], rulings, height
                ):
                    row.append(Piece(segment.tokens[start:place], number))
                    start = place
        rows.append(row)
    rows = _parted_at_columns(_joined_across_rows(rows, rulings, height), height)
    rows = _parted_under_heads(rows, height)
    for number, row in enumerate(rows):
        for piece in row:
            piece.band = number
            piece.on_line = _on_line(piece, rulings, height)
    return rows


def _joined_across_rows(rows: list[list[Piece]], rulings: Rulings, height: float) -> list[list[Piece]]:
    """Puts pieces together whose words stand side by side though they were sorted into neighbouring rows.

    Where rows lie tight or lean, words of one line are found in two rows.
    """
    for number in range(len(rows) - 1):
        for upper, lower in ((number, number + 1), (number + 1, number)):
            for piece in list(rows[upper]):
                following = next((one for one in rows[lower] if _goes_on(piece, one, rulings, height)), None)
                if following is not None and not any(
                    piece.right < one.left < following.right for one in rows[upper] if one is not following
                ):
                    rows[upper][rows[upper].index(piece)] = Piece([*piece.tokens, *following.tokens], piece.band)
                    rows[lower].remove(following)
    return [row for row in rows if row]


def _goes_on(piece: Piece, other: Piece, rulings: Rulings, height: float) -> bool:
    """Whether two pieces of neighbouring rows are one line of text."""
    one, first = piece.tokens[-1], other.tokens[0]
    shared = min(one.bottom, first.bottom) - max(one.top, first.top)
    return (
        -0.2 * height < first.left - one.right < JOINED * height
        and shared > 0.6 * min(one.height, first.height)
        and not _parts(one, first, rulings, height)
    )


def _usual_space(rows: list[list[Piece]], height: float) -> float:
    """Between most words of pieces; typewriters leave much."""
    spaces = [
        other.left - one.right
        for row in rows
        for piece in row
        for one, other in zip(piece.tokens, piece.tokens[1:], strict=False)
    ]
    return median(spaces) if spaces else 0.4 * height


def _parted_at_columns(rows: list[list[Piece]], height: float) -> list[list[Piece]]:
    """Parts pieces before a word behind a wide space where others begin, too."""
    wide = max(WIDE_SPACE * height, USUAL * _usual_space(rows, height))
    starts = sorted(
        token.left
        for row in rows
        for piece in row
        for before, token in zip([None, *piece.tokens], piece.tokens, strict=False)
        if before is None or token.left - before.right > wide
    )

    def is_column(token: Token) -> bool:
        near = bisect_right(starts, token.left + 0.4 * height) - bisect_left(starts, token.left - 0.4 * height)
        return near >= NEAR_STARTS

    parted = []
    for row in rows:
        pieces: list[Piece] = []
        for piece in row:
            start = 0
            for place in range(1, len(piece.tokens)):
                gap = piece.tokens[place].left - piece.tokens[place - 1].right
                if gap > wide and is_column(piece.tokens[place]):
                    pieces.append(Piece(piece.tokens[start:place], piece.band))
                    start = place
            pieces.append(Piece(piece.tokens[start:], piece.band))
        parted.append(pieces)
    return parted


def _parts(one: Token, other: Token, rulings: Rulings, height: float) -> bool:
    """Whether two neighbouring words of a row belong to different pieces."""
    if _line_begins(one, other, rulings, height):
        return True
    hours = HOURS.search(one.text) and other.text[0].isdigit() and other.left - one.right < height
    if ends_as_name(one.text) and len(one.text) > 1 and not hours:
        return True
    initial = INITIAL.fullmatch(one.text) is not None and other.text[:1].isupper()
    if ENUMERATOR.fullmatch(one.text) and other.left - one.right > (height if initial else 0.5 * one.height):
        return True
    middle = (one.middle + other.middle) / 2
    return any(one.right <= line.at <= other.left and line.start < middle < line.end for line in rulings.vertical)


def _parted_under_heads(rows: list[list[Piece]], height: float) -> list[list[Piece]]:
    """Parts pieces each of whose words begins where a piece of one word right above or below it begins."""
    for upper, lower in pairwise(rows):
        for row, other in ((upper, lower), (lower, upper)):
            starts = [piece.left for piece in other if len(piece.tokens) == 1]
            if len(starts) < 3 or abs(row[0].top - other[0].top) > 2 * height:
                continue
            parted = []
            for piece in row:
                aligned = all(any(abs(token.left - start) < 0.4 * height for start in starts) for token in piece.tokens)
                listed = len(piece.tokens) >= 3 and aligned
                parted += [Piece([token], piece.band) for token in piece.tokens] if listed else [piece]
            row[:] = parted
    return rows


def _line_begins(one: Token, other: Token, rulings: Rulings, height: float) -> bool:
    """Whether a line to write on begins between two words, or under the second: it runs under that one alone."""
    if ends_as_name(other.text):
        return False
    bottom = max(one.bottom, other.bottom)
    return any(
        one.right - 0.5 * height < line.start < other.left + 0.5 * height
        and line.covers(other.left, other.right) > 0.5
        and line.length > 2.5 * height
        for line in _lines_between(rulings, bottom - 0.4 * height, bottom + 0.6 * height)
    )


def _lines_between(rulings: Rulings, top: float, bottom: float) -> Sequence[Ruling]:
    """The horizontal lines between two heights; a page may have thousands."""
    lines = rulings.horizontal
    first = bisect_right(lines, top, key=lambda line: line.at)
    return lines[first : bisect_left(lines, bottom, key=lambda line: line.at)]


def _on_line(piece: Piece, rulings: Rulings, height: float) -> bool:
    """Whether a line to write on runs under a piece: right below it, and longer than its name would be underlined."""
    return any(
        line.covers(piece.left, piece.right) > 0.8 and line.length > 1.25 * (piece.right - piece.left)
        for line in _lines_between(rulings, piece.bottom - 0.3 * height, piece.bottom + 0.8 * height)
    )
