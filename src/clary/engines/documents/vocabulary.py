"""What a word on a sign is likely to be before anybody has looked: a list of counted words, and how words are spelled.

A word is as likely as it was counted, or, for the share of words that no list has, as likely as its runs of three
letters make it (Shannon, "A Mathematical Theory of Communication", 1948, section 3).
"""

from __future__ import annotations

import math
import threading
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

WEIGHTS = "weights/scene_words.npz"
UNLISTED = 0.3
"""The share of words on signs that the list does not have: names, brands, word plays."""
DIGITS = 0.1
"""The share that is a number."""
PER_DIGIT = math.log(10) / 2
"""A number's digits tell little of each other, but prices and years are of few kinds."""
SMOOTHING = 0.5
_LOADING = threading.Lock()
_END, _BEGIN = "\x00", "\x01"


class Vocabulary:
    """Words with their counts.

    Args:
        counts: how often each word was seen, in small letters.
    """

    def __init__(self, counts: dict[str, int]) -> None:
        self._counts = counts
        self._total = sum(counts.values())
        letters = sorted({letter for word in counts for letter in word} | {_END, _BEGIN})
        self._codes = {letter: code for code, letter in enumerate(letters)}
        self._by_length = {
            length: (same, np.frombuffer("".join(same).encode("utf-32-le"), np.int32).reshape(-1, length))
            for length in sorted({len(word) for word in counts})
            if (same := [word for word in counts if len(word) == length])
        }
        self._runs = self._counted_runs()

    def __contains__(self, word: str) -> bool:
        return word in self._counts

    def count(self, word: str) -> int:
        """How often a word was seen."""
        return self._counts.get(word, 0)

    def log_prior(self, word: str) -> float:
        """The logarithm of the probability of a word, in small letters."""
        if word.isdigit():
            return math.log(DIGITS) - PER_DIGIT * len(word)
        listed = (1 - UNLISTED) * self.count(word) / self._total
        return math.log(listed + UNLISTED * math.exp(self._log_spelling(word)))

    def near(self, word: str, edits: int) -> list[str]:
        """The words that differ by one or two edits: letters exchanged, and at most one missing or too many.

        Args:
            word: in small letters.
            edits: 1 or 2.
        """
        found = []
        query = np.array([ord(letter) for letter in word], np.int32)
        for length in range(len(word) - 1, len(word) + 2):
            if length in self._by_length:
                words, letters = self._by_length[length]
                found += [words[at] for at in np.flatnonzero(_edits(letters, query) <= edits)]
        return found

    def _counted_runs(self) -> NDArray[np.float32]:
        """[letter, letter, letter] log-probabilities of the third after the first two."""
        size = len(self._codes)
        code_of = np.zeros(max(map(ord, self._codes)) + 1, np.int16)
        code_of[[ord(letter) for letter in self._codes]] = list(self._codes.values())
        runs = np.full((size, size, size), SMOOTHING, np.float32)
        for words, letters in self._by_length.values():
            framed = np.pad(code_of[letters], ((0, 0), (2, 1)), constant_values=self._codes[_BEGIN])
            framed[:, -1] = self._codes[_END]
            weights = np.log1p([self._counts[word] for word in words]).astype(np.float32)
            for at in range(2, framed.shape[1]):
                np.add.at(runs, (framed[:, at - 2], framed[:, at - 1], framed[:, at]), weights)
        runs /= runs.sum(axis=2, keepdims=True)
        return np.log(runs, out=runs)

    def _log_spelling(self, word: str) -> float:
        strange = self._codes[_BEGIN]  # nothing is spelled with it but a beginning
        codes = [strange, strange, *(self._codes.get(letter, strange) for letter in word), self._codes[_END]]
        return float(sum(self._runs[a, b, c] for (a, b), c in zip(pairwise(codes), codes[2:], strict=False)))


def _edits(words: NDArray[np.int32], query: NDArray[np.int32]) -> NDArray[np.intp]:
    """How many edits part words of one length, which is the query's or one more or less, from the query."""
    if words.shape[1] == len(query):
        exchanged: NDArray[np.intp] = (words != query).sum(axis=1)
        return exchanged
    longer, shorter = (words, query[None]) if words.shape[1] > len(query) else (query[None], words)
    before = np.cumsum(longer[:, :-1] != shorter, axis=1)
    after = np.cumsum((longer[:, 1:] != shorter)[:, ::-1], axis=1)[:, ::-1]
    none = np.zeros((len(words), 1), before.dtype)
    fewest: NDArray[np.intp] = (np.hstack((none, before)) + np.hstack((after, none))).min(axis=1) + 1
    return fewest


def scene_words() -> Vocabulary:
    """The list that Clary ships: English first, and the languages that its treebanks have."""
    with _LOADING:  # what is cached is made twice where two threads ask for it at once
        return _scene_words()


@cache
def _scene_words() -> Vocabulary:
    with (files(__package__) / WEIGHTS).open("rb") as file:
        stored = np.load(cast(BinaryIO, file))
        words = stored["words"].tobytes().decode().split("\n")
        return Vocabulary(dict(zip(words, stored["counts"].tolist(), strict=True)))
