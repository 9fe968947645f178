"""Dataclasses as plain values and back: what an engine host can carry."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from clary.engines.documents.contract import Box

Value = TypeVar("Value")


def to_plain(value: Any) -> Any:
    """Turns a value into dict, list, str, int, float, bool and None.

    Args:
        value: a dataclass whose members are dataclasses, boxes, enumerations, tuples, mappings or plain values.

    Returns:
        Members by name; a box as its four edges; an enumeration as its value. Members that are None or empty are left
        out: `from_plain` puts their defaults back.
    """
    if isinstance(value, Box):
        return [value.left, value.top, value.right, value.bottom]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        members = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {name: to_plain(member) for name, member in members if member is not None and not _is_empty(member)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    return float(value) if isinstance(value, float) else value  # numpy's are floats, too


def _is_empty(member: Any) -> bool:
    return isinstance(member, tuple) and not member


def from_plain(kind: type[Value], value: Any) -> Value:
    """The other direction of `to_plain`.

    Args:
        kind: the dataclass that was turned into plain values.
        value: what `to_plain` returned.
    """
    made: Value = _read(kind, value)
    return made


@cache
def _members(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _read(kind: Any, value: Any) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return None if value is None else _read(next(part for part in arguments if part is not types.NoneType), value)
    if kind is Box:
        return Box(*value)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(_read(arguments[0], item) for item in value)
        return tuple(_read(part, item) for part, item in zip(arguments, value, strict=True))
    if origin is not None and isinstance(value, Mapping):
        return {key: _read(arguments[1], item) for key, item in value.items()}
    if dataclasses.is_dataclass(kind):
        hints = _members(kind)  # type: ignore[arg-type]
        absent = {
            field.name: () if get_origin(hints[field.name]) is tuple else None
            for field in dataclasses.fields(kind)
            if field.default is dataclasses.MISSING
            and field.default_factory is dataclasses.MISSING
            and field.name not in value
        }
        return kind(**absent | {name: _read(hints[name], item) for name, item in value.items()})  # type: ignore[operator]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    return value
