"""The frame of the wire's compilers: from a shape of the model to a function, made once."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from clary.wire.models import Shape

F = TypeVar("F")


class Compiler(Generic[F]):
    """Makes one function per shape and keeps it with the shape.

    A subclass has one method per type (`structure`, `list_`, `map_`, `string`, `integer`, `floating`, `boolean`,
    `timestamp`, `blob`). Those of structures, lists and maps must look up their parts when the function is first
    called and not before, since shapes may contain themselves.
    """

    def of(self, shape: Shape) -> F:
        """The function for this shape."""
        made: F | None = shape.compiled.get(self)
        if made is None:
            made = shape.compiled[self] = self._make(shape)
        return made

    def _make(self, shape: Shape) -> F:
        method: Any = getattr(self, _METHODS[shape.type_name])
        made: F = method(shape)
        return made


_METHODS = {
    "structure": "structure",
    "list": "list_",
    "map": "map_",
    "string": "string",
    "character": "string",
    "byte": "integer",
    "short": "integer",
    "integer": "integer",
    "long": "integer",
    "bigInteger": "integer",
    "float": "floating",
    "double": "floating",
    "bigDecimal": "floating",
    "boolean": "boolean",
    "timestamp": "timestamp",
    "blob": "blob",
}
