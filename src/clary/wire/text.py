"""Scalars as text: what headers, query strings, XML elements and form bodies have in common."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable
from typing import Any

from clary.wire import timestamps
from clary.wire.compilers import Compiler
from clary.wire.errors import Unreadable
from clary.wire.models import Shape

TextReader = Callable[[str], Any]
TextWriter = Callable[[Any], str]

INTEGER_BOUNDS = {
    "byte": (-(2**7), 2**7 - 1),
    "short": (-(2**15), 2**15 - 1),
    "integer": (-(2**31), 2**31 - 1),
    "long": (-(2**63), 2**63 - 1),
    "bigInteger": (-(10**300), 10**300),
}
_INTEGER = re.compile(r"\s*[+-]?\d{1,400}\s*", re.ASCII)
_SPECIAL_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def read_integer(text: str, bounds: tuple[int, int]) -> int:
    """A whole number between two bounds.

    Raises:
        Unreadable: it is not.
    """
    if _INTEGER.fullmatch(text) is None:
        raise Unreadable("not an integer")
    number = int(text)
    if not bounds[0] <= number <= bounds[1]:
        raise Unreadable("not within the integer range")
    return number


def read_float(text: str) -> float:
    """A number, `NaN`, `Infinity` or `-Infinity`.

    Raises:
        Unreadable: none of them.
    """
    special = _SPECIAL_FLOATS.get(text.strip())
    if special is not None:
        return special
    try:
        number = float(text)
    except ValueError:
        raise Unreadable("not a number") from None
    # float() also takes "inf", "1_0" and "nan", which AWS does not
    if "_" in text or not math.isfinite(number):
        raise Unreadable("not a number")
    return number


def read_boolean(text: str) -> bool:
    """`true` or `false` in any case.

    Raises:
        Unreadable: neither.
    """
    word = text.strip().lower()
    if word == "true":
        return True
    if word == "false":
        return False
    raise Unreadable("not a boolean")


def read_blob(text: str) -> bytes:
    """Bytes from base64.

    Raises:
        Unreadable: it is not base64.
    """
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable("not base64") from None


def read_timestamp(text: str) -> Any:
    """A moment in any of AWS's three forms.

    Raises:
        Unreadable: none of them.
    """
    try:
        return timestamps.parse(text)
    except ValueError as error:
        raise Unreadable(f"not a timestamp: {error}") from None


def write_float(value: float) -> str:
    """The shortest text that reads back as the same number."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return str(value)


def write_blob(value: bytes | bytearray | memoryview | str) -> str:
    """Base64."""
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode("ascii")


class TextReaders(Compiler[TextReader]):
    """Readers of scalar shapes."""

    def structure(self, shape: Shape) -> TextReader:
        """Structures, lists and maps have no text of their own."""
        raise TypeError(f"{shape} is not a scalar")

    list_ = map_ = structure

    def string(self, shape: Shape) -> TextReader:
        """Text is text."""
        return str

    def integer(self, shape: Shape) -> TextReader:
        """Whole numbers within the bounds of their type."""
        bounds = INTEGER_BOUNDS[shape.type_name]
        return lambda text: read_integer(text, bounds)

    def floating(self, shape: Shape) -> TextReader:
        """Floating point numbers."""
        return read_float

    def boolean(self, shape: Shape) -> TextReader:
        """Booleans."""
        return read_boolean

    def timestamp(self, shape: Shape) -> TextReader:
        """Timestamps; every form is read whatever form the model asks for."""
        return read_timestamp

    def blob(self, shape: Shape) -> TextReader:
        """Bytes in base64."""
        return read_blob


class TextWriters(Compiler[TextWriter]):
    """Writers of scalar shapes.

    Args:
        timestamp_form: the form of timestamps where the model names none.
        always_milliseconds: whether ISO timestamps carry milliseconds even when they are zero.
    """

    def __init__(self, timestamp_form: str, *, always_milliseconds: bool = False) -> None:
        self._timestamp_form = timestamp_form
        self._always_milliseconds = always_milliseconds

    def structure(self, shape: Shape) -> TextWriter:
        """Structures, lists and maps have no text of their own."""
        raise TypeError(f"{shape} is not a scalar")

    list_ = map_ = structure

    def string(self, shape: Shape) -> TextWriter:
        """Text is text."""
        return str

    def integer(self, shape: Shape) -> TextWriter:
        """Whole numbers."""
        return lambda value: str(int(value))

    def floating(self, shape: Shape) -> TextWriter:
        """Floating point numbers."""
        return write_float

    def boolean(self, shape: Shape) -> TextWriter:
        """`true` or `false`."""
        return lambda value: "true" if value else "false"

    def timestamp(self, shape: Shape) -> TextWriter:
        """Timestamps in the form the model asks for."""
        form = shape.traits.get("timestampFormat", self._timestamp_form)
        if form == "iso8601":
            always = self._always_milliseconds
            return lambda value: timestamps.iso8601(value, always_milliseconds=always)
        return lambda value: timestamps.write(value, form)

    def blob(self, shape: Shape) -> TextWriter:
        """Bytes in base64."""
        return write_blob


TEXT_READERS = TextReaders()
