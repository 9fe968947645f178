"""The scikit-learn container: arrays in, `predict`, arrays out; how a model is loaded only the user knows."""

from __future__ import annotations

import json
from typing import Any

import numpy

from ..codecs import decode
from ..content_types import JSON, TEXT_TYPES, media_type
from ..errors import UnsupportedFormat
from ..results import Result, toolkit_refusal, trace_of
from .arrays import ArrayDefaults


class ScikitLearnDefaults(ArrayDefaults):
    """Where the user gives no handler."""

    def input_fn(self, body: str | bytes, content_type: str) -> Any:
        """A request as an array; text becomes 32-bit numbers, and a single row a table of one."""
        array = decode(body, content_type)
        if isinstance(array, numpy.ndarray):
            if media_type(content_type) in TEXT_TYPES:
                array = array.astype(numpy.float32)
            if array.ndim == 1:
                array = array.reshape(1, -1)
        return array

    def predict_fn(self, data: Any, model: Any) -> Any:
        """`model.predict(data)`."""
        return model.predict(data)

    def refusal(self, error: Exception) -> Result:
        """An unknown content type is answered with JSON, as AWS's container does."""
        if not isinstance(error, UnsupportedFormat):
            return toolkit_refusal(error)
        body = {
            "error": "UnsupportedFormatError",
            "error-message": error.message,
            "stack-trace": trace_of(error),
        }
        return Result(error.status_code, json.dumps(body).encode(), JSON)
