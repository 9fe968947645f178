"""Words of a text in stretches that a tagger reads at once: the same stretch once, and no run that is no prose.

Sentences are read alone; a long one is cut where the model's input ends. The work is bounded in two ways. Stretches
that look alike to the model are read once and answered together. And of a run of words without any white space
between them (a dump, a key, one sign over and over) only the beginning is read: a language in which so many words
stand together has no words that could be told apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from clary.engines.text.pieces import END, START
from clary.engines.text.shapes import word_shape
from clary.engines.text.words import Word, sentences

LONGEST_RUN: Final = 5_000
"""Characters of a run that are read. Where every word has to have a tag, a text is not longer than that."""
_LONGEST_WORDS: Final = 90
_LONGEST_PIECES: Final = 158


@dataclass(slots=True)
class Stretch:
    """Words that are read at once.

    Attributes:
        text: the number of the text they are of.
        begin: number of the first word.
        end: number after the last word's.
        pieces: what the model reads, with the marks of beginning and end.
        shapes: how the word of each piece is written.
        starts: for each word the place of its first piece.
    """

    text: int
    begin: int
    end: int
    pieces: list[int]
    shapes: list[int]
    starts: list[int]


def read_of_runs(words: Sequence[Word]) -> Iterator[bool]:
    """Yields for each word whether it is to be read: not where its run has become too long."""
    end, run = -1, 0
    for word in words:
        if word.begin != end:
            run = word.begin
        end = word.end
        yield word.begin - run < LONGEST_RUN


def stretches(number: int, text: str, words: Sequence[Word], pieces: Sequence[list[int]]) -> list[Stretch]:
    """Cuts an English text at its sentences, and a long sentence where the model's input ends.

    Args:
        number: of the text.
        text: the text.
        words: its words.
        pieces: the word pieces of each.

    Returns:
        Stretches in the order of the text; words that are not to be read are in none of them.
    """
    made: list[Stretch] = []
    ends = [end for _, end in sentences(text, "en")]
    at = 0
    current: Stretch | None = None
    for place, (word, is_read) in enumerate(zip(words, read_of_runs(words), strict=True)):
        if not is_read:
            current = None
            continue
        if current is None or word.begin >= ends[at] or not _fits(current, pieces[place]):
            current = Stretch(number, place, place, [START], [0], [])
            made.append(current)
        while at + 1 < len(ends) and word.begin >= ends[at]:
            at += 1
        current.end = place + 1
        current.starts.append(len(current.pieces))
        current.pieces += pieces[place]
        current.shapes += [int(word_shape(word.text))] * len(pieces[place])
    for one in made:
        one.pieces.append(END)
        one.shapes.append(0)
    return made


def alike(found: Sequence[Stretch]) -> list[list[Stretch]]:
    """Groups stretches of which a model would say the same."""
    groups: dict[tuple[tuple[int, ...], ...], list[Stretch]] = {}
    for one in found:
        groups.setdefault((tuple(one.pieces), tuple(one.shapes), tuple(one.starts)), []).append(one)
    return list(groups.values())


def _fits(stretch: Stretch, pieces: Sequence[int]) -> bool:
    return len(stretch.starts) < _LONGEST_WORDS and len(stretch.pieces) + len(pieces) < _LONGEST_PIECES
