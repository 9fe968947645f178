"""Of which kind a work is that a text names: a film, a book, a game. What is said around the name tells."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_CLUES: Final = {
    "MOVIE": "movie|film|watch(?:es|ed|ing)?|cinema|theat(?:er|re)|director|directed|actor|actress|starring|screenplay"
    "|screening|trailer|episode|season|series|show|netflix|sequel|oscar",
    "BOOK": "book|novel|read(?:s|ing)?|author|wrote|written|writer|chapter|page|story|paperback|poem|biography"
    "|memoir|library",
    "MUSIC": "song|album|music|listen(?:s|ed|ing)?|single|sang|sings?|singer|band|track|lyrics|concert|chart"
    "|symphony|opera",
    "GAME": "game|gam(?:er|ing)|play(?:s|ed|ing)?|console|level|xbox|playstation|nintendo|multiplayer|graphics|dlc",
    "SOFTWARE": "app|software|install(?:s|ed|ing)?|download(?:s|ed)?|program|plugin|update[sd]?|bugs?|version"
    "|linux|browser",
}
_CLUE: Final = re.compile(
    r"\b(?:" + "|".join(f"(?P<{kind}>(?:{words})s?)" for kind, words in _CLUES.items()) + r")\b", re.IGNORECASE
)
_REACH: Final = 80
"""How many characters away a word may stand that tells of which kind a work is."""


def kind_of(text: str, places: Iterable[tuple[int, int]]) -> str:
    """Returns "MOVIE", "BOOK", "MUSIC", "GAME" or "SOFTWARE" as the nearest word around says, else "OTHER".

    Args:
        text: the text.
        places: where it names the work: first character and character after the last.
    """
    nearest, kind = _REACH + 1, "OTHER"
    for begin, end in places:
        for clue in _CLUE.finditer(text, max(0, begin - _REACH), min(len(text), end + _REACH)):
            away = begin - clue.end() if clue.end() <= begin else clue.start() - end
            if 0 <= away < nearest:
                nearest, kind = away, str(clue.lastgroup)
    return kind
