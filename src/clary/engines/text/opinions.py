"""What English texts feel, how toxic they are, and what they name and feel about it: one small encoder, three heads.

`training/text/opinion_train.py` made it. A text longer than a window is read window by window; for the whole text, the
windows' logits are averaged by their lengths, for its toxicity the most toxic window counts.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from clary.engines.text.cleaning import plain
from clary.engines.text.contract import TOXICITIES
from clary.engines.text.memory import Memory
from clary.engines.text.pieces import Window, WordPieces, batches
from clary.engines.text.sessions import WEIGHTS, run_all, session

Reals = NDArray[np.float32]
_HEADS: Final = ("sentiment", "toxicity", "targets")
_HATE: Final = 1 + TOXICITIES.index("hate_speech")
"""Among the toxicities' logits, of which the first is of all."""
_SURELY_TOXIC: Final = 0.5
"""A text is toxic with so much of the confidence in its surest kind at least, though nobody is hated in it."""
_OUTSIDE: Final = 3
"""Of the numbers for a piece, so many say whether it is outside of, first in or further in a mention."""
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+|\n+")
_SEVERAL: Final = 3
_WHOLE_WEIGHT, _SENTENCES_WEIGHT = 0.6, 1.8
"""How much the whole and the average of its sentences count in a text of several; a logistic regression over reviews
found that the sentences count about four times as much as the whole."""
_SURE: Final = 1.0
"""A whole whose positive and negative are farther apart is not read sentence by sentence: of reviews, one in eleven is
nearer, and reading the others again made them no more often right."""
_MOST_OF_SENTENCE: Final = 4.0
"""No sentence says more than so much."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Turns logits into confidences; found on texts that nothing was learned from.

    Attributes:
        sentiment_scale: of the sentiments' logits.
        sentiment_shift: [4] added to them first.
        toxicity_scale: [8] of the toxicities' logits.
        toxicity_shift: [8] added to them first.
        hate_in_toxicity: how much hate speech adds to the toxicity of all, in logits: what only swears is less toxic.
        feeling_scale: of the logits of what is felt about a mention.
        mention_threshold: a piece with more confidence than this is in a mention.
    """

    sentiment_scale: float
    sentiment_shift: Reals
    toxicity_scale: Reals
    toxicity_shift: Reals
    hate_in_toxicity: float
    feeling_scale: float
    mention_threshold: float


@dataclass(frozen=True, slots=True)
class Mentioned:
    """A stretch of a text that may be felt about.

    Attributes:
        begin: first character.
        end: character after the last.
        score: confidence that it is a mention.
        feelings: confidences of positive, negative and neutral, sum 1.
    """

    begin: int
    end: int
    score: float
    feelings: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the heads say of a text.

    Attributes:
        windows: the stretches in which it was read.
        sentiment: [windows, 4].
        toxicity: [windows, 8].
        targets: for each window [pieces, 6].
    """

    windows: list[Window]
    sentiment: Reals
    toxicity: Reals
    targets: list[Reals]

    def felt(self) -> Reals:
        """Returns [4] the windows' sentiments, averaged by their lengths."""
        lengths = [len(window.pieces) for window in self.windows]
        averages: Reals = np.average(self.sentiment, axis=0, weights=lengths).astype(np.float32)
        return averages


class OpinionReader:
    """Reads English texts. Several threads may share one."""

    def __init__(self, model: onnxruntime.InferenceSession, pieces: WordPieces, calibration: Calibration) -> None:
        self._model = model
        self._pieces = pieces
        self._calibration = calibration
        self._memory: Memory[_Reading] = Memory()

    @classmethod
    def load(cls, folder: Path = WEIGHTS, threads: int | None = None) -> OpinionReader:
        """Opens the model that Clary ships.

        Args:
            folder: holds `english-opinions.onnx`, `english-opinions.json` and `minilm-tokenizer.json`.
            threads: processors that one call may use; all by default.
        """
        said = json.loads((folder / "english-opinions.json").read_text(encoding="utf-8"))
        calibration = Calibration(
            said["sentiment_scale"],
            np.array(said["sentiment_shift"], np.float32),
            np.array(said["toxicity_scale"], np.float32),
            np.array(said["toxicity_shift"], np.float32),
            said["hate_in_toxicity"],
            said["feeling_scale"],
            said["mention_threshold"],
        )
        pieces = WordPieces.load(folder / "minilm-tokenizer.json")
        return cls(session(folder / "english-opinions.onnx", threads), pieces, calibration)

    def sentiment_logits(self, texts: Sequence[str]) -> Reals:
        """Returns [texts, 4] logits of `contract.SENTIMENTS`, before calibration.

        A text of three sentences or more whose whole is not sure is also read sentence by sentence, and what they
        say on average decides more between positive and negative than the whole.
        """
        cleaned = [plain(text) for text in texts]
        logits = np.stack([one.felt() for one in self._read(cleaned)])
        parts = [
            _several_sentences(text) if abs(row[0] - row[1]) <= _SURE else []
            for row, text in zip(logits, cleaned, strict=True)
        ]
        single = iter(self._run([sentence for sentences in parts for sentence in sentences]))
        for row, sentences in zip(logits, parts, strict=True):
            if sentences:
                felt = np.stack([next(single).felt() for _ in sentences])
                sides = np.clip(felt[:, 0] - felt[:, 1], -_MOST_OF_SENTENCE, _MOST_OF_SENTENCE)
                middle, side = (row[0] + row[1]) / 2, row[0] - row[1]
                half = (_WHOLE_WEIGHT * side + _SENTENCES_WEIGHT * sides.mean()) / 2
                row[:2] = middle + half, middle - half
        return logits

    def sentiment(self, texts: Sequence[str]) -> Reals:
        """Returns [texts, 4] confidences of `contract.SENTIMENTS`; each row sums to 1."""
        known = self._calibration
        return _softmax((self.sentiment_logits(texts) + known.sentiment_shift) * known.sentiment_scale)

    def toxicity_logits(self, texts: Sequence[str]) -> Reals:
        """Returns [texts, 8] logits of being toxic at all and of `contract.TOXICITIES`, before calibration."""
        logits = np.stack([one.toxicity.max(axis=0) for one in self._read([plain(text) for text in texts])])
        logits[:, 0] += self._calibration.hate_in_toxicity * logits[:, _HATE]
        return logits

    def toxicity(self, texts: Sequence[str]) -> Reals:
        """Returns [texts, 8] confidences: toxic at all, then `contract.TOXICITIES`."""
        known = self._calibration
        confidences: Reals = 1 / (
            1 + np.exp(-(self.toxicity_logits(texts) + known.toxicity_shift) * known.toxicity_scale)
        )
        confidences[:, 0] = np.maximum(confidences[:, 0], _SURELY_TOXIC * confidences[:, 1:].max(axis=1))
        return confidences

    def mentions(self, texts: Sequence[str], given: Sequence[Sequence[tuple[int, int]]]) -> list[list[Mentioned]]:
        """Finds what texts name, and what they feel about it.

        Args:
            texts: any texts.
            given: for each text, stretches (begin, end) that are mentions in any case; they take precedence, with the
                score 1.

        Returns:
            For each text its mentions in order, without overlap.
        """
        found: list[list[Mentioned]] = []
        for text, read, spans in zip(texts, self._read(texts), given, strict=True):
            mentions: list[Mentioned] = []
            for window, rows in zip(read.windows, read.targets, strict=True):
                inside = _softmax(rows[:, :_OUTSIDE])
                felt = _softmax(rows[:, _OUTSIDE:] * self._calibration.feeling_scale)
                mentions += self._of_window(text, window, inside, felt, spans)
            found.append(sorted(mentions, key=lambda one: one.begin))
        return found

    def _of_window(
        self, text: str, window: Window, inside: Reals, felt: Reals, given: Sequence[tuple[int, int]]
    ) -> list[Mentioned]:
        spans = [(_covering(window, begin, end), begin, end) for begin, end in given]
        mentions = [
            Mentioned(begin, end, 1.0, _mean(felt[pieces[0] : pieces[1]])) for pieces, begin, end in spans if pieces
        ]
        for first, last in _spans(window, text, inside, self._calibration.mention_threshold):
            begin, end = window.offsets[first][0], window.offsets[last - 1][1]
            if not any(begin < other_end and other_begin < end for _, other_begin, other_end in spans):
                score = float(1 - inside[first:last, 0].mean())
                mentions.append(Mentioned(begin, end, score, _mean(felt[first:last])))
        return mentions

    def _read(self, texts: Sequence[str]) -> list[_Reading]:
        """Returns what the heads say of texts, which are remembered."""
        known = self._memory.of(texts)
        fresh = [text for text in dict.fromkeys(texts) if text not in known]
        new = dict(zip(fresh, self._run(fresh), strict=True))
        self._memory.keep(new)
        known |= new
        return [known[text] for text in texts]

    def _run(self, texts: Sequence[str]) -> list[_Reading]:
        windows = self._pieces.windows(texts)
        ready = list(batches(windows))
        by_window: dict[int, tuple[Reals, Reals, Reals]] = {}
        for batch, found in zip(ready, run_all(self._model, _HEADS, [one.inputs for one in ready]), strict=True):
            by_window.update(zip(batch.windows, zip(*found, strict=True), strict=True))
        of_text: list[list[int]] = [[] for _ in texts]
        for number, window in enumerate(windows):
            of_text[window.text].append(number)
        return [
            _Reading(
                [windows[number] for number in numbers],
                np.stack([by_window[number][0] for number in numbers]),
                np.stack([by_window[number][1] for number in numbers]),
                [by_window[number][2][: len(windows[number].pieces)] for number in numbers],
            )
            for numbers in of_text
        ]


def _several_sentences(text: str) -> list[str]:
    """Returns the sentences of a text, none where they are few."""
    sentences = [part for part in _SENTENCE_END.split(text) if any(map(str.isalnum, part))]
    return sentences if len(sentences) >= _SEVERAL else []


def _spans(window: Window, text: str, inside: Reals, threshold: float) -> list[tuple[int, int]]:
    """Puts together the pieces that are in mentions; a word is in one or not as its first piece says."""
    spans: list[tuple[int, int]] = []
    open_span = False
    for number in range(1, len(window.pieces) - 1):
        begin = window.offsets[number][0]
        goes_on = number > 1 and begin == window.offsets[number - 1][1] and text[begin - 1 : begin + 1].isalnum()
        if goes_on:
            if open_span:
                spans[-1] = (spans[-1][0], number + 1)
            continue
        outside, first, further = inside[number]
        if 1 - outside <= threshold:
            open_span = False
        elif open_span and further > first:
            spans[-1] = (spans[-1][0], number + 1)
        else:
            spans.append((number, number + 1))
            open_span = True
    return spans


def _covering(window: Window, begin: int, end: int) -> tuple[int, int] | None:
    """Returns the first and after the last piece of the window that touch characters `begin` to `end`."""
    offsets = window.offsets
    if begin < offsets[1][0]:
        return None
    first = bisect_right(offsets, begin, 1, len(offsets) - 1, key=lambda piece: piece[1])
    last = bisect_left(offsets, end, first, len(offsets) - 1, key=lambda piece: piece[0])
    return (first, last) if first < last else None


def _mean(rows: Reals) -> tuple[float, float, float]:
    positive, negative, neutral = rows.mean(axis=0).tolist()
    return positive, negative, neutral


def _softmax(logits: Reals) -> Reals:
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Reals = raised / raised.sum(axis=-1, keepdims=True)
    return shares
