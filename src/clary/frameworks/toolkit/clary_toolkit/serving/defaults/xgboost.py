"""The XGBoost container in script mode: requests become DMatrix objects; the user loads the model."""

from __future__ import annotations

import io
from typing import Any

import numpy
import xgboost

from ..codecs import decode
from ..content_types import CSV, media_type
from ..errors import UndecodableRequest, UnsupportedFormat
from .arrays import ArrayDefaults

LIBSVM = ("text/libsvm", "text/x-libsvm")


class XGBoostDefaults(ArrayDefaults):
    """Where the user gives no handler."""

    def input_fn(self, body: str | bytes, content_type: str) -> Any:
        """A request as a DMatrix: csv and libsvm, as in AWS's container, and the array types.

        Raises:
            UnsupportedFormat: another content type.
            UndecodableRequest: the body is not of its content type.
        """
        kind = media_type(content_type)
        if kind in LIBSVM:
            return xgboost.DMatrix(_libsvm(_text(body), content_type))
        if kind == CSV:
            return xgboost.DMatrix(_csv(_text(body)))
        array = decode(body, content_type)
        if not isinstance(array, numpy.ndarray):
            raise UnsupportedFormat(content_type)
        return xgboost.DMatrix(array if array.ndim > 1 else array.reshape(1, -1))

    def predict_fn(self, data: Any, model: Any) -> Any:
        """A booster's prediction; a scikit-learn style model is asked with its booster."""
        booster = model.get_booster() if hasattr(model, "get_booster") else model
        return booster.predict(data, validate_features=False)


def _text(body: str | bytes) -> str:
    return body if isinstance(body, str) else body.decode("utf-8")


def _csv(text: str) -> numpy.ndarray[Any, Any]:
    """Rows of numbers; what is empty is missing."""
    first = text.partition("\n")[0]
    delimiter = next((mark for mark in (",", "\t", ";", " ") if mark in first), ",")
    return numpy.genfromtxt(io.StringIO(text), delimiter=delimiter, dtype=numpy.float32, ndmin=2)


def _libsvm(text: str, content_type: str) -> Any:
    """Rows of "[LABEL] INDEX:VALUE ..." as a table with missing values."""
    rows: list[dict[int, float]] = []
    try:
        for line in text.splitlines():
            fields = [field.split(":") for field in line.split() if ":" in field]
            if line.strip():
                rows.append({int(index): float(value) for index, value in fields})
    except ValueError as error:
        raise UndecodableRequest(content_type, error) from error
    width = 1 + max((index for row in rows for index in row), default=-1)
    table = numpy.full((len(rows), max(width, 1)), numpy.nan, dtype=numpy.float32)
    for number, row in enumerate(rows):
        for index, value in row.items():
            table[number, index] = value
    return table
