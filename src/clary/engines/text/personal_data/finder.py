"""Finds personal data in a text: by patterns and their proofs, by words nearby, and by the names a tagger found."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

from clary.engines.text import times_and_amounts
from clary.engines.text.contract import PersonalDatum
from clary.engines.text.personal_data import addresses, ages
from clary.engines.text.personal_data.patterns import PATTERNS, Pattern

_REACH_BEFORE: Final = 60
"""How many characters before a datum a word may stand that says what it is."""
_REACH_BEHIND: Final = 25
_LESS_A_CHARACTER: Final = 0.001
"""By so much less a word says what a datum is for each character between them: the nearest one is meant."""
_CLOSE: Final = 15
"""Characters that change nothing: " number is: "."""
_BEHIND_IS_FARTHER: Final = 30
_DATE_SCORE: Final = 0.95
_ABSOLUTE: Final = re.compile(
    r"\d|noon|midnight|christmas|new year|(?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|(?<![a-z])(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|[ap]\.? ?m\b|o['\u2019 ]+clock|ies$|half|quarter",
    re.IGNORECASE,
)
"""What a date holds that says when, without knowing when it was said."""
_FROM_ANOTHER_DAY: Final = re.compile(r"\b(?:ago|later|earlier|hence|from\s+(?:now|today|tomorrow))$", re.IGNORECASE)
_FORM_OF_ADDRESS: Final = re.compile(r"(?:mrs?|ms|miss|dr|prof|sir|madam)\.?", re.IGNORECASE)
_DURATION: Final = re.compile(r"\W*(?:old|of age)\b", re.IGNORECASE)


_BETWEEN: Final = " \t\r\n,;:/|>-"


class Named(NamedTuple):
    """What a tagger found: first character, character after the last, type of entity, confidence."""

    begin: int
    end: int
    type: str
    score: float


class _Candidate(NamedTuple):
    score: float
    begin: int
    end: int
    order: int
    type: str


class _Near:
    """Where in a text the words stand that say what is near them."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._places: dict[re.Pattern[str], tuple[list[int], list[int]]] = {}

    def away(self, expression: re.Pattern[str], begin: int, end: int) -> int | None:
        """Returns how far from a datum the nearest word stands, in characters; None where none is in reach.

        What is named usually stands behind its name: a word behind a datum counts as so much farther away.
        """
        if expression not in self._places:
            found = [match.span() for match in expression.finditer(self._text)]
            self._places[expression] = [one[0] for one in found], [one[1] for one in found]
        begins, ends = self._places[expression]
        distances = []
        before = bisect_right(ends, begin)
        if before and ends[before - 1] >= begin - _REACH_BEFORE:
            distances.append(begin - ends[before - 1])
        behind = bisect_left(begins, end)
        if behind < len(begins) and begins[behind] <= end + _REACH_BEHIND:
            distances.append(begins[behind] - end + _BEHIND_IS_FARTHER)
        return min(distances, default=None)


def find(text: str, named: Sequence[Named] = ()) -> list[PersonalDatum]:
    """Returns the personal data of an English text in order, without overlap.

    Args:
        text: the text.
        named: the persons, places and addresses that a tagger found in it.
    """
    near = _Near(text)
    candidates: list[_Candidate] = []
    for order, pattern in enumerate(PATTERNS):
        candidates += _matches(text, pattern, order, near)
    order = len(PATTERNS)
    candidates += [_Candidate(score, begin, end, order, "AGE") for begin, end, score in ages.find(text)]
    candidates += [_Candidate(_DATE_SCORE, span.begin, span.end, order, "DATE_TIME") for span in _dates(text)]
    found_addresses = addresses.find(text, [one for one in named if one.type in {"ADDRESS", "LOCATION"}])
    candidates += [_Candidate(score, begin, end, order, "ADDRESS") for begin, end, score in found_addresses]
    names = [(one.score, *_trimmed(text, one)) for one in named if one.type == "PERSON"]
    candidates += [_Candidate(*one, order, "NAME") for one in names if not _FORM_OF_ADDRESS.fullmatch(text, *one[1:])]
    return _without_overlap(text, candidates)


def _matches(text: str, pattern: Pattern, order: int, near: _Near) -> list[_Candidate]:
    group = "datum" if "datum" in pattern.expression.groupindex else 0
    found = []
    for match in pattern.expression.finditer(text):
        begin, end = match.span(group)
        datum = text[begin:end]
        if pattern.check is not None and not pattern.check(datum):
            continue
        score = pattern.score
        if pattern.proof is not None and pattern.proof(datum):
            score = pattern.score_proved
        elif pattern.near is not None and (away := near.away(pattern.near, begin, end)) is not None:
            score = max(score, pattern.score_near - max(0, away - _CLOSE) * _LESS_A_CHARACTER)
        if score:
            found.append(_Candidate(score, begin, end, order, pattern.type))
    return found


def _dates(text: str) -> list[times_and_amounts.Span]:
    """The dates but for those that count from an unknown day ("next week") and those that are ages."""
    return [
        span
        for span in times_and_amounts.find_dates(text)
        if _ABSOLUTE.search(text, span.begin, span.end)
        and not _FROM_ANOTHER_DAY.search(text, span.begin, span.end)
        and not _DURATION.match(text, span.end)
    ]


def _trimmed(text: str, one: Named) -> tuple[int, int]:
    """A name without the signs and the possessive around it."""
    begin, end = one.begin, one.end
    while end - begin > 1 and not (text[end - 1].isalnum() or text[end - 1] in ".)"):
        end -= 1
    while end - begin > 1 and not (text[begin].isalnum() or text[begin] == "("):
        begin += 1
    return begin, end


def _without_overlap(text: str, candidates: list[_Candidate]) -> list[PersonalDatum]:
    """The surest first, then the longest, then the one whose pattern comes first; none over another.

    An address that reaches into something surer (a telephone number below it) is cut there, if an address is left.
    """
    kept: list[_Candidate] = []
    begins: list[int] = []
    for one in sorted(candidates, key=lambda one: (-one.score, one.begin - one.end, one.order, one.begin)):
        place = bisect_left(begins, one.end)
        if place and kept[place - 1].end > one.begin:
            other = kept[place - 1]
            if one.type != "ADDRESS" or other.begin <= one.begin:
                continue
            left = text[one.begin : other.begin].rstrip(_BETWEEN)
            if not any(map(str.isdigit, left)):
                continue
            one = one._replace(end=one.begin + len(left))
            place = bisect_left(begins, one.end)
            if place and kept[place - 1].end > one.begin:
                continue
        begins.insert(place, one.begin)
        kept.insert(place, one)
    return [{"type": one.type, "begin": one.begin, "end": one.end, "score": one.score} for one in kept]
