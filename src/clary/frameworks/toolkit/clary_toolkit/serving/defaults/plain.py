"""Plain Python, and what all frameworks share: the user brings the handlers, JSON and CSV are understood."""

from __future__ import annotations

import csv
import io
import json
from http import HTTPStatus
from typing import Any

from ..content_types import CSV, JSON, media_type, pick
from ..errors import UndecodableRequest, UnsupportedFormat
from ..results import Result, to_bytes, toolkit_refusal


class Defaults:
    """What a framework does where the user gives no handler; each method with `_fn` is a handler of that name."""

    def model_fn(self, model_dir: str) -> Any:
        """Loads the model.

        Raises:
            NotImplementedError: only the user knows what the model looks like.
        """
        raise NotImplementedError(
            "Please provide a model_fn implementation. See documentation for model_fn at "
            "https://github.com/aws/sagemaker-python-sdk"
        )

    def input_fn(self, body: str | bytes, content_type: str) -> Any:
        """JSON as what it holds, CSV as a list of rows of text.

        Raises:
            UnsupportedFormat: it is neither.
            UndecodableRequest: the body is not of its content type.
        """
        kind = media_type(content_type)
        if kind == JSON:
            try:
                return json.loads(body)
            except ValueError as error:
                raise UndecodableRequest(content_type, error) from error
        if kind == CSV:
            return list(csv.reader(io.StringIO(body if isinstance(body, str) else body.decode("utf-8"))))
        raise UnsupportedFormat(content_type)

    def predict_fn(self, data: Any, model: Any) -> Any:
        """Asks the model: its `predict`, or the model itself where it can be called.

        Raises:
            NotImplementedError: it is neither.
        """
        ask = getattr(model, "predict", model)
        if not callable(ask):
            raise NotImplementedError(
                "Please provide a predict_fn implementation. See documentation for predict_fn at "
                "https://github.com/aws/sagemaker-python-sdk"
            )
        return ask(data)

    def output_fn(self, prediction: Any, accept: str) -> Any:
        """Text and bytes as they are, else JSON or CSV, as the client wants.

        Raises:
            UnsupportedFormat: the client wants neither.
        """
        if isinstance(prediction, bytes | str):
            return prediction, accept
        kind = pick(accept, (JSON, CSV))
        if kind == JSON:
            return json.dumps(prediction, default=_plain), JSON
        if kind == CSV:
            out = io.StringIO()
            rows = prediction.tolist() if hasattr(prediction, "tolist") else prediction
            csv.writer(out).writerows(row if isinstance(row, list | tuple) else [row] for row in rows)
            return out.getvalue(), CSV
        raise UnsupportedFormat(accept, HTTPStatus.NOT_ACCEPTABLE)

    def refusal(self, error: Exception) -> Result:
        """The answer to a request that failed."""
        return toolkit_refusal(error)


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else to_bytes(value).decode()
