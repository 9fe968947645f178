"""Entities of texts: what the tagger finds, with dates, amounts and identifiers that rules find besides."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import Final

from clary.engines.text import spoken_dates, times_and_amounts
from clary.engines.text.contract import Entity
from clary.engines.text.english_tagger import Reading
from clary.engines.text.personal_data import addresses

_IDENTIFIER: Final = re.compile(
    r"(?<![\w%+.@-])(?:[\w%+.-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}|\d{2,8}(?:-\d{2,8}){2,7}|[Xx*]{4,16}\d{2,8}"
    r"|[A-Z]{2}\d{2}(?: [A-Z\d]{4}){2,7}(?: [A-Z\d]{1,3})?|\d{4}(?: \d{4}){2,3}|(?:[\dA-Fa-f]{2}:){5}[\dA-Fa-f]{2}"
    r"|(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\) ?|\d{3}[ .])\d{3}[ .-]\d{4}"
    r"|\+\d{1,3}(?:[ .-]\d{2,5}){2,5}|(?:\d{1,3}\.){3}\d{1,3})(?![\w-])"
)
"""Addresses of mail and machines, numbers of cards, telephones and accounts: no amounts, though they hold figures."""
_LEGAL_FORM: Final = re.compile(
    r"\s?,?\s?(?:(?:Inc|Ltd|Corp|Co)\b\.?|(?:LLC|LLP|LP|PLC|Plc|plc|GmbH|AG|SE|NV|BV|Pty)(?!\w)|L\.?L\.?[CP]\.|S\.A\.|N\.V\.)"
    r"(?![\w@-])"
)
"""What says of which kind a company is, behind its name: it belongs to the name, with a comma before it too."""
_SHOWN_AS: Final = {"ADDRESS": "LOCATION"}
_RULE_SCORE: Final = 0.9
_LEAST_SCORE: Final = 0.5
"""Names of less confidence are more often wrong than right."""


def entities(text: str, reading: Reading) -> list[Entity]:
    """Returns the entities of an English text in order, without overlap.

    Rules that were written for prose draw dates and amounts more evenly than the tagger: there their word counts. In
    what is spoken, without any capital or figure, dates are those of `spoken_dates`, and amounts the tagger's.
    """
    found: list[Entity] = []
    for span in reading.entities:
        begin, end = reading.words[span.begin].begin, reading.words[span.end - 1].end
        kind = _SHOWN_AS.get(span.type, span.type)
        if span.score < _LEAST_SCORE and kind not in {"DATE", "QUANTITY"}:
            continue
        if span.type == "ADDRESS" and addresses.is_label(text, begin):
            continue
        if found and begin < found[-1]["end"]:  # what the name of a company took in
            continue
        if kind == "ORGANIZATION" and (form := _LEGAL_FORM.match(text, end)):
            end = form.end()
        found.append({"type": kind, "text": text[begin:end], "begin": begin, "end": end, "score": span.score})
    if spoken_dates.is_spoken(text):
        found = _with_dates(text, found, spoken_dates.shipped().find(text, reading))
    for rule in () if spoken_dates.is_spoken(text) else times_and_amounts.find(text):
        first = bisect_right(found, rule.begin, key=lambda one: one["end"])
        last = bisect_left(found, rule.end, key=lambda one: one["begin"])
        if all(_gives_way(one, rule) for one in found[first:last]):
            begin, end = rule.begin, rule.end
            score = max((one["score"] for one in found[first:last]), default=_RULE_SCORE)
            found[first:last] = [
                {"type": rule.type, "text": text[begin:end], "begin": begin, "end": end, "score": score}
            ]
    for match in _IDENTIFIER.finditer(text):
        begin, end = match.span()
        first = bisect_right(found, begin, key=lambda one: one["end"])
        last = bisect_left(found, end, key=lambda one: one["begin"])
        if all(begin <= one["begin"] and one["end"] <= end and one["type"] != "DATE" for one in found[first:last]):
            found[first:last] = [
                {"type": "OTHER", "text": match.group(), "begin": begin, "end": end, "score": _RULE_SCORE}
            ]
    return found


def _with_dates(text: str, found: list[Entity], dates: list[spoken_dates.Date]) -> list[Entity]:
    """Returns the entities with the dates in the place of those that were said, and of what overlaps them."""
    kept = [one for one in found if one["type"] != "DATE"]
    for date in dates:
        first = bisect_right(kept, date.begin, key=lambda one: one["end"])
        last = bisect_left(kept, date.end, key=lambda one: one["begin"])
        kept[first:last] = [
            {
                "type": "DATE",
                "text": text[date.begin : date.end],
                "begin": date.begin,
                "end": date.end,
                "score": date.score,
            }
        ]
    return kept


def _gives_way(entity: Entity, rule: times_and_amounts.Span) -> bool:
    inside = rule.begin <= entity["begin"] and entity["end"] <= rule.end
    return entity["type"] == rule.type or (inside and entity["type"] in {"DATE", "QUANTITY"})
