"""What a model answers, and how failures are written."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .content_types import JSON

_OWN = str(Path(__file__).parents[2])


@dataclass(slots=True)
class Result:
    """What a model answers.

    Attributes:
        pieces: the body in pieces, in the place of `body`.
    """

    status: int
    body: bytes
    content_type: str
    headers: dict[str, str] = field(default_factory=dict)
    pieces: Iterator[Any] | None = None


def to_bytes(value: Any) -> bytes:
    """What a handler returned, as a body.

    Raises:
        TypeError: it is neither text nor bytes nor anything that JSON can hold.
    """
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8")
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    if value is None:
        return b""
    if hasattr(value, "getvalue"):
        return to_bytes(value.getvalue())
    try:
        return json.dumps(value).encode()
    except TypeError:
        raise TypeError(
            f"the handlers returned an object of type {type(value).__name__}: output_fn must return text, bytes or "
            "what JSON can hold"
        ) from None


def trace_of(error: BaseException) -> str:
    """The traceback without the toolkit's own frames, where there are others, and without the marks below the lines."""
    told = traceback.TracebackException.from_exception(error)
    link: traceback.TracebackException | None = told
    while link is not None:
        theirs = [frame for frame in link.stack if not frame.filename.startswith(_OWN)]
        if theirs:
            link.stack = traceback.StackSummary.from_list(theirs)
        link = link.__cause__ or link.__context__
    lines = "".join(told.format()).splitlines(keepends=True)
    return "".join(line for line in lines if line.strip(" ^~\n") or not line.strip())


def toolkit_refusal(error: Exception) -> Result:
    """The answer to a request that failed, as AWS's inference toolkit writes it: the message, then the traceback."""
    trace = trace_of(error)
    print(trace, end="", flush=True)  # noqa: T201 - this is the replica's log
    status = getattr(error, "status_code", 500)
    message = getattr(error, "message", None) or str(error) or type(error).__name__
    status = status if isinstance(status, int) and 400 <= status < 600 else 500
    return Result(status, f"{message}\n{trace}".encode("utf-8", "backslashreplace"), "text/plain; charset=utf-8")


def server_refusal(status: int, message: str) -> Result:
    """The answer to a request that failed, as AWS's model servers write it."""
    body = {"code": status, "type": "InternalServerException", "message": message}
    return Result(status, json.dumps(body, indent=2).encode(), JSON)
