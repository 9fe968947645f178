"""How well words were read: exact words in their place, words of a receipt, character errors, words on photographs.

Boxes are (left, top, right, bottom) in pixels.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

Found = tuple[str, tuple[float, float, float, float]]
"""A word and its box."""
IOU = 0.5


@dataclass
class Tally:
    """Counts of hits among what was wanted and what was found."""

    hits: int = 0
    wanted: int = 0
    found: int = 0

    def add(self, hits: int, wanted: int, found: int) -> None:
        """Counts one page more."""
        self.hits += hits
        self.wanted += wanted
        self.found += found

    @property
    def recall(self) -> float:
        """Of what was wanted, in percent."""
        return 100 * self.hits / max(self.wanted, 1)

    @property
    def precision(self) -> float:
        """Of what was found, in percent."""
        return 100 * self.hits / max(self.found, 1)

    @property
    def f1(self) -> float:
        """Their harmonic mean, in percent."""
        return 200 * self.hits / max(self.wanted + self.found, 1)


def overlaps(one: Sequence[Found], other: Sequence[Found]) -> np.ndarray:
    """[one, other] intersection over union."""
    if not one or not other:
        return np.zeros((len(one), len(other)))
    a = np.array([box for _, box in one], float)[:, None]
    b = np.array([box for _, box in other], float)[None]
    width = np.clip(np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0]), 0, None)
    height = np.clip(np.minimum(a[..., 3], b[..., 3]) - np.maximum(a[..., 1], b[..., 1]), 0, None)
    both = width * height
    area_a = (a[..., 2] - a[..., 0]) * (a[..., 3] - a[..., 1])
    area_b = (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])
    return both / np.maximum(area_a + area_b - both, 1e-9)


def assigned(wanted: Sequence[Found], found: Sequence[Found]) -> list[tuple[int, int]]:
    """Pairs of words whose boxes overlap by half, one to one, with the greatest sum of overlaps."""
    ratio = overlaps(wanted, found)
    rows, columns = linear_sum_assignment(-ratio)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if ratio[i, j] >= IOU]


def exact_words(wanted: Sequence[Found], found: Sequence[Found], tally: Tally) -> None:
    """Counts the words with equal text in the right place (the protocol of docTR's published figures)."""
    pairs = assigned(wanted, found)
    tally.add(sum(wanted[i][0] == found[j][0] for i, j in pairs), len(wanted), len(found))


def bag_of_words(wanted: Sequence[str], found: Sequence[str], tally: Tally) -> None:
    """Counts equal words wherever they stand, case folded."""
    one, other = Counter(word.casefold() for word in wanted), Counter(word.casefold() for word in found)
    tally.add((one & other).total(), one.total(), other.total())


def edits(one: str, other: str) -> int:
    """Levenshtein distance in characters."""
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        above, row[0] = row[0], i
        for j, right in enumerate(other, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (left != right))
    return row[-1]


def inside(wanted: Sequence[Found], found: Sequence[Found]) -> list[str]:
    """For each wanted box, the found words whose centre lies in it, from left to right."""
    texts = []
    for _, (left, top, right, bottom) in wanted:
        held = [
            (box[0], text)
            for text, box in found
            if left <= (box[0] + box[2]) / 2 <= right and top <= (box[1] + box[3]) / 2 <= bottom
        ]
        texts.append(" ".join(text for _, text in sorted(held)))
    return texts


def spotted(wanted: Sequence[Found], found: Sequence[Found], tally: Tally) -> None:
    """Counts the words of a photograph that were found and read, as ICDAR 2015's word spotting does.

    Only words with at least three letters or digits count, case and outer punctuation aside; what was found upon a
    word that nobody has to read ("###" or a short one) counts neither way.
    """
    must = [(spelled(text), box) for text, box in wanted if text != "###" and len(alphanumerics(text)) >= 3]
    free = [(text, box) for text, box in wanted if text == "###" or len(alphanumerics(text)) < 3]
    seen = [(spelled(text), box) for text, box in found if len(alphanumerics(text)) >= 3]
    pairs = assigned(must, seen)
    taken = {j for _, j in pairs}
    ignored = overlaps(seen, free).max(axis=1, initial=0) >= IOU if free else np.zeros(len(seen), bool)
    counted = sum(j in taken or not ignored[j] for j in range(len(seen)))
    tally.add(sum(must[i][0] == seen[j][0] for i, j in pairs), len(must), counted)


def alphanumerics(text: str) -> str:
    return re.sub(r"[\W_]", "", text)


def spelled(text: str) -> str:
    return re.sub(r"^[\W_]+|[\W_]+$", "", text).casefold()
