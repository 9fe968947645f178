"""Labels of words as spans: B-X begins a span of type X, I-X continues it, O is outside (Ramshaw and Marcus 1995)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Span(NamedTuple):
    """Words that belong together: number of the first, number after the last, type and confidence."""

    begin: int
    end: int
    type: str
    score: float

    def moved(self, words: int) -> Span:
        """The same span so many words further on."""
        return Span(self.begin + words, self.end + words, self.type, self.score)


def best_labels(probabilities: NDArray[np.float32], labels: Sequence[str], counts: Sequence[int]) -> list[list[int]]:
    """Returns the likeliest rows of labels in which every I-X follows a B-X or I-X (Viterbi 1967).

    Args:
        probabilities: [rows, words, labels].
        labels: their names.
        counts: the words of each row; what stands behind them does not matter.
    """
    allowed = np.zeros((len(labels), len(labels)), np.float32)
    for new, name in enumerate(labels):
        if name[0] == "I":
            for old, before in enumerate(labels):
                if before[0] == "O" or before[2:] != name[2:]:
                    allowed[old, new] = -1e4
    scores = np.log(np.maximum(probabilities, 1e-9))
    rows, length, _ = scores.shape
    best = scores[:, 0] + np.array([-1e4 if name[0] == "I" else 0 for name in labels], np.float32)
    from_where = np.zeros(scores.shape, np.int64)
    ends = np.zeros(rows, np.int64)
    last = np.asarray(counts) - 1
    ends[last == 0] = best[last == 0].argmax(1)
    for place in range(1, length):
        ways = best[:, :, None] + allowed[None]
        from_where[:, place] = ways.argmax(1)
        best = ways.max(1) + scores[:, place]
        ends[last == place] = best[last == place].argmax(1)
    answers = []
    for row in range(rows):
        label, path = int(ends[row]), []
        for place in range(counts[row] - 1, -1, -1):
            path.append(label)
            label = int(from_where[row, place, label])
        answers.append(path[::-1])
    return answers


def spans(path: Sequence[int], probabilities: NDArray[np.float32], labels: Sequence[str], first: int = 0) -> list[Span]:
    """Returns the spans of a row of labels.

    Args:
        path: the label of each word, by number; each I-X follows a B-X or I-X.
        probabilities: [words, labels], of which the confidence of a span is the mean.
        labels: their names.
        first: the number of the row's first word.
    """
    found: list[Span] = []
    begin, kind, total = 0, "", 0.0
    for place, number in enumerate([*path, labels.index("O")]):
        name = labels[number]
        if kind and name[0] != "I":
            found.append(Span(first + begin, first + place, kind, total / (place - begin)))
            kind = ""
        if name[0] == "B":
            begin, kind, total = place, name[2:], 0.0
        if kind:
            total += float(probabilities[place, number])
    return found
