"""Key phrases of texts: their noun phrases, as treebanks draw them (see `training/text/treebanks.py`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from clary.engines.text.contract import KeyPhrase
from clary.engines.text.labels import Span
from clary.engines.text.words import Word

_SHORT_LINE: Final = 50
"""Characters. What is broken into lines to fit a page has longer ones; shorter ones end with what they say."""
_NOT_AT_EDGES: Final = frozenset({"PUNCT", "CCONJ"})
_NAMES_NOTHING: Final = _NOT_AT_EDGES | {"PRON", "DET", "ADP", "AUX", "PART", "SCONJ"}


def key_phrases(text: str, words: Sequence[Word], tags: Sequence[str], phrases: Sequence[Span]) -> list[KeyPhrase]:
    """Returns the noun phrases of a text in order: without signs around them, none of little words alone.

    Args:
        text: the text.
        words: its words.
        tags: the part of speech of each.
        phrases: its noun phrases as word spans.
    """
    found: list[KeyPhrase] = []
    for phrase in phrases:
        for begin, end in _lines(text, words, phrase.begin, phrase.end):
            while begin < end and tags[begin] in _NOT_AT_EDGES:
                begin += 1
            while begin < end and tags[end - 1] in _NOT_AT_EDGES:
                end -= 1
            if not _NAMES_NOTHING.issuperset(tags[begin:end]):
                first, last = words[begin].begin, words[end - 1].end
                found.append({"text": text[first:last], "begin": first, "end": last, "score": phrase.score})
    return found


def _lines(text: str, words: Sequence[Word], begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Yields the parts of a phrase that stand on lines of their own: fields of a form, not lines of a page."""
    for number in range(begin + 1, end):
        line_end = text.find("\n", words[number - 1].end, words[number].begin)
        if line_end >= 0 and line_end - (text.rfind("\n", 0, line_end) + 1) < _SHORT_LINE:
            yield begin, number
            begin = number
    yield begin, end
