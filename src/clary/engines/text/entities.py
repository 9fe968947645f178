"""Entities of texts: what the tagger finds, with dates and amounts that rules find besides."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import Final

from clary.engines.text import times_and_amounts
from clary.engines.text.contract import Entity
from clary.engines.text.english_tagger import Reading

_PROSE: Final = re.compile(r"[A-Z\d]")
_SHOWN_AS: Final = {"ADDRESS": "LOCATION"}
_RULE_SCORE: Final = 0.9
_LEAST_SCORE: Final = 0.45
"""Names of less confidence are more often wrong than right; as the development sentences of EWT showed."""


def entities(text: str, reading: Reading) -> list[Entity]:
    """Returns the entities of an English text in order, without overlap.

    Rules that were written for prose draw dates and amounts more evenly than the tagger: there their word counts. In
    commands and posts without any capital or figure the tagger's does.
    """
    found: list[Entity] = []
    for span in reading.entities:
        begin, end = reading.words[span.begin].begin, reading.words[span.end - 1].end
        kind = _SHOWN_AS.get(span.type, span.type)
        if span.score < _LEAST_SCORE and kind not in {"DATE", "QUANTITY"}:
            continue
        found.append({"type": kind, "text": text[begin:end], "begin": begin, "end": end, "score": span.score})
    for rule in times_and_amounts.find(text) if _PROSE.search(text) else ():
        first = bisect_right(found, rule.begin, key=lambda one: one["end"])
        last = bisect_left(found, rule.end, key=lambda one: one["begin"])
        if all(_gives_way(one, rule) for one in found[first:last]):
            begin, end = rule.begin, rule.end
            score = max((one["score"] for one in found[first:last]), default=_RULE_SCORE)
            found[first:last] = [
                {"type": rule.type, "text": text[begin:end], "begin": begin, "end": end, "score": score}
            ]
    return found


def _gives_way(entity: Entity, rule: times_and_amounts.Span) -> bool:
    inside = rule.begin <= entity["begin"] and entity["end"] <= rule.end
    return entity["type"] == rule.type or (inside and entity["type"] in {"DATE", "QUANTITY"})
