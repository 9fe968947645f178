"""Rows of a page as texts in which every character knows its word."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clary.engines.documents.contract import Box, Page
from clary.engines.documents.tokens import Token, bands_of, segments_of, tokens_of, usual_height
from clary.engines.documents.understanding import Passage

MOST_LETTERS = 120
"""Of a word that are looked at: patterns are searched for in rows, and what is longer is no word but a blob."""


@dataclass(frozen=True, slots=True)
class Row:
    """Words side by side.

    Attributes:
        tokens: from left to right.
        text: with one space between two words; very long words are cut.
        starts: [tokens] where each word begins in `text`.
        height: of most words of the page, in its units.
    """

    page: Page
    tokens: tuple[Token, ...]
    text: str
    starts: tuple[int, ...]
    height: float

    @property
    def top(self) -> float:
        """Of its highest word, in the page's units."""
        return min(token.top for token in self.tokens)

    @property
    def bottom(self) -> float:
        """Of its lowest word, in the page's units."""
        return max(token.bottom for token in self.tokens)

    @property
    def left(self) -> float:
        """Of its first word, in the page's units."""
        return self.tokens[0].left

    @property
    def right(self) -> float:
        """Of its last word, in the page's units."""
        return max(token.right for token in self.tokens)

    def token_at(self, place: int) -> int:
        """Position in `tokens` of the word that a character belongs to."""
        return max(0, bisect_right(self.starts, place) - 1)

    def between(self, start: int, end: int) -> tuple[Token, ...]:
        """The words that characters from `start` up to `end` belong to."""
        return self.tokens[self.token_at(start) : self.token_at(max(start, end - 1)) + 1]

    def passage(self, start: int, end: int) -> Passage:
        """A part of the row; its text is exactly those characters."""
        part = passage_of(self.between(start, end), self.page)
        return Passage(self.text[start:end].strip(), part.box, part.confidence, part.words)

    def segments(self, gap: float = 1.3) -> list[Row]:
        """The row cut where more than `gap` heights are empty."""
        return [row_of(self.page, part.tokens, self.height) for part in segments_of(self.tokens, gap * self.height)]


def row_of(page: Page, tokens: Sequence[Token], height: float) -> Row:
    """Makes a row of words that are sorted from left to right; there is at least one."""
    starts, at = [], 0
    for token in tokens:
        starts.append(at)
        at += len(token.text[:MOST_LETTERS]) + 1
    text = " ".join(token.text[:MOST_LETTERS] for token in tokens)
    return Row(page, tuple(tokens), text, tuple(starts), height)


def rows_of(page: Page) -> list[Row]:
    """The rows of a page, from top to bottom, words of all columns side by side."""
    tokens = tokens_of(page)
    height = usual_height(tokens)
    return [row_of(page, band.tokens, height) for band in bands_of(tokens, height, 100.0)]


def passage_of(tokens: Iterable[Token], page: Page) -> Passage:
    """Words, at least one, as a passage of the page."""
    every = list(tokens)
    box = Box(
        min(token.left for token in every) / page.width,
        min(token.top for token in every) / page.height,
        max(token.right for token in every) / page.width,
        max(token.bottom for token in every) / page.height,
    )
    sure = sum(token.confidence for token in every) / len(every)
    return Passage(" ".join(token.text for token in every), box, sure, tuple(token.index for token in every))


def passages_joined(parts: Sequence[Passage]) -> Passage:
    """Passages of one page, one after the other."""
    return Passage(
        " ".join(part.text for part in parts if part.text),
        Box.around_boxes(part.box for part in parts),
        sum(part.confidence for part in parts) / len(parts),
        tuple(index for part in parts for index in part.words),
    )
