"""Values as AWS's messages print them, which is how Java does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from clary.wire import timestamps

MAX_ECHO_CHARACTERS = 1024
"""What of a value is repeated at most."""


def shown(value: Any) -> str:
    """A value as AWS's messages print it; a long one in part, without going through all of it."""
    out: list[str] = []
    _show(value, out, MAX_ECHO_CHARACTERS)
    text = "".join(out)
    return text if len(text) <= MAX_ECHO_CHARACTERS else text[:MAX_ECHO_CHARACTERS] + "..."


def _show(value: Any, out: list[str], left: int) -> int:
    """Appends a value's text until `left` characters are used up; returns what is left then, below zero if cut."""
    if isinstance(value, Mapping):
        left = _say("{", out, left)
        for index, (key, item) in enumerate(value.items()):
            left = _show(item, out, _say(f"{', ' if index else ''}{key}=", out, left))
            if left < 0:
                return left
        return _say("}", out, left)
    if isinstance(value, list | tuple):
        left = _say("[", out, left)
        for index, item in enumerate(value):
            left = _show(item, out, _say(", ", out, left) if index else left)
            if left < 0:
                return left
        return _say("]", out, left)
    return _say(_scalar_text(value, left), out, left)


def _say(text: str, out: list[str], left: int) -> int:
    out.append(text[: max(left, 0) + 1])
    return left - len(text)


def _scalar_text(value: Any, left: int) -> str:
    if isinstance(value, str):
        return value[: max(left, 0) + 1]
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes | bytearray):
        return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    return timestamps.iso8601(value) if isinstance(value, datetime) else str(value)
