"""`input_handler` and `output_handler`, or `handler`, around TensorFlow Serving's REST interface."""

from __future__ import annotations

import io
import json
import threading
from collections import namedtuple
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import Any

from ..content_types import ANY, JSON, media_type
from ..handlers import BadHandlers, user_module
from ..results import Result, to_bytes, trace_of
from ..settings import Settings
from .tensorflow import Models
from .tensorflow_json import BadRequest, tfs_attributes, to_tfs_json

Context = namedtuple(
    "Context",
    "model_name, model_version, method, rest_uri, grpc_port, channel, custom_attributes, request_content_type, "
    "accept_header, content_length",
)
_CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
_JSON_TYPES = (JSON, "application/jsonlines", "application/jsons")


class TensorFlowInference:
    """A model of the TensorFlow container; loading it is a part of the construction."""

    def __init__(self, settings: Settings) -> None:
        module = user_module(settings)
        self._handler, self._input, self._output = _handlers_of(module)
        self._models = Models(settings.model_folder)
        self._port = _serve_rest(self._models) if module is not None else 0

    def answer(self, body: bytes, headers: Mapping[str, str]) -> Result:
        """Answers a request; whatever the handlers raise becomes an answer too."""
        attributes = tfs_attributes(headers.get(_CUSTOM_ATTRIBUTES, ""))
        name = attributes.get("tfs-model-name", self._models.default)
        version, method = attributes.get("tfs-model-version"), attributes.get("tfs-method", "predict")
        content_type = headers.get("content-type") or JSON
        accept = headers.get("accept", "")
        accept = JSON if accept in ("", ANY) else accept
        if self._handler is None and self._input is None:
            return self._plainly(body, media_type(content_type), accept, name, version, method)
        uri = f"http://127.0.0.1:{self._port}/v1/models/{name}"
        uri += f"/versions/{version}:{method}" if version else f":{method}"
        context = Context(
            attributes.get("tfs-model-name"),
            version,
            attributes.get("tfs-method"),
            uri,
            None,
            None,
            headers.get(_CUSTOM_ATTRIBUTES),
            content_type,
            accept,
            len(body),
        )
        try:
            if self._handler is not None:
                answer, answer_type = self._handler(io.BytesIO(body), context)
            else:
                sent = self._input(io.BytesIO(body), context)
                response = RestResponse(*self._models.answer(_sent(sent), name, version, method))
                answer, answer_type = self._output(response, context)
            return Result(200, to_bytes(answer), answer_type)
        except Exception as error:  # whatever a handler does, the worker goes on
            return self.refusal(error)

    def refusal(self, error: Exception) -> Result:
        """The answer to a request that failed."""
        print(trace_of(error), end="", flush=True)  # noqa: T201 - this is the replica's log
        return Result(500, json.dumps({"error": str(error)}).encode(), JSON)

    def _plainly(self, body: bytes, kind: str, accept: str, name: str, version: str | None, method: str) -> Result:
        """Without handlers: JSON and CSV go to the model as they are."""
        if kind not in (*_JSON_TYPES, "text/csv"):
            return Result(415, json.dumps({"error": f"Unsupported Media Type: {kind or 'Unknown'}"}).encode(), JSON)
        try:
            request = to_tfs_json(body.decode("utf-8"), kind)
        except (BadRequest, UnicodeDecodeError) as error:
            return Result(400, json.dumps({"error": str(error)}).encode(), JSON)
        try:
            status, answer = self._models.answer(request, name, version, method)
        except Exception as error:  # whatever a model does, the worker goes on
            return self.refusal(error)
        first = accept.split(",")[0].strip()
        return Result(status, answer, first if first in (JSON, "application/jsonlines") else JSON)


def _handlers_of(module: ModuleType | None) -> tuple[Any, Any, Any]:
    if module is None:
        return None, None, None
    handler = getattr(module, "handler", None)
    before, after = getattr(module, "input_handler", None), getattr(module, "output_handler", None)
    if handler is None and (before is None or after is None):
        raise BadHandlers(
            "Handlers are not implemented correctly in user script: the TensorFlow container takes input_handler(data, "
            "context) and output_handler(response, context), or handler(data, context)."
        )
    return (handler, None, None) if handler is not None else (None, before, after)


def _sent(value: Any) -> str | bytes:
    """What an input_handler returned, as the body of a request."""
    return value if isinstance(value, str | bytes) else to_bytes(value)


class RestResponse:
    """TensorFlow Serving's answer, with what scripts use of `requests.Response`."""

    def __init__(self, status: int, content: bytes) -> None:
        self.status_code = status
        self.content = content
        self.headers = {"Content-Type": JSON}
        self.ok = status < 400
        self.encoding = "utf-8"

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode("utf-8")

    def json(self) -> Any:
        """The body as what it holds."""
        return json.loads(self.content)

    def raise_for_status(self) -> None:
        """Raises for a status of 400 and more.

        Raises:
            ValueError: with the body.
        """
        if not self.ok:
            raise ValueError(self.text)


def _serve_rest(models: Models) -> int:
    """Answers TensorFlow Serving's REST interface on the loopback, for handlers that ask it; returns the port."""

    class RestRequests(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            place, _, method = self.path.removeprefix("/v1/models/").partition(":")
            name, _, version = place.partition("/versions/")
            status, answer = models.answer(body, name, version or None, method or "predict")
            self._send(status, answer)

        def do_GET(self) -> None:
            state = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
            self._send(200, json.dumps({"model_version_status": [state]}).encode())

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", JSON)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - http.server's own name
            """Every request is in the log of the endpoint's own requests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), RestRequests)
    threading.Thread(target=server.serve_forever, name="tensorflow serving", daemon=True).start()
    return int(server.server_address[1])
