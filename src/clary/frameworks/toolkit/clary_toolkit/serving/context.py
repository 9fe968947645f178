"""The context that handlers may ask for: what AWS's model servers (MMS, TorchServe) tell about a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NO_HEADERS: dict[str, str] = {}


class RequestProcessor:
    """The headers of a request, and the status of its answer, under the names of MMS."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def get_request_properties(self) -> dict[str, str]:
        """The request's headers, under their names in the usual spelling ("Content-Type")."""
        return {_spelled(name): value for name, value in self._context.request_headers.items()}

    def get_request_property(self, key: str) -> str | None:
        """One header, whatever the case of its name."""
        return self._context.get_request_header(0, key)

    def report_status(self, code: int, reason_phrase: str | None = None) -> None:
        """Sets the status of the answer."""
        self._context.set_response_status(code, reason_phrase)


class Context:
    """What handlers with a last parameter of their own get; one for a worker's whole life, as in AWS's servers.

    Attributes:
        system_properties: "model_dir", "gpu_id" (None without one), "batch_size" (1), "server_name".
        request_headers: of the request that is being answered; names in lower case.
        response_status, response_type, response_headers: what a handler has set for its answer.
    """

    def __init__(self, model_dir: str, gpu_id: int | None = None) -> None:
        self.model_name = "model"
        self.manifest: dict[str, Any] = {}
        self.explain = False
        self.system_properties: dict[str, Any] = {
            "model_dir": model_dir,
            "gpu_id": gpu_id,
            "batch_size": 1,
            "server_name": "Clary",
        }
        self.request_processor = [RequestProcessor(self)]
        self.request_headers: Mapping[str, str] = _NO_HEADERS
        self.response_status = 0
        self.response_type = ""
        self.response_headers: dict[str, str] = _NO_HEADERS
        self._requests = 0

    def begin(self, headers: Mapping[str, str]) -> None:
        """A request arrives."""
        self._requests += 1
        self.request_headers = headers
        self.response_status = 0
        self.response_type = ""
        if self.response_headers:
            self.response_headers = {}

    def get_request_id(self, index: int = 0) -> str:
        """A name for the request that is being answered."""
        return f"{self._requests}"

    @property
    def request_ids(self) -> dict[int, str]:
        """The names of the requests of the batch, which has one."""
        return {0: self.get_request_id()}

    def get_request_header(self, index: int, key: str) -> str | None:
        """One header of the request, whatever the case of its name."""
        return self.request_headers.get(key.lower())

    def get_all_request_header(self, index: int) -> dict[str, str]:
        """All headers of the request."""
        return self.request_processor[0].get_request_properties()

    def set_response_content_type(self, index: int, value: str) -> None:
        """Sets the content type of the answer; wins over the type that a handler returns."""
        self.response_type = value

    def set_response_header(self, index: int, key: str, value: str) -> None:
        """Sets a header of the answer, "X-Amzn-SageMaker-Custom-Attributes" for instance."""
        self.response_headers = {**self.response_headers, key: value}

    def set_response_status(self, code: int = 200, phrase: str | None = None, index: int = 0) -> None:
        """Sets the status of the answer."""
        self.response_status = int(code)

    def set_all_response_status(self, code: int = 200, phrase: str | None = None) -> None:
        """Sets the status of the answer."""
        self.set_response_status(code, phrase)


def _spelled(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))
