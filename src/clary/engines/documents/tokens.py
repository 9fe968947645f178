"""Words as rectangles in the page's own units, in rows and segments: what tables, forms and layout start from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from clary.engines.documents.contract import Page


@dataclass(frozen=True, slots=True)
class Token:
    """A word, or a check box, at its place in the page's units.

    Attributes:
        index: position in the page's words; of a check box, -1 less its position among the selection elements.
    """

    index: int
    text: str
    left: float
    top: float
    right: float
    bottom: float
    confidence: float = 1.0

    @property
    def height(self) -> float:
        """In the page's units."""
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        """Half way down."""
        return (self.top + self.bottom) / 2

    @property
    def centre(self) -> float:
        """Half way across."""
        return (self.left + self.right) / 2


@dataclass(slots=True)
class Segment:
    """Tokens of a row that stand close together."""

    tokens: list[Token]

    @property
    def left(self) -> float:
        """Where it begins."""
        return self.tokens[0].left

    @property
    def right(self) -> float:
        """Where it ends."""
        return max(token.right for token in self.tokens)

    @property
    def text(self) -> str:
        """Its words."""
        return " ".join(token.text for token in self.tokens)


@dataclass(slots=True)
class Band:
    """Tokens side by side, from left to right."""

    tokens: list[Token]
    segments: list[Segment]

    @property
    def top(self) -> float:
        """Of its highest token."""
        return min(token.top for token in self.tokens)

    @property
    def bottom(self) -> float:
        """Of its lowest token."""
        return max(token.bottom for token in self.tokens)

    @property
    def left(self) -> float:
        """Of its first token."""
        return self.tokens[0].left

    @property
    def right(self) -> float:
        """Of its last token."""
        return max(token.right for token in self.tokens)

    @property
    def middle(self) -> float:
        """The height at which most of it stands."""
        return median(token.middle for token in self.tokens)


def tokens_of(page: Page) -> list[Token]:
    """The words of a page, in its units."""
    return [
        Token(
            index,
            word.text,
            word.box.left * page.width,
            word.box.top * page.height,
            word.box.right * page.width,
            word.box.bottom * page.height,
            word.confidence,
        )
        for index, word in enumerate(page.words)
    ]


def usual_height(tokens: Iterable[Token]) -> float:
    """The height of most words; 1 where there are none."""
    heights = [token.height for token in tokens if any(character.isalnum() for character in token.text)]
    return max(median(heights), 1e-6) if heights else 1.0


def bands_of(tokens: Sequence[Token], height: float, gap: float) -> list[Band]:
    """Sorts words into rows.

    Args:
        tokens: in any order.
        height: of most words.
        gap: the distance, in heights, above which two words of a row belong to different segments.

    Returns:
        Rows from top to bottom.
    """
    rows: list[list[Token]] = []
    levels: list[float] = []
    for token in sorted(tokens, key=lambda token: token.middle):
        # A word joins the row whose words stand at its height; the last few rows are all that can be near.
        best, distance = -1, 0.45 * max(height, 0.6 * token.height)
        for place in range(max(0, len(rows) - 4), len(rows)):
            apart = abs(levels[place] - token.middle)
            if apart < distance and not _covers(rows[place], token):
                best, distance = place, apart
        if best < 0:
            rows.append([token])
            levels.append(token.middle)
        else:
            rows[best].append(token)
            levels[best] = sum(other.middle for other in rows[best]) / len(rows[best])
    bands = []
    for row in rows:
        row.sort(key=lambda token: token.left)
        bands.append(Band(row, segments_of(row, gap * height)))
    return sorted(bands, key=lambda band: band.middle)


def segments_of(row: Sequence[Token], gap: float) -> list[Segment]:
    """Splits a row, sorted from left to right, where more than `gap` is empty."""
    segments: list[Segment] = []
    for token in row:
        if segments and token.left - segments[-1].right <= gap:
            segments[-1].tokens.append(token)
        else:
            segments.append(Segment([token]))
    return segments


def _covers(row: list[Token], token: Token) -> bool:
    """Whether a word of the row stands where the token stands: then they are two rows, however tight."""
    return any(
        min(other.right, token.right) - max(other.left, token.left)
        > 0.5 * min(other.right - other.left, token.right - token.left)
        and min(other.bottom, token.bottom) - max(other.top, token.top) < 0.5 * min(other.height, token.height)
        for other in row
    )
