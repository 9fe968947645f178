"""What else is named on a bill: labels with a colon whose meaning is not known, and what stands behind them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from clary.engines.documents.contract import Page
from clary.engines.documents.papers import ExpenseField
from clary.engines.documents.rows import Row, row_of

NAMED = re.compile(r"\s*(?P<label>[^\W\d_][^:]{0,48}[^\s:]|[^\W\d_]{2})\s*:(?!//)\s*(?P<value>\S.*)?$")
"""A label and its value; a colon between digits is one of the clock's."""
CLOCK = re.compile(r"\d\s*:\s*\d")
MOST_WORDS_OF_LABEL, MOST_WORDS_OF_VALUE = 5, 12
BESIDE = 2.5
"""Pieces of a row so many heights apart are separate."""
FAR = 14.0
"""A value is no further from its label, in heights."""


def find_others(rows: Sequence[Row], page: Page, taken: set[int]) -> list[ExpenseField]:
    """The labelled values of a page that are of no known kind.

    Args:
        rows: of the page, words of all columns side by side.
        page: the rows are of.
        taken: positions of words that belong to other fields.
    """
    found = []
    for row in rows:
        for label, value in _named(row):
            words = {token.index for token in (*label.tokens, *value.tokens)}
            if words & taken:
                continue
            name, text = label.passage(0, len(label.text)), value.passage(0, len(value.text))
            sure = 0.6 * min(name.confidence, text.confidence)
            found.append(ExpenseField("other", text, sure, page.number, name))
    return found


def _named(row: Row) -> Iterator[tuple[Row, Row]]:
    """Labels of a row with their values; a value may be the next piece of the row."""
    pieces = row.segments(BESIDE)
    for place, piece in enumerate(pieces):
        match = NAMED.match(piece.text)
        if match is None or CLOCK.search(piece.text[: match.end("label") + 3]):
            continue
        label = _part(piece, match.start("label"), piece.text.index(":", match.end("label")) + 1)
        value = None
        if match["value"]:
            value = _part(piece, match.start("value"), match.end("value"))
        elif place + 1 < len(pieces) and pieces[place + 1].left - piece.right < FAR * row.height:
            value = pieces[place + 1]
        if (
            value is not None
            and any(character.isalnum() for character in value.text)
            and not NAMED.match(value.text)
            and len(label.tokens) <= MOST_WORDS_OF_LABEL
            and len(value.tokens) <= MOST_WORDS_OF_VALUE
            and not {token.index for token in label.tokens} & {token.index for token in value.tokens}
        ):
            yield label, value


def _part(row: Row, start: int, end: int) -> Row:
    return row_of(row.page, row.between(start, end), row.height)
