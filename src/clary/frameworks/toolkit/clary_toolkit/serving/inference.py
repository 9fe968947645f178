"""From a request's bytes to an answer's bytes: one model in one worker, asked through its handlers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from .content_types import ANY, JSON, TEXT_TYPES, media_type
from .context import Context
from .defaults.plain import Defaults
from .handlers import Handlers, user_module
from .results import Result, to_bytes
from .settings import Settings


class Model(Protocol):
    """A loaded model."""

    def answer(self, body: bytes, headers: Mapping[str, str]) -> Result:
        """Answers a request; whatever the handlers raise becomes an answer too.

        Args:
            headers: names in lower case.
        """
        ...

    def refusal(self, error: Exception) -> Result:
        """The answer to a request that failed with `error`."""
        ...


class Inference:
    """A model behind `model_fn`, `input_fn`, `predict_fn` and `output_fn`, or `transform_fn`.

    Loading the model is a part of the construction.

    Args:
        defaults: the framework's own handlers.
        gpu_id: the GPU to use, None for none.
    """

    def __init__(self, settings: Settings, defaults: Defaults, gpu_id: int | None = None) -> None:
        self._default_accept = settings.default_accept
        self._context = Context(str(settings.model_folder), gpu_id)
        handlers = Handlers(user_module(settings), defaults, self._context)
        self._model = handlers.load(str(settings.model_folder))
        self._transform = handlers.transform
        self.refusal = defaults.refusal

    def answer(self, body: bytes, headers: Mapping[str, str]) -> Result:
        """Answers a request; whatever the handlers raise becomes an answer too."""
        context = self._context
        context.begin(headers)
        content_type = headers.get("content-type") or JSON
        accept = headers.get("accept", "")
        if not accept or accept == ANY:
            accept = self._default_accept
        try:
            data = body.decode("utf-8") if media_type(content_type) in TEXT_TYPES else body
            result = self._transform(self._model, data, content_type, accept)
            return self._result(result, accept)
        except Exception as error:  # whatever a model does, the worker goes on
            return self.refusal(error)

    def _result(self, result: Any, accept: str) -> Result:
        status, content_type, headers = 200, accept, dict(self._context.response_headers)
        if isinstance(result, tuple) and len(result) == 2:
            result, content_type = result
        elif hasattr(result, "mimetype") and hasattr(result, "response"):  # a Response of sagemaker_containers or Flask
            status = int(getattr(result, "status_code", 200))
            content_type = result.mimetype or accept
            result = result.get_data() if hasattr(result, "get_data") else result.response
        status = self._context.response_status or status
        content_type = self._context.response_type or content_type
        if isinstance(result, Iterator):
            return Result(status, b"", content_type, headers, pieces=result)
        return Result(status, to_bytes(result), content_type, headers)
