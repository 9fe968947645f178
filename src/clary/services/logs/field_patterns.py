"""Filter patterns over lines of fields: `[ip, user, ..., status = 4* && status != 404, bytes > 1000]`."""

from __future__ import annotations

import re

from clary.services.logs.errors import InvalidParameterException
from clary.services.logs.json_patterns import JsonPattern

_FIELD = re.compile(r'"([^"]*)"|\[([^\]]*)\]|(\S+)')
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|%[^%]+%|,|[^",%]+|.')
_NAME = re.compile(r"\w+")
_NAME_BEFORE_SIGN = re.compile(r'("(?:[^"\\]|\\.)*"|%[^%]+%)|\b([A-Za-z_]\w*)(?=\s*(?:!=|>=|<=|=|>|<))')
_INTEGER = re.compile(r"0|-?[1-9]\d*")
_DECIMAL = re.compile(r"-?\d+\.\d+")
_REST = "..."
_LONGEST_NUMBER = 18  # digits that 64 bits can hold


class FieldPattern:
    """A pattern over the fields of a line: words, `"quoted"` and `[bracketed]` texts.

    The pattern names every field of the line in order; `...` stands for any number of fields that it does not name.

    Raises:
        InvalidParameterException: the pattern breaks its grammar.
    """

    def __init__(self, pattern: str) -> None:
        if not pattern.endswith("]"):
            raise InvalidParameterException("Invalid filter pattern")
        self._names: list[str] = []
        self._tests: list[JsonPattern] = []
        for entry in _entries(pattern[1:-1]):
            match = _NAME.match(entry)
            if entry == _REST:
                self._names.append(_REST)
                continue
            if match is None:
                raise InvalidParameterException("Invalid filter pattern")
            self._names.append(match[0])
            if match[0] != entry:
                self._tests.append(JsonPattern("{" + _NAME_BEFORE_SIGN.sub(_as_path, entry) + "}"))
        if self._names.count(_REST) > 1:
            raise InvalidParameterException("Invalid filter pattern")

    def matches(self, message: str) -> bool:
        """Whether the line has the fields of the pattern and they fulfil it."""
        fields = [next(text for text in found if text is not None) for found in map(_groups, _FIELD.finditer(message))]
        named = self._named(fields)
        return named is not None and all(test.holds(named) for test in self._tests)

    def _named(self, fields: list[str]) -> dict[str, str | int | float] | None:
        if _REST not in self._names:
            pairs = list(zip(self._names, fields, strict=True)) if len(fields) == len(self._names) else None
        else:
            first = self._names.index(_REST)
            last = len(self._names) - first - 1
            if len(fields) < first + last:
                return None
            ends = fields[len(fields) - last :] if last else []
            pairs = [*zip(self._names, fields[:first], strict=False), *zip(self._names[first + 1 :], ends, strict=True)]
        return None if pairs is None else {name: _typed(text) for name, text in pairs}


def _groups(match: re.Match[str]) -> tuple[str | None, ...]:
    return match.groups()


def _entries(text: str) -> list[str]:
    """The pattern's parts between commas that are not quoted."""
    entries = [""]
    for piece in _PIECE.findall(text):
        if piece == ",":
            entries.append("")
        else:
            entries[-1] += piece
    return [entry.strip() for entry in entries]


def _as_path(match: re.Match[str]) -> str:
    return match[1] if match[1] is not None else f"$.{match[2]}"


def _typed(text: str) -> str | int | float:
    """A field as JSON would hold it, so that numbers are compared as numbers."""
    if len(text) > _LONGEST_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
