"""How good a model of users' own labels is on pictures that it has not learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clary.engines.vision.boxes import overlaps
from clary.engines.vision.custom_labels import Answer
from clary.engines.vision.picture_truths import PictureTruth

SAME_OBJECT = 0.5
"""Overlap (intersection over union) from which on a box counts as found."""
_NOTHING = ""
_GRID = np.linspace(0.05, 0.95, 91)


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer that was held against the truth.

    Attributes:
        picture: its number.
        label: what was said.
        confidence: 0..1.
        truth: the label that is there, "" for none.
    """

    picture: int
    label: str
    confidence: float
    truth: str


@dataclass(frozen=True, slots=True)
class LabelScore:
    """How well a label is found at the threshold that is best for it.

    Attributes:
        pictures: how many test pictures have it.
    """

    threshold: float
    precision: float
    recall: float
    f1: float
    pictures: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The scores of a model.

    Attributes:
        labels: by name.
        precision, recall, f1: means over the labels that occur in the test pictures.
        confusion: (true label, said label) -> share of the true label's occurrences; "" is nothing.
    """

    labels: Mapping[str, LabelScore]
    precision: float
    recall: float
    f1: float
    confusion: Mapping[tuple[str, str], float]


def judged(number: int, answers: Sequence[Answer], truth: PictureTruth) -> list[Judged]:
    """Holds the answers for a picture against the truth, the surest first; a true object is found once."""
    if not any(answer["box"] is not None for answer in answers) and not len(truth.boxes):
        present = set(truth.labels)
        return [
            Judged(number, answer["name"], answer["confidence"], answer["name"] if answer["name"] in present else "")
            for answer in answers
        ]
    boxes = np.array([_corners(answer) for answer in answers], np.float32).reshape(-1, 4)
    shared = overlaps(boxes, truth.boxes)
    free = np.ones(len(truth.boxes), bool)
    results = []
    for index, answer in enumerate(answers):
        own = np.array([label == answer["name"] for label in truth.labels], bool)
        overlap = np.where(free & own, shared[index], 0.0) if len(free) else np.zeros(0)
        hit = int(overlap.argmax()) if len(overlap) else -1
        if hit >= 0 and overlap[hit] >= SAME_OBJECT:
            free[hit] = False
            results.append(Judged(number, answer["name"], answer["confidence"], answer["name"]))
        else:
            results.append(Judged(number, answer["name"], answer["confidence"], _NOTHING))
    return results


def _corners(answer: Answer) -> NDArray[np.float32]:
    box = answer["box"]
    assert box is not None
    left, top = box["left"], box["top"]
    return np.array([left, top, left + box["width"], top + box["height"]], np.float32)


def evaluate(results: Sequence[Judged], truths: Sequence[PictureTruth], labels: Sequence[str]) -> Evaluation:
    """The scores of a model.

    Args:
        results: of `judged`, for all test pictures.
        truths: of the test pictures.
        labels: all that the model knows.
    """
    scores: dict[str, LabelScore] = {}
    for label in labels:
        confidences = np.array([one.confidence for one in results if one.label == label])
        right = np.array([one.truth == label for one in results if one.label == label], bool)
        there = sum(truth.labels.count(label) if len(truth.boxes) else label in truth.labels for truth in truths)
        pictures = sum(label in truth.labels for truth in truths)
        scores[label] = _best(confidences, right, there, pictures)
    tested = [score for score in scores.values() if score.pictures] or list(scores.values())
    precision, recall, f1 = (
        float(np.mean([getattr(score, name) for score in tested])) for name in ("precision", "recall", "f1")
    )
    return Evaluation(scores, precision, recall, f1, _confusion(results, truths, scores))


def _best(confidences: NDArray[np.float64], right: NDArray[np.bool_], there: int, pictures: int) -> LabelScore:
    """The score at the threshold with the best balance; with equal ones the middle of their range."""
    hits = np.array([np.count_nonzero(right & (confidences >= threshold)) for threshold in _GRID])
    said = np.array([np.count_nonzero(confidences >= threshold) for threshold in _GRID])
    f1 = 2 * hits / np.maximum(said + there, 1)
    equal = np.flatnonzero(f1 >= f1.max() - 1e-9)
    chosen = int(equal[len(equal) // 2])
    return LabelScore(
        threshold=float(_GRID[chosen]),
        precision=float(hits[chosen] / max(said[chosen], 1)),
        recall=float(hits[chosen] / max(there, 1)),
        f1=float(f1[chosen]),
        pictures=pictures,
    )


def _confusion(
    results: Sequence[Judged], truths: Sequence[PictureTruth], scores: Mapping[str, LabelScore]
) -> dict[tuple[str, str], float]:
    """What is said of pictures that have one label; of others nothing can be confused with anything."""
    counts: dict[tuple[str, str], int] = {}
    said: dict[int, Judged] = {}
    for one in results:
        best = said.get(one.picture)
        if best is None or one.confidence > best.confidence:
            said[one.picture] = one
    for number, truth in enumerate(truths):
        if len(truth.boxes) or len(set(truth.labels)) != 1:
            continue
        answer = said.get(number)
        sure = answer is not None and answer.confidence >= scores[answer.label].threshold
        pair = (truth.labels[0], answer.label if answer is not None and sure else _NOTHING)
        counts[pair] = counts.get(pair, 0) + 1
    totals: dict[str, int] = {}
    for (label, _), count in counts.items():
        totals[label] = totals.get(label, 0) + count
    return {pair: count / totals[pair[0]] for pair, count in sorted(counts.items())}
