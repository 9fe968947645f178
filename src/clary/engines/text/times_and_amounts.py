"""Dates, times and amounts in English by rules: what a pattern tells better than a model.

A date is a day, a month, a year, a time of day, or a place in time told from now ("two weeks ago"); an amount is a
number with its currency or measure ("$ 3.5 million", "40 km"), a share, a duration, or the bare number of things that
are counted ("twelve" in "twelve people"). All patterns are bounded: the time they take grows with the length of the text alone.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple


class Span(NamedTuple):
    """A piece of a text.

    Attributes:
        begin: first character.
        end: character after the last.
        type: "DATE" or "QUANTITY".
    """

    begin: int
    end: int
    type: str


_SPACE: Final = r"[ \t\u00a0]{1,2}"
_MAYBE: Final = r"[ \t\u00a0]?"
_ONES: Final = "one|two|three|four|five|six|seven|eight|nine"
_TEENS: Final = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_TENS: Final = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_UNDER_100: Final = rf"(?:(?:{_TENS})(?:[ -](?:{_ONES}))?|{_TEENS}|{_ONES})"
_SCALE: Final = r"(?:hundreds?|thousands?|millions?|billions?|trillions?|dozens?)"
_WORD_NUMBER: Final = (
    rf"(?:(?:half{_SPACE}an?|a{_SPACE}(?:couple|few|dozen|hundred|thousand|million|billion|quarter|half)|several|{_UNDER_100})"
    rf"(?:{_SPACE}(?:and{_SPACE})?(?:{_SCALE}|{_UNDER_100})){{0,5}})"
)
_FIGURE: Final = r"(?:\d{1,3}(?:,\d{3}){1,5}(?:\.\d{1,6})?|\d{1,15}(?:\.\d{1,6})?|\.\d{1,6})"
_SCALED: Final = rf"(?:[-\u2212]?{_FIGURE}(?:{_MAYBE}(?:{_SCALE}|bn|mn|[kKmMbB](?![\w])))?)"
_NUMBER: Final = rf"(?:{_SCALED}|{_WORD_NUMBER})"
_NUMBERS: Final = rf"(?:{_NUMBER}(?:{_MAYBE}(?:-|\u2013|to|or){_MAYBE}{_NUMBER})?)"

_MONTH: Final = (
    r"(?:(?:january|february|march|april|may|june|july|august|september|october|november|december)\b"
    r"|(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b(?: ?\.)?)"
)
_WEEKDAY: Final = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|(?:mon|tues?|wed|thu(?:rs?)?|fri|sat|sun)\b\.?)"
_LONG_WEEKDAY: Final = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?)"
_ORDINALS: Final = (
    r"(?:(?:twenty|thirty)[ -])?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|tenth|eleventh|twelfth"
    r"|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth"
)
_DAY: Final = rf"(?:(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?|{_ORDINALS})"
_YEAR: Final = r"(?:1[0-9]\d\d|20\d\d|21\d\d|'\d\d)"
_ERA: Final = rf"(?:{_SPACE}(?:AD|BC|BCE|CE))?"
_PART: Final = r"(?:morning|afternoon|evening|night|noon|midnight|weekend|lunchtime)s?"
_UNIT_OF_TIME: Final = (
    r"(?:milliseconds?|ms|seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|fortnights?|months?|quarters?|years?"
    r"|yrs?|decades?|centur(?:y|ies)|weekends?|nights?)"
)
_CLOCK: Final = (
    rf"(?:(?:[01]?\d|2[0-4]){_MAYBE}[:.]{_MAYBE}[0-5]\d(?:{_MAYBE}:{_MAYBE}[0-5]\d)?(?:{_MAYBE}(?:[ap]{_MAYBE}\.{_MAYBE}m{_MAYBE}\.|[ap]{_MAYBE}\.?{_MAYBE}m\b))?(?:{_SPACE}(?:UTC|GMT|[ECMP][SD]T))?"
    rf"|(?:1[0-2]|0?[1-9]|{_UNDER_100}(?:{_SPACE}{_UNDER_100})?){_MAYBE}(?:(?:[ap]{_MAYBE}\.{_MAYBE}m{_MAYBE}\.|[ap]{_MAYBE}\.?{_MAYBE}m\b)|o{_MAYBE}['\u2019]{_MAYBE}clock)(?:{_SPACE}(?:UTC|GMT|[ECMP][SD]T))?"
    rf"|(?:half|quarter|{_UNDER_100}|\d{{1,2}}){_SPACE}(?:past|to){_SPACE}(?:{_UNDER_100}|noon|midnight|1?\d)(?!{_SPACE}(?:of|people|{_UNIT_OF_TIME})|\w))"
)
_SEASON: Final = r"(?:spring|summer|autumn|fall|winter)"
_PERIOD: Final = rf"(?:{_UNIT_OF_TIME}|{_SEASON}|{_PART}|{_WEEKDAY}|{_MONTH})"
_HOLIDAY: Final = (
    r"(?:christmas(?:{s}(?:eve|day))?|new{s}year(?:['\u2019]?s)?(?:{s}(?:eve|day))|thanksgiving(?:{s}day)?|easter(?:{s}(?:sunday|monday))?"
    r"|halloween|valentine['\u2019]?s{s}day|independence{s}day|labou?r{s}day|memorial{s}day|ramadan|hanukkah|good{s}friday)"
).replace("{s}", _SPACE)

_DATES: Final = (
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})?)?",
    r"(?:0?[1-9]|[12]\d|3[01])(?P<between>[/.-])(?:0?[1-9]|[12]\d|3[01])(?P=between)(?:\d{4}|\d{2})",
    r"\d{4}[/.](?:0?[1-9]|1[0-2])[/.](?:0?[1-9]|[12]\d|3[01])",
    rf"(?:{_LONG_WEEKDAY}|(?:mon|tues?|wed|thur?s?|fri|sat|sun)\b\.?),?{_SPACE}(?:the{_SPACE})?(?:{_MONTH}{_SPACE}{_DAY}|{_DAY}{_SPACE}(?:of{_SPACE})?{_MONTH})(?:{_MAYBE},?{_MAYBE}{_YEAR})?",
    rf"{_MONTH}{_SPACE}(?:the{_SPACE})?{_DAY}(?:{_MAYBE}(?:-|\u2013|to){_MAYBE}(?:{_MONTH}{_SPACE})?{_DAY})?(?:{_MAYBE},?{_MAYBE}{_YEAR})?(?![\d:])",
    rf"(?:the{_SPACE})?{_DAY}(?:{_MAYBE}(?:-|\u2013|to){_MAYBE}{_DAY})?{_SPACE}(?:of{_SPACE})?{_MONTH}(?:{_MAYBE},?{_MAYBE}{_YEAR})?",
    rf"{_MONTH}{_MAYBE},?{_MAYBE}(?:of{_SPACE})?{_YEAR}",
    rf"(?:(?:early|late|mid|last|next|this)[ -])?(?:january|february|march|april|june|july|august|september|october|november|december)(?={_MAYBE}(?:[.,;:!?)]|$|\s))",
    rf"(?:the{_SPACE})?(?:(?:early|mid|late)[ -])?(?:1\d|20)\d0{_MAYBE}['\u2019]?s|'\d0s|(?:the{_SPACE})?(?:{_TENS[:-7]}|fourties|twenties|thirties|forties|fifties|sixties|seventies|eighties|nineties)(?<=ies)",
    rf"(?:the{_SPACE})?(?:\d{{1,2}}(?:st|nd|rd|th)|{_ORDINALS}){_SPACE}century{_ERA}",
    rf"(?:the{_SPACE})?(?:last|next|past|coming|previous|following){_SPACE}(?:{_NUMBER}{_SPACE})?{_PERIOD}",
    rf"(?:this){_SPACE}(?:{_PERIOD}|coming{_SPACE}{_PERIOD})",
    rf"(?:(?:about|around|nearly|almost|over|exactly){_SPACE})?(?:{_NUMBER}|an?){_SPACE}(?:and{_SPACE}a{_SPACE}half{_SPACE})?{_UNIT_OF_TIME}{_SPACE}(?:ago|from{_SPACE}(?:now|today|tomorrow)|hence|earlier|later)",
    rf"(?:the{_SPACE})?day{_SPACE}(?:after{_SPACE}tomorrow|before{_SPACE}yesterday)",
    rf"(?:today|tomorrow|tonight|yesterday)(?:{_SPACE}(?:{_PART}))?",
    rf"(?:early{_SPACE}|late{_SPACE}|(?:last|next|this|every|each){_SPACE})?{_LONG_WEEKDAY}(?:{_SPACE}{_PART})?",
    rf"(?:the{_SPACE})?(?:spring|summer|autumn|fall|winter|beginning|end|middle){_SPACE}of{_SPACE}(?:1\d|20)\d\d",
    rf"{_SEASON}{_SPACE}(?:1\d|20)\d\d",
    rf"(?:early|mid|late)(?:{_SPACE}in)?[ -](?:1\d|20)\d\d",
    rf"(?:early|late){_SPACE}(?:this|last|next){_SPACE}(?:week|month|year)",
    rf"the{_SPACE}(?:end|beginning|start|middle){_SPACE}of{_SPACE}(?:the{_SPACE}(?:week|month|year|decade|century)|(?:next|this|last){_SPACE}(?:week|month|year)|{_MONTH})",
    rf"the{_SPACE}(?:first|second|third|fourth|last){_SPACE}quarter(?:{_SPACE}of{_SPACE}(?:1\d|20)\d\d)?",
    rf"(?:every|each){_SPACE}(?:{_UNIT_OF_TIME}|{_PART}|{_WEEKDAY})|weekdays|weekends",
    _HOLIDAY,
    _CLOCK,
    r"(?:at|around|by|until|till|before|after|since)" + _SPACE + r"(?P<datum>noon|midnight|dawn|dusk|sunset|sunrise|lunchtime)",
    rf"(?:in|since|by|of|until|till|from|during|before|after|to|and|between|around|circa|year|\(|\u2013|-|to){_MAYBE}(?P<datum>(?:1[4-9]|20)\d\d(?:{_MAYBE}[-\u2013]{_MAYBE}(?:(?:1[4-9]|20)\d\d|\d\d))?)(?![\d,.%]\d|\w|{_SPACE}(?:people|{_UNIT_OF_TIME}))",
    rf"(?:an?|the|its|his|her|their|our){_SPACE}(?P<datum>(?:19|20)\d\d)(?={_SPACE}[a-z]{{3}})(?!{_SPACE}(?:people|men|women|{_UNIT_OF_TIME}))",
    r"Q[1-4]" + _SPACE + r"(?:19|20)\d\d",
)  # fmt: skip

_CURRENCY_SIGN: Final = r"(?:(?:US|C|A|NZ|HK)?\$|[\u20ac\u00a3\u00a5\u20b9\u20bd]|Rs\.?|USD|EUR|GBP|CHF|JPY|INR)"
_CURRENCY: Final = (
    r"(?:dollars?|bucks|cents?|euros?|pounds?|pence|yen|yuan|rupees?|francs?|kron(?:or|er|a)|pesos?|US(?:D|\$)|EUR|GBP"
    r"|CHF|JPY|CAD|AUD|INR|quid)"
)
_UNIT: Final = (
    (
        r"(?:(?:square|sq\.?|cubic)[ \t])?(?:kilomet(?:er|re)s?|met(?:er|re)s?|centimet(?:er|re)s?|millimet(?:er|re)s?|miles?|yards?|feet|foot|inch(?:es)?"
        r"|km/h|kph|mph|km2?|cm|mm|nm|mi|ft|kilograms?|kilos?|grams?|milligrams?|kg|mg|lbs?|pounds?|ounces?|oz|tons?|tonnes?|lit(?:er|re)s?|ml|gallons?|pints?|quarts?|cups?|tablespoons?|teaspoons?"
        r"|degrees?(?:[ \t](?:celsius|fahrenheit|centigrade))?|\u00b0{m}[CF]?|watts?|kilowatts?|megawatts?|kwh?|mw|volts?|amps?|hertz|[kmg]?hz|bytes?|kilobytes?|megabytes?|gigabytes?|terabytes?|[KMGTP]i?B|bits?|[kmg]bps"
        r"|acres?|hectares?|knots?|calories|kcal|joules?|pixels?|mm?ol|percent|per{s}cent|percentage{s}points?|basis{s}points?|light[ -]years?"
        r")"
    )
    .replace("{s}", _SPACE)
    .replace("{m}", _MAYBE)
)

_AMOUNTS: Final = (
    rf"{_CURRENCY_SIGN}{_MAYBE}{_SCALED}(?:{_MAYBE}(?:-|\u2013|to){_MAYBE}{_CURRENCY_SIGN}?{_MAYBE}{_SCALED})?(?:{_SPACE}{_CURRENCY})?",
    rf"{_NUMBERS}{_MAYBE}(?:%|\u2030)",
    rf"{_NUMBERS}[ \t\u00a0-]?{_CURRENCY}",
    rf"{_NUMBERS}(?:{_SPACE}(?:and{_SPACE}a{_SPACE}half|more))?(?:{_MAYBE}-{_MAYBE}|{_SPACE}|(?<=\d)){_UNIT_OF_TIME}(?!{_SPACE}(?:ago|from{_SPACE}now|later|earlier))",
    rf"{_NUMBERS}(?:{_SPACE}|-|(?<=\d)){_UNIT}(?:{_SPACE}(?:per|an?){_SPACE}(?:second|minute|hour|day|week|month|year|person|gallon|litre|liter)|/(?:s|h|min))?",
    rf"(?:hundreds|thousands|millions|billions|dozens|tens)(?:{_SPACE}of{_SPACE}(?:thousands|millions|billions))?(?={_SPACE}of{_SPACE})",
    rf"(?:half|(?:one|two|three|a)[ -](?:third|quarter|fifth|half|fourth)s?)(?={_SPACE}of{_SPACE})",
    _NUMBER,
)  # fmt: skip

_BOUND: Final = r"(?<![\w$\u20ac\u00a3.#@/-])(?<!\d,)"
_CLOSE: Final = r"(?![\w@/]|[.,:-]\d|-\w)"
_DATE_PATTERNS: Final = tuple(re.compile(f"{_BOUND}(?:{one}){_CLOSE}", re.IGNORECASE) for one in _DATES)
_AMOUNT_PATTERNS: Final = tuple(re.compile(f"{_BOUND}(?:{one}){_CLOSE}", re.IGNORECASE) for one in _AMOUNTS)
_NO_DATE: Final = re.compile(r"may|second", re.IGNORECASE)
_NO_AMOUNT: Final = re.compile(r"one|several|a\s(?:few|couple)|half\san?", re.IGNORECASE)
"""Words that are more often something else when they stand alone."""


@lru_cache(maxsize=16)
def find(text: str) -> tuple[Span, ...]:
    """Returns the dates ("DATE") and amounts ("QUANTITY") of an English text, in order, without overlap.

    Entities, targets and personal data ask for those of one text one after the other: the last texts are remembered.
    """
    found = _matches(text, _DATE_PATTERNS, "DATE") + _matches(text, _AMOUNT_PATTERNS, "QUANTITY")
    found.sort(key=lambda span: (span.begin - span.end, span.type, span.begin))
    taken = bytearray(len(text))
    kept = []
    for span in found:
        if not any(taken[span.begin : span.end]):
            kept.append(span)
            taken[span.begin : span.end] = b"\1" * (span.end - span.begin)
    return tuple(sorted(kept))


def find_dates(text: str) -> list[Span]:
    """Returns the dates and times of day alone."""
    return [span for span in find(text) if span.type == "DATE"]


def _matches(text: str, patterns: tuple[re.Pattern[str], ...], kind: str) -> list[Span]:
    found = []
    alone = _NO_DATE if kind == "DATE" else _NO_AMOUNT
    for pattern in patterns:
        group = "datum" if "datum" in pattern.groupindex else 0
        for match in pattern.finditer(text):
            begin, end = match.span(group)
            if not alone.fullmatch(text, begin, end):
                found.append(Span(begin, end, kind))
    return found
