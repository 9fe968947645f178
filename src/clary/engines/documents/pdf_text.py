"""The words of a PDF's text layer: exact characters in exact places."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from clary.engines.documents.contract import Box, Origin, Word
from clary.engines.documents.pdf import Character

JOINED = 0.32
"""Characters further apart than this, in sizes of their font, belong to different words."""
OVERTAKEN = 0.6
"""A character that begins so far before the end of the last one, in sizes of the font, begins another word."""


def words_of(characters: Iterable[Character], width: float, height: float, quarter: int) -> list[Word]:
    """The visible words that run in one direction.

    Args:
        characters: in the order of the file.
        width: of the page as it is shown, in points.
        height: likewise.
        quarter: quarter turns clockwise of the direction.
    """
    found: list[Word] = []
    run: list[Character] = []
    for character in characters:
        if not character.text:
            found.extend(_word(run))
            run = []
        elif character.visible and character.quarter == quarter:
            if run and not _joins(run[-1], character, width / height):
                found.extend(_word(run))
                run = []
            run.append(character)
    return [*found, *_word(run)]


def main_quarter(characters: Sequence[Character]) -> int:
    """The direction in which most of a page's text runs, in quarter turns clockwise."""
    counts = Counter(character.quarter for character in characters if character.text and character.visible)
    return max(counts, key=lambda quarter: (counts[quarter], -quarter), default=0)


def is_readable(characters: Sequence[Character]) -> bool:
    """Whether a text layer says what the eye sees: painted, and made of real characters."""
    seen = [character for character in characters if character.text]
    if not seen:
        return False
    good = sum(character.visible and _is_real(character.text) for character in seen)
    return good >= 0.8 * len(seen)


def _is_real(text: str) -> bool:
    return all(unicodedata.category(one) not in ("Co", "Cn", "Cs", "Cc") and one != "\ufffd" for one in text)


def _joins(one: Character, other: Character, aspect: float) -> bool:
    """Whether two characters that follow each other in the file stand in one word.

    Sizes are ratios of the page's height, so horizontal distances are brought to that unit.
    """
    if one.quarter % 2:
        forward = 1 if one.quarter == 1 else -1
        gap = (other.box.top - one.box.bottom) if forward == 1 else (one.box.top - other.box.bottom)
        apart = abs(other.box.centre[0] - one.box.centre[0]) * aspect
    else:
        forward = 1 if one.quarter == 0 else -1
        gap = ((other.box.left - one.box.right) if forward == 1 else (one.box.left - other.box.right)) * aspect
        apart = abs(other.box.centre[1] - one.box.centre[1])
    size = max(one.size, other.size, 1e-6)
    return -OVERTAKEN * size <= gap <= JOINED * size and apart <= 0.8 * size


def _word(run: list[Character]) -> list[Word]:
    text = "".join(character.text for character in run)
    if not text:
        return []
    return [Word(text, Box.around_boxes(one.box for one in run), 1.0, None, False, Origin.TEXT_LAYER)]
