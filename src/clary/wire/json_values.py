"""JSON values to parameters and results to JSON values, one compiled function per shape."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from clary.wire import text, timestamps
from clary.wire.compilers import Compiler
from clary.wire.errors import SerializationException, Unreadable
from clary.wire.models import Shape

Convert = Callable[[Any], Any]

_SPECIAL_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def token(value: Any) -> str:
    """The name AWS's messages give to a JSON value of the wrong type."""
    if value is True:
        return "TRUE_VALUE"
    if value is False:
        return "FALSE_VALUE"
    if value is None:
        return "VALUE_NULL"
    return {str: "STRING_VALUE", int: "NUMBER_VALUE", float: "DECIMAL_VALUE"}.get(type(value), "BINARY_VALUE")


def refuse(value: Any, wanted: str) -> SerializationException:
    """The error for a value of the wrong type, in AWS's words."""
    if isinstance(value, dict):
        return SerializationException("Start of structure or map found where not expected.")
    if isinstance(value, list):
        return SerializationException("Start of list found where not expected")
    if wanted in ("Structure", "List", "Map"):
        return SerializationException("Unexpected field type")
    return SerializationException(f"{token(value)} can not be converted to {wanted}")


class JsonReaders(Compiler[Convert]):
    """From decoded JSON to parameters; unknown members are passed over and nulls are absent, as AWS does."""

    def structure(self, shape: Shape) -> Convert:
        """Structures; documents stay as they are."""
        if shape.is_document:
            return _unchanged
        table: dict[str, tuple[str, Convert]] = {}
        complete = False

        def read(value: Any) -> dict[str, Any]:
            nonlocal complete
            if not complete:
                for name, member in shape.members.items():
                    table[self.wire_name(name, member)] = (name, self.of(member))
                complete = True
            if not isinstance(value, dict):
                raise refuse(value, "Structure")
            result = {}
            for key, item in value.items():
                entry = table.get(key)
                if entry is not None and item is not None:
                    result[entry[0]] = entry[1](item)
            return result

        return read

    def wire_name(self, name: str, member: Shape) -> str:
        """A member's key in the JSON object."""
        return member.location_name or name

    def list_(self, shape: Shape) -> Convert:
        """Lists; a null element stays None, for validation to name."""

        def read(value: Any) -> list[Any]:
            if not isinstance(value, list):
                raise refuse(value, "List")
            element = self.of(shape.member)
            return [None if item is None else element(item) for item in value]

        return read

    def map_(self, shape: Shape) -> Convert:
        """Maps; a null value stays None."""

        def read(value: Any) -> dict[str, Any]:
            if not isinstance(value, dict):
                raise refuse(value, "Map")
            element = self.of(shape.value)
            result: dict[str, Any] = {}
            for key, item in value.items():
                if not isinstance(key, str):
                    raise refuse(key, "a String")
                result[key] = None if item is None else element(item)
            return result

        return read

    def string(self, shape: Shape) -> Convert:
        """Strings."""

        def read(value: Any) -> str:
            if not isinstance(value, str):
                raise refuse(value, "a String")
            return value

        return read

    def integer(self, shape: Shape) -> Convert:
        """Whole numbers within the bounds of their type."""
        low, high = text.INTEGER_BOUNDS[shape.type_name]
        wanted = "a Long" if shape.type_name == "long" else "an Integer"

        def read(value: Any) -> int:
            if type(value) is not int:
                if type(value) is not float or not value.is_integer():
                    raise refuse(value, wanted)
                value = int(value)
            if not low <= value <= high:
                raise refuse(value, wanted)
            return int(value)

        return read

    def floating(self, shape: Shape) -> Convert:
        """Numbers, and the strings that stand for what JSON cannot say."""
        wanted = "a Float" if shape.type_name == "float" else "a Double"

        def read(value: Any) -> float:
            if type(value) is float:
                return value
            if type(value) is int and abs(value) < 1 << 1000:
                return float(value)
            special = _SPECIAL_FLOATS.get(value) if isinstance(value, str) else None
            if special is None:
                raise refuse(value, wanted)
            return special

        return read

    def boolean(self, shape: Shape) -> Convert:
        """Booleans."""

        def read(value: Any) -> bool:
            if not isinstance(value, bool):
                raise refuse(value, "a Boolean")
            return value

        return read

    def timestamp(self, shape: Shape) -> Convert:
        """Epoch seconds; also the textual forms."""

        def read(value: Any) -> Any:
            try:
                if isinstance(value, str):
                    return timestamps.parse(value)
                if type(value) in (int, float):
                    return timestamps.from_epoch(value)
            except ValueError:
                pass
            raise refuse(value, "a Timestamp")

        return read

    def blob(self, shape: Shape) -> Convert:
        """Bytes in base64."""

        def read(value: Any) -> bytes:
            if not isinstance(value, str):
                raise refuse(value, "a Blob")
            try:
                return text.read_blob(value)
            except Unreadable:
                raise SerializationException("Invalid base64 in a Blob") from None

        return read


class JsonWriters(Compiler[Convert]):
    """From results to values for the JSON encoder; members that the model does not have are left out."""

    def structure(self, shape: Shape) -> Convert:
        """Structures in the model's order; documents stay as they are."""
        if shape.is_document:
            return _unchanged
        table: list[tuple[str, str, Convert]] = []
        complete = False

        def write(value: Mapping[str, Any]) -> dict[str, Any]:
            nonlocal complete
            if not complete:
                table[:] = [
                    (name, self.wire_name(name, member), self.of(member)) for name, member in shape.members.items()
                ]
                complete = True
            result = {}
            for name, wire_name, convert in table:
                item = value.get(name)
                if item is not None:
                    result[wire_name] = convert(item)
            return result

        return write

    def wire_name(self, name: str, member: Shape) -> str:
        """A member's key in the JSON object."""
        return member.location_name or name

    def list_(self, shape: Shape) -> Convert:
        """Lists."""

        def write(value: Any) -> list[Any]:
            element = self.of(shape.member)
            return [None if item is None else element(item) for item in value]

        return write

    def map_(self, shape: Shape) -> Convert:
        """Maps."""

        def write(value: Mapping[str, Any]) -> dict[str, Any]:
            element = self.of(shape.value)
            return {str(key): None if item is None else element(item) for key, item in value.items()}

        return write

    def string(self, shape: Shape) -> Convert:
        """Strings."""
        return str

    def integer(self, shape: Shape) -> Convert:
        """Whole numbers."""
        return int

    def floating(self, shape: Shape) -> Convert:
        """Numbers; what JSON cannot say becomes a string."""

        def write(value: Any) -> Any:
            number = float(value)
            return number if math.isfinite(number) else text.write_float(number)

        return write

    def boolean(self, shape: Shape) -> Convert:
        """Booleans."""
        return bool

    def timestamp(self, shape: Shape) -> Convert:
        """Epoch seconds, or text where the model asks for it."""
        form = shape.traits.get("timestampFormat", "unixTimestamp")
        if form.lower() == "unixtimestamp":
            return timestamps.epoch
        return lambda value: timestamps.write(value, form)

    def blob(self, shape: Shape) -> Convert:
        """Base64."""
        return text.write_blob


def _unchanged(value: Any) -> Any:
    return value


JSON_READERS = JsonReaders()
JSON_WRITERS = JsonWriters()


def decode(body: bytes) -> Any:
    """The value of a JSON text; an empty one is None.

    Raises:
        SerializationException: it is not JSON in UTF-8.
    """
    if not body:
        return None
    try:
        return orjson.loads(body)
    except (orjson.JSONDecodeError, RecursionError):
        raise SerializationException("The request body is not valid JSON.") from None


def read_json(shape: Shape, body: bytes, readers: JsonReaders = JSON_READERS) -> Any:
    """Decodes a JSON text as the model says; an empty text is an empty structure.

    Raises:
        SerializationException: it is not JSON, or a value has the wrong type.
    """
    value = decode(body)
    try:
        return readers.of(shape)({} if value is None else value)
    except RecursionError:
        raise SerializationException("The request body is nested too deeply.") from None


def encode(value: Any) -> bytes:
    """JSON in UTF-8; whole numbers of any size."""
    try:
        return orjson.dumps(value)
    except TypeError:
        # orjson refuses whole numbers beyond 64 bits, lone surrogates and the subclasses in documents
        return json.dumps(value, separators=(",", ":"), default=str).encode()


def write_json(shape: Shape, value: Any, writers: JsonWriters = JSON_WRITERS) -> bytes:
    """Encodes a result as the model says."""
    return encode(writers.of(shape)(value))
