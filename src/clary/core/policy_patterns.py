"""Patterns of policies: `*` is any run of characters, `?` any one, `${key}` a value of the request.

Matching is linear in the text for every pattern, so that no policy can be written whose evaluation hangs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

Lookup = Callable[[str], str | None]
"""Gives the value of a policy variable by its lower-case name, None when the request has none."""

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_MOST_CACHED = 8192


class Any:
    """The piece of a pattern that is any run of characters."""


class One:
    """The piece of a pattern that is any one character."""


class Variable:
    """The piece of a pattern that is a value of the request.

    Args:
        name: the condition key, in lower case.
        default: what stands in when the request has no such value, None for nothing.
    """

    __slots__ = ("default", "name")

    def __init__(self, name: str, default: str | None) -> None:
        self.name = name
        self.default = default


Piece = str | Any | One | Variable
_ANY, _ONE = Any(), One()


class Pattern:
    """A compiled pattern.

    Args:
        text: the pattern as written.
        variables: whether `${...}` is a variable; policies of version 2008-10-17 have none.
        wildcards: whether `*` and `?` are wildcards.
        ignore_case: whether upper and lower case are the same.

    Attributes:
        names: the lower-case names of the variables in it.
        is_everything: whether it matches every text.
    """

    __slots__ = ("_exact", "_ignore_case", "_pieces", "_prefix", "_segments", "is_everything", "names", "text")

    def __init__(
        self, text: str, *, variables: bool = False, wildcards: bool = True, ignore_case: bool = False
    ) -> None:
        self.text = text
        self._ignore_case = ignore_case
        pieces = _pieces(text, variables, wildcards)
        self._pieces = [piece.lower() if ignore_case and isinstance(piece, str) else piece for piece in pieces]
        self.names = frozenset(piece.name for piece in self._pieces if isinstance(piece, Variable))
        self.is_everything = self._pieces == [_ANY]
        self._exact: str | None = None
        self._prefix: str | None = None
        self._segments: list[list[Piece]] | None = None
        if not self.names:
            plain = [piece for piece in self._pieces if isinstance(piece, str)]
            if len(plain) == len(self._pieces):
                self._exact = "".join(plain)
            elif len(plain) == len(self._pieces) - 1 and self._pieces[-1] is _ANY:
                self._prefix = "".join(plain)
            else:
                self._segments = _segments(self._pieces)

    def __repr__(self) -> str:
        return f"Pattern({self.text!r})"

    def matches(self, text: str, lookup: Lookup | None = None) -> bool:
        """Whether `text` fits; a variable without a value fits nothing."""
        if self.is_everything:
            return True
        if self._ignore_case:
            text = text.lower()
        if self._exact is not None:
            return text == self._exact
        if self._prefix is not None:
            return text.startswith(self._prefix)
        segments = self._segments
        if segments is None:
            resolved = self._resolved(lookup)
            if resolved is None:
                return False
            segments = _segments(resolved)
        return _fits(segments, text)

    def filled(self, lookup: Lookup) -> str | None:
        """The pattern's text with its variables filled in and its wildcards as written; None when a value lacks."""
        if not self.names:
            return self.text
        resolved = self._resolved(lookup)
        if resolved is None:
            return None
        return "".join("*" if piece is _ANY else "?" if piece is _ONE else str(piece) for piece in resolved)

    def _resolved(self, lookup: Lookup | None) -> list[Piece] | None:
        pieces: list[Piece] = []
        for piece in self._pieces:
            if isinstance(piece, Variable):
                value = lookup(piece.name) if lookup is not None else None
                if value is None:
                    value = piece.default
                if value is None:
                    return None
                piece = value
            pieces.append(piece.lower() if self._ignore_case and isinstance(piece, str) else piece)
        return pieces


@lru_cache(maxsize=_MOST_CACHED)
def pattern(text: str, *, variables: bool = False, wildcards: bool = True, ignore_case: bool = False) -> Pattern:
    """The compiled pattern, cached."""
    return Pattern(text, variables=variables, wildcards=wildcards, ignore_case=ignore_case)


def _pieces(text: str, variables: bool, wildcards: bool) -> list[Piece]:
    pieces: list[Piece] = []
    position = 0
    for found in _VARIABLE.finditer(text) if variables else ():
        _add_plain(pieces, text[position : found.start()], wildcards)
        inside = found.group(1)
        if inside in ("*", "?", "$"):
            pieces.append(inside)
        else:
            name, comma, default = inside.partition(",")
            pieces.append(Variable(name.strip().lower(), default.strip().strip("'") if comma else None))
        position = found.end()
    _add_plain(pieces, text[position:], wildcards)
    return pieces


def _add_plain(pieces: list[Piece], text: str, wildcards: bool) -> None:
    if not wildcards:
        if text:
            pieces.append(text)
        return
    for part in re.split(r"([*?])", text):
        if part == "*":
            if not pieces or pieces[-1] is not _ANY:
                pieces.append(_ANY)
        elif part == "?":
            pieces.append(_ONE)
        elif part:
            pieces.append(part)


def _segments(pieces: list[Piece]) -> list[list[Piece]]:
    """The pieces between the runs: n runs make n + 1 segments, each of fixed length."""
    segments: list[list[Piece]] = [[]]
    for piece in pieces:
        if piece is _ANY:
            segments.append([])
        else:
            segments[-1].append(piece)
    return segments


def _fits(segments: list[list[Piece]], text: str) -> bool:
    """Matches fixed pieces in order, each as far left as possible, which is right for globs and takes linear time."""
    first, *rest = segments
    if not _at(first, text, 0):
        return False
    position = _length(first)
    if not rest:
        return position == len(text)
    last = rest.pop()
    end = len(text) - _length(last)
    if end < position or not _at(last, text, end):
        return False
    for segment in rest:
        found = _find(segment, text, position, end)
        if found < 0:
            return False
        position = found + _length(segment)
    return position <= end


def _length(segment: list[Piece]) -> int:
    return sum(len(piece) if isinstance(piece, str) else 1 for piece in segment)


def _at(segment: list[Piece], text: str, position: int) -> bool:
    for piece in segment:
        if isinstance(piece, str):
            if not text.startswith(piece, position):
                return False
            position += len(piece)
        else:
            position += 1
    return position <= len(text)


def _find(segment: list[Piece], text: str, start: int, end: int) -> int:
    if len(segment) == 1 and isinstance(segment[0], str):
        return text.find(segment[0], start, end)
    length = _length(segment)
    return next((at for at in range(start, end - length + 1) if _at(segment, text, at)), -1)
