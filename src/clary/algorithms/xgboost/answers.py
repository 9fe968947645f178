"""Writes predictions as the body of an answer, as AWS's container writes them.

The container's CSV on an endpoint is one line in which the scores of all rows are joined by commas, a row of several
scores being a Python list; in batch transform each row has a line of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import orjson

from clary.algorithms.contract import ContentTypeError, InputError
from clary.algorithms.readers import recordio
from clary.algorithms.readers.content_types import split_content_type

CSV, JSON, JSONLINES, RECORDIO = (
    "text/csv",
    "application/json",
    "application/jsonlines",
    "application/x-recordio-protobuf",
)
_ACCEPTED = {
    CSV: CSV,
    "csv": CSV,
    "text/*": CSV,
    JSON: JSON,
    "json": JSON,
    "application/*": JSON,
    JSONLINES: JSONLINES,
    "jsonlines": JSONLINES,
    RECORDIO: RECORDIO,
    "recordio-protobuf": RECORDIO,
}
CSV_ANSWER = "text/csv; charset=utf-8"

_SCORES = ("predicted_score",)
_LABELS = ("predicted_label", "labels", "raw_score", "raw_scores")
_PROBABILITIES = (*_LABELS, "probability", "probabilities")
SELECTABLE: dict[str, Sequence[str]] = {
    "reg:squarederror": _SCORES,
    "reg:logistic": _SCORES,
    "reg:gamma": _SCORES,
    "reg:tweedie": _SCORES,
    "reg:absoluteerror": _SCORES,
    "reg:pseudohubererror": _SCORES,
    "reg:squaredlogerror": _SCORES,
    "count:poisson": _SCORES,
    "binary:logistic": _PROBABILITIES,
    "binary:logitraw": _LABELS,
    "binary:hinge": _LABELS,
    "multi:softmax": _LABELS,
    "multi:softprob": _PROBABILITIES,
}
"""What `SAGEMAKER_INFERENCE_OUTPUT` may ask of a model with an objective; anything else comes back as NaN."""


@lru_cache(maxsize=64)
def accepted(accept: str, default: str) -> str:
    """The content type to answer with.

    Args:
        accept: an Accept header; the first type of it that there is wins; "" and "*/*" mean the default.

    Raises:
        ContentTypeError: none of its types can be had (406).
    """
    for item in accept.split(","):
        head, _ = split_content_type(item)
        if head in ("", "*/*"):
            head = split_content_type(default)[0] or CSV
        if head in _ACCEPTED:
            return _ACCEPTED[head]
    raise ContentTypeError(
        f"Accept type {accept} is not supported. Please use supported accept types: "
        f"{', '.join((CSV, JSON, JSONLINES, RECORDIO))}.",
        status=406,
    )


def scores(predictions: Any, form: str, batch: bool) -> tuple[bytes, str]:
    """The plain answer: the score of each row.

    Args:
        predictions: float32, shape (rows,) or (rows, classes).
        form: of `accepted`.
        batch: whether CSV gets a line for each row.
    """
    values = predictions.tolist()
    if form == CSV:
        text = "\n".join(map(str, values)) + "\n" if batch else ",".join(map(str, values))
        return text.encode(), CSV_ANSWER
    return _structured([{"score": value} for value in values], form)


def selected(predictions: Any, keys: Sequence[str], objective: str, form: str, batch: bool) -> tuple[bytes, str]:
    """The answer that `SAGEMAKER_INFERENCE_OUTPUT` asks for.

    Args:
        keys: in the order asked for.

    Raises:
        InputError: the objective has no selectable content.
    """
    valid = SELECTABLE.get(objective)
    if valid is None:
        raise InputError(f"Objective `{objective}` unsupported for selectable inference predictions.")
    rows = []
    for prediction in predictions:
        values = _contents(prediction, objective)
        rows.append({key: values[key] if key in valid else float("nan") for key in keys})
    if form == CSV:
        lines = (
            ",".join(f'"{value}"' if isinstance(value, list) else str(value) for value in row.values()) for row in rows
        )
        return ("\n".join(lines) + ("\n" if batch else "")).encode(), CSV_ANSWER
    return _structured(rows, form)


def _contents(prediction: Any, objective: str) -> dict[str, Any]:
    """Everything that can be said of one prediction: a number, or a vector of class probabilities."""
    if np.ndim(prediction):
        best = float(prediction.max())
        return {
            "predicted_label": int(prediction.argmax()),
            "labels": list(range(len(prediction))),
            "probability": best,
            "probabilities": prediction.tolist(),
            "raw_score": best,
            "raw_scores": prediction.tolist(),
        }
    value = float(prediction)
    label: float = {"binary:logistic": int(value > 0.5), "binary:logitraw": int(value > 0)}.get(objective, value)
    return {
        "predicted_score": value,
        "predicted_label": label,
        "labels": [0, 1],
        "probability": value,
        "probabilities": [1.0 - value, value],
        "raw_score": value,
        "raw_scores": [1.0 - value, value],
    }


def _structured(rows: list[dict[str, Any]], form: str) -> tuple[bytes, str]:
    """Rows as JSON, JSON Lines or RecordIO; JSON writes NaN as null."""
    if form == JSON:
        return orjson.dumps({"predictions": rows}), JSON
    if form == JSONLINES:
        return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows), JSONLINES
    records: list[Mapping[str, Sequence[float]]] = [
        {key: value if isinstance(value, list) else [value] for key, value in row.items()} for row in rows
    ]
    return recordio.encoded(records), RECORDIO
