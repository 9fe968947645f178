"""Entities of texts: what the tagger finds, with dates and amounts that rules find besides."""

from __future__ import annotations

from typing import Final

from clary.engines.text import times_and_amounts
from clary.engines.text.contract import Entity
from clary.engines.text.english_tagger import Reading

_SHOWN_AS: Final = {"ADDRESS": "LOCATION"}
_RULE_SCORE: Final = 0.9


def entities(text: str, reading: Reading) -> list[Entity]:
    """Returns the entities of an English text in order, without overlap."""
    taken = bytearray(len(text))
    found: list[Entity] = []
    for span in reading.entities:
        begin, end = reading.words[span.begin].begin, reading.words[span.end - 1].end
        taken[begin:end] = b"\1" * (end - begin)
        kind = _SHOWN_AS.get(span.type, span.type)
        found.append({"type": kind, "text": text[begin:end], "begin": begin, "end": end, "score": span.score})
    for begin, end, kind in times_and_amounts.find(text):
        if not any(taken[begin:end]):
            found.append({"type": kind, "text": text[begin:end], "begin": begin, "end": end, "score": _RULE_SCORE})
    return sorted(found, key=lambda entity: entity["begin"])
