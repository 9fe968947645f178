"""How good a classifier of documents is, on documents that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    hamming_loss,
    multilabel_confusion_matrix,
    precision_recall_fscore_support,
)

CERTAIN = 0.5
"""With such a probability a label of several holds."""


def predictions(probabilities: Any, *, several: bool) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """What holds, by the probabilities: booleans of the same shape (documents, classes)."""
    if several:
        return np.asarray(probabilities >= CERTAIN)
    found = np.zeros(probabilities.shape, dtype=bool)
    found[np.arange(len(found)), probabilities.argmax(axis=1)] = True
    return found


def indicators(labels: Sequence[Sequence[str]], names: Sequence[str]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Labels as booleans of shape (documents, classes); labels that are not among the names are left out."""
    number = {name: index for index, name in enumerate(names)}
    found = np.zeros((len(labels), len(names)), dtype=bool)
    for row, own in enumerate(labels):
        found[row, [number[name] for name in own if name in number]] = True
    return found


def measure(truth: Any, found: Any) -> dict[str, float]:
    """Accuracy, precision, recall and F1, the last three as means over classes and over decisions ("micro").

    Args:
        truth, found: booleans of shape (documents, classes).
    """
    macro = precision_recall_fscore_support(truth, found, average="macro", zero_division=0)
    micro = precision_recall_fscore_support(truth, found, average="micro", zero_division=0)
    return {
        "accuracy": float(accuracy_score(truth, found)),
        "precision": float(macro[0]),
        "recall": float(macro[1]),
        "f1": float(macro[2]),
        "micro_precision": float(micro[0]),
        "micro_recall": float(micro[1]),
        "micro_f1": float(micro[2]),
        "hamming_loss": float(hamming_loss(truth, found)),
    }


def confusion(truth: Any, found: Any, *, several: bool) -> list[Any]:
    """The confusion matrix: rows are what holds, columns what was found; one 2x2 matrix for each of several labels."""
    if several:
        matrices: list[Any] = multilabel_confusion_matrix(truth, found).tolist()
        return matrices
    counts = range(truth.shape[1])
    matrix: list[Any] = confusion_matrix(truth.argmax(axis=1), found.argmax(axis=1), labels=counts).tolist()
    return matrix
