"""Postal addresses: what a tagger found, what street words and post boxes show, and the parts that adjoin them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Protocol

_NAME: Final = (
    r"(?:\d{1,3}(?:st|nd|rd|th)(?!\w)|[A-Z\u00c0-\u00de\u0100-\u017f\u0391-\u03ab][\w\u0300-\u036f'\u2019.-]{0,30})"
)
_NAMES: Final = rf"{_NAME}(?: {_NAME}){{0,3}}"
_TYPE: Final = (
    r"(?:street|str|st|avenue|ave|av|road|rd|lane|ln|drive|dr|court|ct|boulevard|blvd|way|place|pl|square|sq|terrace|ter|close"
    r"|crescent|cres|highway|hwy|parkway|pkwy|circle|cir|row|gardens|gdns|grove|mews|walk|trail|trl|alley|plaza|parade|quay|wharf)"
)
_BEFORE: Final = (
    r"(?:via|viale|vicolo|piazza|corso|largo|rue|avenue|boulevard|place|chemin|all[e\u00e9]e|impasse|quai|calle|c/|avda\.?|avenida|plaza|paseo|carrera"
    r"|camino|rua|travessa|pra\u00e7a|estrada|ul\.|ulica|al\.|os\.|strada|str\.|jalan|postboks|postbus|postfach|odos)"
)
_GLUED: Final = r"(?:stra(?:ss|\u00df)e|strasse|str\.|weg|gasse|platz|allee|gatan|gata|v\u00e4gen|vej|vegen|veien|gade|laan|straat|plein|kade|katu|tie|kuja|str\u00e6ti|vegur)"
_UNIT: Final = (
    r"(?:(?:apt|apartment|suite|ste|unit|flat|floor|fl|room|rm|building|bldg|box)\b\.?|#) ?[A-Z0-9][\w-]{0,7}"
)
_NUMBER: Final = r"\d{1,6}[A-Za-z]?(?:[-/]\d{1,5})?"
_CORES: Final = tuple(
    (re.compile(expression), score)
    for expression, score in (
        (rf"(?<![\w.-])(?:{_NUMBER},? ){{1,2}}(?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\.? )?{_NAMES} (?i:{_TYPE})\b\.?(?: (?:N|S|E|W|NE|NW|SE|SW)\b)?", 0.95),
        (rf"(?<![\w.-])(?:\d{{1,6}},? )?(?i:{_BEFORE}) (?:(?:de|du|da|do|dos|das|della|delle|dei|del|la|las|los|les|des|l'|el|di) ?){{0,2}}{_NAMES},? {_NUMBER}(?!\w)", 0.95),
        (rf"(?<![\w.-])\d{{1,5}},? (?i:rue|avenue|boulevard|place|chemin|all[e\u00e9]e|impasse|quai|via|calle) (?:(?:de|du|la|les|des|l'|d') ?){{0,2}}{_NAMES}", 0.93),
        (rf"(?<![\w.-])(?:\d{{1,6}} )?(?:{_NAME} )?[A-Z\u00c0-\u00de\u0100-\u017f][\w-]{{1,30}}{_GLUED} {_NUMBER}(?!\w)", 0.95),
        (rf"(?<![\w.-])(?:\d{{1,6}} )?{_NAMES} (?:u\.|utca|\u00fat|t\u00e9r|k\u00f6z) {_NUMBER}\.?(?!\w)", 0.9),
        (r"(?<!\w)(?:\d{1,6} )?(?i:p\.? ?o\.? ?box|post office box|postbox|locked bag) ?\d{1,7}(?!\w)", 0.97),
        (r"(?<!\w)(?:PSC|Unit|CMR) \d{1,5},? Box \d{1,5}", 0.97),
        (r"(?<!\w)(?:APO|FPO|DPO),? A[AEP] \d{5}(?:-\d{4})?(?!\w)", 0.97),
        (rf"(?<![\w.-])\d{{1,6}} {_NAMES},? {_UNIT}(?!\w)", 0.9),
    )
)  # fmt: skip
_UNIT_ALONE: Final = re.compile(rf"(?<!\w)(?i:{_UNIT})(?!\w)")
_POST_CODE: Final = re.compile(
    r"(?<![\w.-])(?:[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}|[A-Z]\d[A-Z] \d[A-Z]\d|(?:[A-Z]{2} )?\d{5}(?:-\d{4})?|\d{4} ?[A-Z]{2}|(?:[A-Z]{2} )?\d{4,5}|\d{3} \d{2})(?![\w-]|[.,]\d)"
)
_NUMBER_ALONE: Final = re.compile(r"(?<![\w.,-])\d{1,6}(?![\w-]|[.,]\d)")
_STATE: Final = re.compile(r"(?<![\w-])[A-Z]{2,3}(?![\w-])")
_CORNER: Final = re.compile(r"the corner of $|corner $", re.IGNORECASE)
_LABEL: Final = re.compile(
    r"(?:pin|sin|itin|iban|ssn|vin|nhs|utr|ohip|aadhaa?r|pan|passports?|visa|cards?|accounts?|acct|swift|bic|cvv|routing)(?!\w)",
    re.IGNORECASE,
)
_GAP: Final = re.compile(r"[\s,;|/>?]{0,12}")
_SENTENCE_END: Final = re.compile(r"[a-z]{5}\.$")
"""A stop that is no abbreviation's."""
_LONGEST: Final = 300


class Place(Protocol):
    """A place or an address that a tagger found."""

    @property
    def begin(self) -> int:
        """First character."""

    @property
    def end(self) -> int:
        """Character after the last."""

    @property
    def type(self) -> str:
        """ADDRESS or LOCATION."""

    @property
    def score(self) -> float:
        """Confidence."""


def is_label(text: str, begin: int) -> bool:
    """Whether what begins at a character is the name of a number: no address, though a tagger may take it for one."""
    return _LABEL.match(text, begin) is not None


def find(text: str, places: Sequence[Place]) -> list[tuple[int, int, float]]:
    """Returns first character, character after the last and confidence of each postal address.

    Args:
        text: the text.
        places: the addresses and places that a tagger found. A place alone is no address, but one that adjoins an
            address belongs to it.
    """
    cores = [
        (place.begin, place.end, place.score)
        for place in places
        if place.type == "ADDRESS" and not is_label(text, place.begin)
    ]
    for pattern, score in _CORES:
        for match in pattern.finditer(text):
            ends_sentence = _SENTENCE_END.search(text, match.start(), match.end()) is not None
            cores.append((match.start(), match.end() - ends_sentence, score))
    if not cores:
        return []
    parts = [(place.begin, place.end) for place in places]
    for pattern in (_UNIT_ALONE, _POST_CODE, _NUMBER_ALONE):
        parts += [match.span() for match in pattern.finditer(text)]
    behind = {match.span() for match in _STATE.finditer(text)}.difference(parts)
    return _grown(text, sorted(cores), sorted([*parts, *behind]), behind)


def _grown(
    text: str, cores: list[tuple[int, int, float]], parts: list[tuple[int, int]], behind: set[tuple[int, int]]
) -> list[tuple[int, int, float]]:
    """Joins cores that touch and adds the parts that adjoin them, while they stay one address long.

    Parts of `behind` (states: two capitals, as the end of a company's name) only stand behind something.
    """
    merged: list[tuple[int, int, float]] = []
    for begin, end, score in cores:
        if merged and begin <= merged[-1][1]:
            last = merged.pop()
            begin, end, score = last[0], max(end, last[1]), max(score, last[2])
        merged.append((begin, end, score))
    grown: list[tuple[int, int, float]] = []
    at = 0
    for begin, end, score in merged:
        while at < len(parts) and parts[at][1] <= begin - _LONGEST:
            at += 1
        begin, end = _widened(text, begin, end, parts, at, behind)
        if grown and begin < grown[-1][1]:
            last = grown.pop()
            begin, end, score = min(begin, last[0]), max(end, last[1]), max(score, last[2])
        grown.append((begin, end, score))
    return grown


def _widened(
    text: str, begin: int, end: int, parts: list[tuple[int, int]], first: int, behind: set[tuple[int, int]]
) -> tuple[int, int]:
    start, number = begin, first
    before: list[tuple[int, int]] = []
    while number < len(parts) and parts[number][0] < start + _LONGEST:
        part = parts[number]
        number += 1
        if part[1] <= start and part not in behind:
            before.append(part)
        elif (part[0] >= end and part[1] - start <= _LONGEST and _adjoins(text, end, part[0])) or (
            part[0] < end < part[1] and part[1] - start <= _LONGEST
        ):
            end = part[1]
    for part in reversed(before):
        if part[1] <= begin and _adjoins(text, part[1], begin):
            begin = part[0]
    corner = _CORNER.search(text, max(0, begin - 16), begin)
    return (corner.start() if corner else begin), end


def _adjoins(text: str, end: int, begin: int) -> bool:
    return begin - end <= 12 and _GAP.fullmatch(text, end, begin) is not None
