"""Dates as they are printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

_MONTHS = """
    january jan janvier januar januari jänner enero ene gennaio gen janeiro
    february feb février fevrier févr fév februar februari febrero febbraio fevereiro fev
    march mar mars märz maerz mrz maart marzo março marco mrt
    april apr avril avr abril abr aprile
    may mai mei mayo maggio mag maio
    june jun juin juni junio giugno giu junho
    july jul juillet juil juli julio luglio lug julho
    august aug août aout augustus agosto ago
    september sep sept septembre septiembre settembre set setembro
    october oct octobre oktober okt octubre ottobre ott outubro out
    november nov novembre noviembre novembro
    december dec décembre decembre déc dezember dez diciembre dic dicembre dezembro
"""
MONTHS = {name: number for number, line in enumerate(_MONTHS.strip().splitlines(), 1) for name in line.split()}
_NAME = "|".join(sorted(MONTHS, key=len, reverse=True))
_NUMERIC = re.compile(
    r"(?<![\d.,/-])(\d{1,4})\s?([/.\-])\s?(\d{1,2})\s?\2\s?((?:19|20)\d\d|\d{1,2})(?=\d{1,2}[:.]\d\d|\D|$)"
)
_DAY_FIRST = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th|er|\.)?[\s.,/-]*(?:de |of )?({_NAME})\b\.?[\s.,/'-]*(?:de )?((?:19"
    rf"|20)\d\d|\d{{2}})(?=\d{{1,2}}[:.]\d\d|\D|$)",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(
    rf"(?<![^\W\d])({_NAME})\b\.?[\s.,/-]*(\d{{1,2}})(?:st|nd|rd|th)?\s*[\s.,/'-]+\s*(\d{{4}}|\d{{2}})(?!\d)",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"(?<!\d)((?:19|20)\d\d)(0[1-9]|1[0-2])([0-2]\d|3[01])(?!\d)")


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date in a text.

    Attributes:
        value: the day it means.
        start: of its first character in the text.
        end: after its last character.
        certain: whether day and month cannot be taken for one another.
    """

    value: date
    start: int
    end: int
    certain: bool


def dates_in(text: str, month_first: bool = False) -> Iterator[FoundDate]:
    """All dates of a text, from left to right.

    Args:
        month_first: how a date such as 02/03/2020 is to be read, where nothing else tells.
    """
    found = [
        *(_numeric(match, month_first) for match in _NUMERIC.finditer(text)),
        *(_named(match, 1, 2, 3) for match in _DAY_FIRST.finditer(text)),
        *(_named(match, 2, 1, 3) for match in _MONTH_FIRST.finditer(text)),
        *(_compact(match) for match in _COMPACT.finditer(text)),
    ]
    taken = -1
    for one in sorted((one for one in found if one is not None), key=lambda one: (one.start, -one.end)):
        if one.start >= taken:
            taken = one.end
            yield one


def parse_date(text: str, month_first: bool = False) -> date | None:
    """The first date of a text, or None."""
    first = next(dates_in(text, month_first), None)
    return None if first is None else first.value


def _numeric(match: re.Match[str], month_first: bool) -> FoundDate | None:
    one, two, three = match.group(1), int(match.group(3)), match.group(4)
    if len(one) == 4:
        return _made(match, int(one), two, int(three), True)
    if len(three) not in (2, 4) or len(one) > 2:
        return None
    year, first = _year(three), int(one)
    certain = first > 12 or two > 12
    day, month = (two, first) if (month_first and first <= 12) or two > 12 else (first, two)
    return _made(match, year, month, day, certain)


def _named(match: re.Match[str], day: int, month: int, year: int) -> FoundDate | None:
    return _made(match, _year(match.group(year)), MONTHS[match.group(month).lower()], int(match.group(day)), True)


def _compact(match: re.Match[str]) -> FoundDate | None:
    return _made(match, int(match.group(1)), int(match.group(2)), int(match.group(3)), True)


def _year(text: str) -> int:
    year = int(text)
    return year if len(text) == 4 else year + (2000 if year < 70 else 1900)


def _made(match: re.Match[str], year: int, month: int, day: int, certain: bool) -> FoundDate | None:
    try:
        return FoundDate(date(year, month, day), match.start(), match.end(), certain) if 1800 < year < 2200 else None
    except ValueError:
        return None
