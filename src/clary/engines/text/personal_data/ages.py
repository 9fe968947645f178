"""Ages of persons."""

from __future__ import annotations

import re
from typing import Final

_WORDS: Final = (
    r"(?:(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?"
    r"|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen)"
)
_NUMBER: Final = rf"(?:1[01]\d|[1-9]?\d|{_WORDS})"
_UNIT: Final = r"(?:years?|yrs?|months?|weeks?|days?)"
_END: Final = r"(?![\w%]|[.,:/-]\d)"
_PATTERNS: Final = tuple(
    (re.compile(expression, re.IGNORECASE), score)
    for expression, score in (
        (rf"(?<![\w.,/-])(?P<datum>{_NUMBER}[ -]{{1,2}}{_UNIT})[ -]{{1,2}}(?:old|of age)(?!\w)", 0.98),
        (rf"(?<![\w.,/-])(?P<datum>{_NUMBER} ?(?:yo|y/o|y\.o\.))(?!\w)", 0.97),
        (rf"(?<!\w)(?:aged?|age is|age was|age:|age of|ages|at age|the age of)\s{{1,2}}(?P<datum>{_NUMBER}(?: {_UNIT})?){_END}", 0.97),
        (rf"(?<!\w)(?:turned|turning|turns|just turned)\s(?P<datum>{_NUMBER}){_END}", 0.95),
        (
            rf"(?<!\w)(?:(?:he|she|i|they|who|mother|father|son|daughter|wife|husband|brother|sister|patient) (?:is|am|was|are|were|will be)|i['\u2019]m|(?:he|she)['\u2019]s|they['\u2019]re)"
            rf"\s(?:only |just |now |already |about |nearly |almost )?(?P<datum>{_NUMBER}){_END}(?=\s*(?:[.,;!?)\"]|and\b|years|when\b|now\b|$))",
            0.93,
        ),
        (r"(?<!\w)[A-Z][a-z]{1,20}, (?P<datum>[1-9]\d), (?=(?-i:[a-z]))", 0.8),
    )
)  # fmt: skip


def find(text: str) -> list[tuple[int, int, float]]:
    """Returns first character, character after the last and confidence of each age in an English text."""
    return [(*match.span("datum"), score) for pattern, score in _PATTERNS for match in pattern.finditer(text)]
