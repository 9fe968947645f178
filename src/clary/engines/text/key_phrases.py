"""Key phrases of texts: their noun phrases, as treebanks draw them (see `training/text/treebanks.py`)."""

from __future__ import annotations

from collections.abc import Sequence

from clary.engines.text.contract import KeyPhrase
from clary.engines.text.labels import Span
from clary.engines.text.words import Word


def key_phrases(text: str, words: Sequence[Word], phrases: Sequence[Span]) -> list[KeyPhrase]:
    """Returns the noun phrases of a text in order.

    Args:
        text: the text.
        words: its words.
        phrases: its noun phrases as word spans.
    """
    found: list[KeyPhrase] = []
    for phrase in phrases:
        begin, end = words[phrase.begin].begin, words[phrase.end - 1].end
        found.append({"text": text[begin:end], "begin": begin, "end": end, "score": phrase.score})
    return found
