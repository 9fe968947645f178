"""Dates in English as it is spoken: texts without any capital or figure, as transcripts and typed commands are.

There the rules for prose find too little ("wake me at seven") and the tagger draws the edges unevenly. A linear model
over what both say and the words around decides what begins, continues or lies outside a date; the best row of labels
is the answer (Collins 2002, with the search of Viterbi 1967).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from clary.engines.text import times_and_amounts
from clary.engines.text.english_tagger import Reading
from clary.engines.text.labels import best_labels, spans
from clary.engines.text.sessions import WEIGHTS
from clary.engines.text.words import Word

BUCKETS: Final = 1 << 16
"""Rows of the model's table."""
LABELS: Final = ("O", "B-DATE", "I-DATE")
_WRITTEN: Final = re.compile(r"[A-Z\d]")
_OUTSIDE: Final = ("<",) * 3


class Date(NamedTuple):
    """A piece of a text with its confidence."""

    begin: int
    end: int
    score: float


def is_spoken(text: str) -> bool:
    """Whether a text holds no capital and no figure."""
    return not _WRITTEN.search(text)


def features(text: str, reading: Reading) -> list[list[int]]:
    """Returns for each word of a text the rows of the model's table that speak of it.

    Args:
        text: what was read.
        reading: what the tagger says of it.
    """
    words = reading.words
    low = [*_OUTSIDE, *(word.text[:100].lower() for word in words), *_OUTSIDE]
    tags = [*_OUTSIDE, *(str(tag) for tag in reading.tags.tolist()), *_OUTSIDE]
    said, sure = ["O"] * len(words), ["0"] * len(words)
    for span in reading.entities:
        for word in range(span.begin, span.end):
            said[word] = f"{'B' if word == span.begin else 'I'}{span.type}"
            sure[word] = str(int(span.score * 5))
    ruled = [*_OUTSIDE, *_ruled(text, words), *_OUTSIDE]
    said = [*_OUTSIDE, *said, *_OUTSIDE]
    return [
        [_bucket(name) for name in _names(at, low, said, ruled, tags, sure[at - len(_OUTSIDE)])]
        for at in range(len(_OUTSIDE), len(low) - len(_OUTSIDE))
    ]


class SpokenDates:
    """The model. Several threads may share one.

    Args:
        table: [buckets, labels], the weights of each feature.
        scale: what divides sums of weights so that their softmax is a confidence.
    """

    def __init__(self, table: NDArray[np.float32], scale: float) -> None:
        self._table = table
        self._scale = scale

    @classmethod
    def load(cls, path: Path = WEIGHTS / "spoken_dates.npz") -> SpokenDates:
        """Opens the model that Clary ships."""
        with np.load(path) as file:
            table = np.zeros((BUCKETS, len(LABELS)), np.float32)
            table[file["rows"]] = file["values"]
            return cls(table, float(file["scale"]))

    def find(self, text: str, reading: Reading) -> list[Date]:
        """Returns the dates of a text in order, without overlap.

        Args:
            text: English, spoken.
            reading: what the tagger says of it.
        """
        rows = features(text, reading)
        found = []
        for begin, end in reading.sentences:
            sums = np.array([self._table[row].sum(0) for row in rows[begin:end]]) / self._scale
            likely = np.exp(sums - sums.max(1, keepdims=True))
            likely /= likely.sum(1, keepdims=True)
            path = best_labels(likely[None], LABELS, [end - begin])[0]
            for span in spans(path, likely, LABELS, begin):
                words = reading.words[span.begin : span.end]
                found.append(Date(words[0].begin, words[-1].end, span.score))
        return found


@cache
def shipped() -> SpokenDates:
    """Returns the model that Clary ships, opened once."""
    return SpokenDates.load()


def _ruled(text: str, words: Sequence[Word]) -> list[str]:
    ruled = ["O"] * len(words)
    pieces = times_and_amounts.find(text)
    at = 0
    for number, word in enumerate(words):
        while at < len(pieces) and pieces[at].end <= word.begin:
            at += 1
        if at < len(pieces) and pieces[at].begin <= word.begin and word.end <= pieces[at].end:
            ruled[number] = f"{'B' if word.begin == pieces[at].begin else 'I'}{pieces[at].type[0]}"
    return ruled


def _names(at: int, low: list[str], said: list[str], ruled: list[str], tags: list[str], sure: str) -> list[str]:
    word, before, behind = low[at], low[at - 1], low[at + 1]
    return [
        "",
        *(f"w{step}{low[at + step]}" for step in range(-3, 4)),
        *(f"e{step}{said[at + step]}" for step in range(-2, 3)),
        *(f"r{step}{ruled[at + step]}" for step in range(-2, 3)),
        *(f"t{step}{tags[at + step]}" for step in range(-2, 3)),
        f"a{before}|{word}",
        f"b{word}|{behind}",
        f"c{before}|{word}|{behind}",
        f"A{low[at - 2]}|{before}|{word}",
        f"B{word}|{behind}|{low[at + 2]}",
        f"E{said[at - 1]}{said[at]}{said[at + 1]}",
        f"R{ruled[at - 1]}{ruled[at]}{ruled[at + 1]}",
        f"T{tags[at - 1]}|{tags[at]}|{tags[at + 1]}",
        f"s{said[at]}{sure}",
        f"ew{said[at]}{word}",
        f"er{said[at]}{ruled[at]}",
        f"ea{said[at]}{before}",
        f"eb{said[at]}{behind}",
        f"rw{ruled[at]}{word}",
        f"tw{tags[at - 1]}{word}",
        f"x{word[-3:]}",
    ]


def _bucket(name: str) -> int:
    return crc32(name.encode("utf-8", "surrogatepass")) & (BUCKETS - 1)
