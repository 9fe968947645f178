"""JSONPath as batch transform knows it: names, indexes, lists of both, slices and the wildcard.

`$`, `$.name`, `$['name']`, `$['a','b']`, `$[0]`, `$[-1]`, `$[0,5]`, `$[0,5:]`, `$[1:]`, `$.*`, and what these make
together. One index or name selects a value; several select a list, or an object with those keys.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

_NAME = re.compile(r"\.\s*([^.\[\]\s'\"*,]+)")
_WILDCARD = re.compile(r"\.\s*\*|\[\s*\*\s*\]")
_BRACKET = re.compile(r"\.?\[(?P<inside>(?:'[^']*'|\"[^\"]*\"|[^\]'\"])*)\]")
_QUOTED = re.compile(r"\s*(?:'([^']*)'|\"([^\"]*)\")\s*(?:,|$)")
_PART = re.compile(r"\s*(?:(-?\d+)?\s*(:)\s*(-?\d+)?|(-?\d+))\s*")


class InvalidPath(Exception):
    """The text is not a JSONPath of the kind that batch transform supports."""


class NothingThere(Exception):
    """A value does not have what a path selects."""


@dataclass(frozen=True, slots=True)
class Index:
    """An index, or a slice when `stop` or `open_ended` says so; negative ones count from the end."""

    start: int | None
    stop: int | None = None
    is_slice: bool = False


Select = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Step:
    """One step of a path.

    Attributes:
        select: what it makes of a value.
        many: whether that is a list of values, to each of which the next step applies.
    """

    select: Select
    many: bool = False


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path.

    Attributes:
        text: as it was written.
        indexes: what it selects of a list when it is one bracket of indexes and slices; None for other paths.
    """

    text: str
    steps: tuple[_Step, ...]
    indexes: tuple[Index, ...] | None = None

    @property
    def is_all(self) -> bool:
        """Whether it selects the value itself."""
        return not self.steps

    def select(self, value: Any) -> Any:
        """What the path selects of a value.

        Raises:
            NothingThere: a name or an index of it is not there.
        """
        return _select(self.steps, value)


def _select(steps: Sequence[_Step], value: Any) -> Any:
    for position, step in enumerate(steps):
        value = step.select(value)
        if step.many and steps[position + 1 :]:
            return [_select(steps[position + 1 :], one) for one in value]
    return value


@functools.lru_cache(maxsize=64)
def parse(text: str) -> Path:
    """Reads a path; an empty one is `$`.

    Raises:
        InvalidPath: says where it cannot be understood.
    """
    body = text.strip()
    if not body:
        return Path("$", ())
    if not body.startswith("$"):
        raise InvalidPath(f"{text!r} must begin with $")
    position = 1
    steps: list[_Step] = []
    indexes: tuple[Index, ...] | None = None
    while position < len(body):
        wildcard, name, bracket = (pattern.match(body, position) for pattern in (_WILDCARD, _NAME, _BRACKET))
        if wildcard:
            steps.append(_Step(_everything, many=True))
        elif name:
            steps.append(_Step(functools.partial(_one_name, name[1])))
        elif bracket:
            step, indexes = _bracket(bracket["inside"], text)
            steps.append(step)
        else:
            raise InvalidPath(f"{text!r} cannot be understood from {body[position:]!r} on")
        position = (wildcard or name or bracket).end()  # type: ignore[union-attr]
    return Path(text, tuple(steps), indexes if len(steps) == 1 else None)


def _bracket(inside: str, text: str) -> tuple[_Step, tuple[Index, ...] | None]:
    """The step of a bracket, and its indexes when it holds some."""
    if inside.lstrip()[:1] in ("'", '"'):
        names = _names(inside, text)
        if len(names) == 1:
            return _Step(functools.partial(_one_name, names[0])), None
        return _Step(functools.partial(_several_names, names)), None
    indexes = tuple(_index(part, text) for part in inside.split(","))
    if len(indexes) == 1 and not indexes[0].is_slice:
        return _Step(functools.partial(_one_index, indexes[0])), indexes
    return _Step(functools.partial(pick, indexes), many=True), indexes


def _names(inside: str, text: str) -> tuple[str, ...]:
    names: list[str] = []
    position = 0
    while position < len(inside):
        match = _QUOTED.match(inside, position)
        if match is None:
            raise InvalidPath(f"{text!r}: {inside!r} is not a list of quoted names")
        names.append(match[1] if match[1] is not None else match[2])
        position = match.end()
    return tuple(names)


def _index(part: str, text: str) -> Index:
    match = _PART.fullmatch(part)
    if match is None:
        raise InvalidPath(f"{text!r}: {part.strip()!r} is neither an index nor a slice")
    if match[4] is not None:
        return Index(int(match[4]))
    start, stop = (None if bound is None else int(bound) for bound in (match[1], match[3]))
    return Index(start, stop, is_slice=True)


def _one_name(name: str, value: Any) -> Any:
    if not isinstance(value, dict) or name not in value:
        raise NothingThere(f"there is no {name!r}")
    return value[name]


def _several_names(names: Sequence[str], value: Any) -> Any:
    return {name: _one_name(name, value) for name in names}


def _one_index(index: Index, value: Any) -> Any:
    return pick((index,), value)[0]


def pick(indexes: Sequence[Index], value: Any) -> list[Any]:
    """The elements of a list that indexes and slices select, in their order.

    Raises:
        NothingThere: it is not a list, or has no such index.
    """
    if not isinstance(value, list):
        raise NothingThere("the value is not a list")
    picked: list[Any] = []
    for index in indexes:
        if index.is_slice:
            picked += value[index.start : index.stop]
            continue
        try:
            picked.append(value[index.start])  # type: ignore[index]  # an index that is no slice has a number
        except IndexError:
            raise NothingThere(f"there is no index {index.start} in {len(value)} values") from None
    return picked


def _everything(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list):
        return value
    raise NothingThere("the value is neither a list nor an object")
