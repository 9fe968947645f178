"""The answer that handlers return."""

from __future__ import annotations

from typing import Any


class Response:
    """A body with its content type and status.

    Args:
        response: the body: text or bytes.
        accept: the content type where `mimetype` is not given.
        status: of the answer.
    """

    def __init__(
        self, response: Any = None, accept: str | None = None, status: int = 200, mimetype: str | None = None
    ) -> None:
        self.response = response
        self.status_code = status
        self.mimetype = mimetype or accept or "application/json"

    def get_data(self) -> Any:
        """The body."""
        return self.response
