"""The metrics that AWS's container adds to those of xgboost.

Each is computed from sums that hosts can add up (a confusion matrix, or sums over the rows), so that in distributed
training every host gets the metric of all rows, not of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost
from xgboost import collective

from clary.algorithms.contract import AlgorithmError

MOST_CLASSES = 4096
Doubles = npt.NDArray[np.float64]


def _ratio(numerator: Any, denominator: Any) -> Any:
    """Division in which 0/0 is 0, as scikit-learn has it for classes without rows."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator, np.float64), where=denominator > 0)


def _present(matrix: Doubles) -> Any:
    """The classes that occur in the labels or the predictions."""
    return (matrix.sum(axis=0) + matrix.sum(axis=1)) > 0


def _accuracy(matrix: Doubles) -> float:
    return float(np.trace(matrix) / max(matrix.sum(), 1.0))


def _balanced_accuracy(matrix: Doubles) -> float:
    actual = matrix.sum(axis=1)
    return float(_ratio(np.diag(matrix), actual)[actual > 0].mean()) if actual.any() else 0.0


def _precisions(matrix: Doubles) -> Any:
    return _ratio(np.diag(matrix), matrix.sum(axis=0))


def _recalls(matrix: Doubles) -> Any:
    return _ratio(np.diag(matrix), matrix.sum(axis=1))


def _f1s(matrix: Doubles) -> Any:
    return _ratio(2 * np.diag(matrix), matrix.sum(axis=0) + matrix.sum(axis=1))


def _macro(of_classes: Callable[[Doubles], Any]) -> Callable[[Doubles], float]:
    """The mean over the classes that occur."""
    return lambda matrix: float(of_classes(matrix)[_present(matrix)].mean()) if matrix.any() else 0.0


def _positive(of_classes: Callable[[Doubles], Any]) -> Callable[[Doubles], float]:
    """The value of class 1."""
    return lambda matrix: float(of_classes(matrix)[1])


CONFUSION_METRICS: dict[str, Callable[[Doubles], float]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "f1": _macro(_f1s),
    "f1_binary": _positive(_f1s),
    "f1_macro": _macro(_f1s),
    "precision": _positive(_precisions),
    "precision_macro": _macro(_precisions),
    "precision_micro": _accuracy,
    "recall": _positive(_recalls),
    "recall_macro": _macro(_recalls),
    "recall_micro": _accuracy,
}
"""From the confusion matrix (rows: label, columns: prediction), shape (classes, classes)."""

SUM_METRICS = ("mse", "r2")
OWN_METRICS = (*CONFUSION_METRICS, *SUM_METRICS)


def evaluator(names: Sequence[str], objective: str) -> Any:
    """A function (predictions, DMatrix) -> [(name, value)] for `Booster.eval_set`, or None: nothing to compute.

    Args:
        names: of `OWN_METRICS`, in the order of the log.
        objective: says how a prediction becomes a class.
    """
    if not names:
        return None

    def evaluate(predictions: Any, data: xgboost.DMatrix) -> list[tuple[str, float]]:
        labels = data.get_label()
        found: dict[str, float] = {}
        if any(name in CONFUSION_METRICS for name in names):
            matrix = confusion(labels, predicted_classes(predictions, objective))
            found |= {name: CONFUSION_METRICS[name](matrix) for name in names if name in CONFUSION_METRICS}
        if any(name in SUM_METRICS for name in names):
            found |= dict(zip(SUM_METRICS, _sums(labels, np.asarray(predictions)), strict=True))
        return [(name, found[name]) for name in names]

    return evaluate


def predicted_classes(predictions: Any, objective: str) -> Any:
    """The class of each prediction, int64, shape (rows,)."""
    values = np.asarray(predictions)
    if values.ndim == 2 and values.shape[1] > 1:
        return values.argmax(axis=1)
    if objective == "binary:logitraw":
        return (values > 0).astype(np.int64)
    return np.rint(values).astype(np.int64).reshape(-1)


def confusion(labels: Any, classes: Any) -> Any:
    """The confusion matrix of all hosts, float64, shape (classes, classes).

    Raises:
        AlgorithmError: the labels are no classes.
    """
    truth = np.asarray(labels).astype(np.int64)
    classes = classes.clip(0, MOST_CLASSES)
    size = int(_all(np.array([max(truth.max(initial=1), classes.max(initial=1)) + 1]), collective.Op.MAX)[0])
    if size > MOST_CLASSES or truth.min(initial=0) < 0 or (truth != labels).any():
        raise AlgorithmError(
            f"Hyperparameter eval_metric: {', '.join(CONFUSION_METRICS)} need labels that are classes: 0, 1, 2, ..."
        )
    matrix = np.zeros((size, size), np.float64)
    np.add.at(matrix, (truth, classes), 1.0)
    return _all(matrix.reshape(-1), collective.Op.SUM).reshape(size, size)


def _sums(labels: Any, predictions: Any) -> tuple[float, float]:
    """Mean squared error and R2 over the rows of all hosts."""
    truth = np.asarray(labels, np.float64)
    errors = predictions.reshape(-1)[: truth.size] - truth if predictions.size == truth.size else np.full(1, np.nan)
    local = np.array([truth.size, truth.sum(), np.square(truth).sum(), np.square(errors).sum()], np.float64)
    count, total, squares, error = _all(local, collective.Op.SUM)
    spread = squares - total * total / max(count, 1.0)
    return float(error / max(count, 1.0)), float(1.0 - error / spread) if spread > 0 else 0.0


def _all(values: Any, operation: collective.Op) -> Any:
    """Values combined over all hosts."""
    return collective.allreduce(values, operation) if collective.is_distributed() else values
