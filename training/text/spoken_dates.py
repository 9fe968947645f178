"""Trains the model of dates in spoken English.

    python -m training.text.spoken_dates --data ../shared/data/text --out src/clary/engines/text/weights

Run from the root of the project. An averaged structured perceptron (Collins 2002) over the words and what the tagger
and the rules say of them. `--check` prints the scores of cross-validation in four parts and writes nothing.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clary.engines.text.english_tagger import EnglishTagger, Reading
from clary.engines.text.labels import best_labels
from clary.engines.text.spoken_dates import BUCKETS, LABELS, SpokenDates, features, is_spoken
from training.text.entity_sets import sentences

SCALE = 12.0
"""What divides sums of weights so that their softmax is a confidence, as `--check` found it."""
Piece = tuple[int, int]
Command = tuple[str, Reading, list[list[int]], list[int], set[Piece]]
"""Text, what the tagger says, the features of its words, their labels, its dates."""


def commands(path: Path, tagger: EnglishTagger) -> list[Command]:
    """Returns the spoken texts of a set."""
    made = []
    for words, labels in sentences(path):
        text, pieces, at, begin = " ".join(words), set[Piece](), 0, -1
        for word, label in zip([*words, ""], [*labels, "O"], strict=True):
            if begin >= 0 and label != "I-DATE":
                pieces.add((begin, at - 1))
                begin = -1
            if label == "B-DATE":
                begin = at
            at += len(word) + 1
        if is_spoken(text):
            made.append((text, pieces))
    read: list[Command] = []
    for first in range(0, len(made), 64):
        part = made[first : first + 64]
        for (text, pieces), reading in zip(part, tagger.read([text for text, _ in part]), strict=True):
            read.append((text, reading, features(text, reading), _labels(reading, pieces), pieces))
    return read


def _labels(reading: Reading, pieces: set[Piece]) -> list[int]:
    labels = [0] * len(reading.words)
    for begin, end in pieces:
        inside = [place for place, word in enumerate(reading.words) if word.begin >= begin and word.end <= end]
        for place in inside:
            labels[place] = 1 if place == inside[0] else 2
    return labels


def trained(data: Sequence[Command], epochs: int, seed: int) -> NDArray[np.float32]:
    """Returns the mean of all weights there were, [buckets, labels]."""
    rng = random.Random(seed)
    order = [one for one in data if one[2]]
    weights, sums, step = np.zeros((BUCKETS, len(LABELS)), np.float32), np.zeros((BUCKETS, len(LABELS))), 1
    for _ in range(epochs):
        rng.shuffle(order)
        for _, _, rows, labels, _ in order:
            step += 1
            scores = np.array([weights[row].sum(0) for row in rows])
            said = best_labels(_likely(scores)[None], LABELS, [len(rows)])[0]
            for row, right, wrong in zip(rows, labels, said, strict=True):
                if right != wrong:
                    for label, change in ((right, 1), (wrong, -1)):
                        np.add.at(weights[:, label], row, change)
                        np.add.at(sums[:, label], row, change * step)
    return (weights - sums / step).astype(np.float32)


def _likely(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    exponents = np.exp((scores - scores.max(1, keepdims=True)) / SCALE)
    likely: NDArray[np.float32] = exponents / exponents.sum(1, keepdims=True)
    return likely


def scored(model: SpokenDates, data: Sequence[Command]) -> tuple[int, int, int]:
    """Returns how many dates are right, how many were said and how many there are."""
    right = said = total = 0
    for text, reading, _, _, pieces in data:
        found = {(date.begin, date.end) for date in model.find(text, reading)}
        right, said, total = right + len(found & pieces), said + len(found), total + len(pieces)
    return right, said, total


def surprise(table: NDArray[np.float32], scale: float, data: Sequence[Command]) -> float:
    """Returns the mean negative logarithm of what the right labels were given."""
    total = count = 0.0
    for _, _, rows, labels, _ in data:
        if rows:
            sums = np.array([table[row].sum(0) for row in rows]) / scale
            likely = np.exp(sums - sums.max(1, keepdims=True))
            likely /= likely.sum(1, keepdims=True)
            total -= float(np.log(likely[np.arange(len(labels)), labels]).sum())
            count += len(labels)
    return total / count


def checked(data: list[Command], epochs: int, seed: int) -> None:
    """Prints the scores of cross-validation."""
    random.Random(seed).shuffle(data)
    right = said = total = 0
    for part in range(4):
        unseen = data[part::4]
        table = trained([one for place, one in enumerate(data) if place % 4 != part], epochs, seed)
        one = scored(SpokenDates(table, SCALE), unseen)
        right, said, total = right + one[0], said + one[1], total + one[2]
        surprises = {scale: surprise(table, scale, unseen) for scale in (4.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0)}
        print(
            part,
            f"F1 {200 * one[0] / (one[1] + one[2]):.1f}",
            f"scale {min(surprises, key=surprises.__getitem__)}",
            flush=True,
        )
    print(
        f"precision {100 * right / said:.1f}, recall {100 * right / total:.1f}, F1 {200 * right / (said + total):.1f}"
    )


def main() -> None:
    """Trains and writes `spoken_dates.npz`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    start = time.process_time()
    tagger = EnglishTagger.load(threads=1)
    data = commands(options.data / "int_nlu_eval" / "slots_train.conll", tagger)
    if options.check:
        checked(data, options.epochs, options.seed)
    else:
        table = trained(data, options.epochs, options.seed)
        used = np.flatnonzero(table.any(1)).astype(np.uint32)
        values = table[used].astype(np.float16)
        np.savez_compressed(options.out / "spoken_dates.npz", rows=used, values=values, scale=SCALE)
        print(len(data), "texts,", len(used), "features")
    print(f"{time.process_time() - start:.0f} s of one processor")


if __name__ == "__main__":
    main()
