"""Parts of speech and noun phrases by an averaged perceptron (Collins 2002), one model for each language.

Words are read from left to right; each gets the tag whose weights for what can be seen there sum up highest. The
weights stand in a hashed table, a column for each tag.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clary.engines.text.labels import Span, spans
from clary.engines.text.sessions import WEIGHTS
from clary.engines.text.stretches import read_of_runs
from clary.engines.text.treebank_features import OUTSIDE, Lists, features, history, phrase_features, phrase_history
from clary.engines.text.words import Word, sentences, words

LABELS = ("O", "B-PHRASE", "I-PHRASE")
_LONGEST_WORDS = 1_000
"""What is longer is no sentence; it is cut, since all that is known of its words is held at once."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is said of a text.

    Attributes:
        words: its words.
        tags: the part of speech of each; "O" for one that was not read.
        tag_scores: the confidence of each tag; 0 for one that was not read.
        phrases: the noun phrases as word spans.
    """

    words: list[Word]
    tags: list[str]
    tag_scores: list[float]
    phrases: list[Span]


class TreebankTagger:
    """Reads texts of one language. Several threads may share one.

    Args:
        language: whose words it splits.
        tags: the names of the columns of `tag_weights`.
        known: for a lower-case word the tags it had in training.
        lists: lists of names and nouns.
        tag_weights: [buckets, tags].
        phrase_weights: [buckets, labels].
        scales: what divides sums of tag weights, and of phrase weights, so that their softmax is a confidence.
    """

    def __init__(
        self,
        language: str,
        tags: list[str],
        known: dict[str, str],
        lists: Lists,
        tag_weights: NDArray[np.int16],
        phrase_weights: NDArray[np.int16],
        scales: tuple[float, float],
    ) -> None:
        self._language = language
        self._tags, self._known, self._lists = tags, known, lists
        self._tag_weights, self._phrase_weights = tag_weights, phrase_weights
        self._tag_scale, self._phrase_scale = scales

    @classmethod
    def load(cls, language: str, folder: Path = WEIGHTS) -> TreebankTagger:
        """Opens the tagger of a language.

        Args:
            language: "es", "fr", "de", "it" or "pt".
            folder: holds `treebank_<language>.npz`.
        """
        with np.load(folder / f"treebank_{language}.npz") as file:
            about = json.loads(bytes(file["about"]))
            lists = Lists(bytes(file["lists"]))
            tag_weights, phrase_weights = _table(file, "tag"), _table(file, "phrase")
        scales = about["tag_scale"], about["phrase_scale"]
        return cls(language, about["tags"], about["known"], lists, tag_weights, phrase_weights, scales)

    def read(self, text: str) -> Found:
        """Returns what is said of a text."""
        its_words = words(text, self._language)
        found = Found(its_words, [], [], [])
        for begin, end, is_read in _cut(text, its_words, self._language):
            if is_read:
                self._sentence([word.text[:100] for word in its_words[begin:end]], begin, found)
            else:
                found.tags.extend(["O"] * (end - begin))
                found.tag_scores.extend([0.0] * (end - begin))
        return found

    def _sentence(self, texts: list[str], begin: int, found: Found) -> None:
        tags, scores = self.tagged(texts)
        found.tags.extend(tags)
        found.tag_scores.extend(scores)
        path, rows = [], []
        label, before_tag = OUTSIDE, OUTSIDE
        for tag, rest in zip(tags, phrase_features(texts, tags), strict=True):
            sums = self._phrase_weights[rest + phrase_history(tag, before_tag, label)].sum(0, dtype=np.int32)
            if label in {OUTSIDE, "O"}:
                sums[2] = -(1 << 20)
            number = int(sums.argmax())
            path.append(number)
            rows.append(_confidences(sums, self._phrase_scale))
            label, before_tag = LABELS[number], tag
        found.phrases.extend(spans(path, np.array(rows, np.float32), LABELS, begin))

    def tagged(self, texts: list[str]) -> tuple[list[str], list[float]]:
        """Returns the tags of the words of a sentence, and the confidence of each."""
        tags: list[str] = []
        scores: list[float] = []
        before = earlier = OUTSIDE
        for place in features(texts, self._known, self._lists):
            sums = self._tag_weights[place.rows + history(place, before, earlier)].sum(0, dtype=np.int32)
            number = int(sums.argmax())
            earlier, before = before, self._tags[number]
            tags.append(before)
            scores.append(float(_confidences(sums, self._tag_scale)[number]))
        return tags, scores


def _cut(text: str, its_words: list[Word], language: str) -> Iterator[tuple[int, int, bool]]:
    """Yields what is read at once, as numbers of words, and what is not to be read; all words in their order."""
    ends = [end for _, end in sentences(text, language)]
    at = begin = 0
    before = True
    for number, (word, is_read) in enumerate(zip(its_words, read_of_runs(its_words), strict=True)):
        is_new = word.begin >= ends[at] or is_read != before or number - begin == _LONGEST_WORDS
        if is_new and begin < number:
            yield begin, number, before
            begin = number
        while at + 1 < len(ends) and word.begin >= ends[at]:
            at += 1
        before = is_read
    if its_words:
        yield begin, len(its_words), before


def _confidences(sums: NDArray[np.int32], scale: float) -> NDArray[np.float64]:
    exponents = np.exp((sums - sums.max()) / scale)
    confidences: NDArray[np.float64] = exponents / exponents.sum()
    return confidences


def _table(file: np.lib.npyio.NpzFile, name: str) -> NDArray[np.int16]:
    """The whole table from the rows that are not zero."""
    rows, values = file[f"{name}_rows"], file[f"{name}_values"]
    table = np.zeros((int(file[f"{name}_buckets"]), values.shape[1]), np.int16)
    table[rows] = values
    return table
