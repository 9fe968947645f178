"""The regular expressions of filter patterns, searched in a time that grows with the text and not faster.

Python's `re` tries one way after the other: `a*a*a*b` over a long line of `a` would stop the whole server for hours,
because it does not let other threads work meanwhile. AWS allows no groups here, so that an expression is a row of
characters with quantifiers, or several such rows with `|` between them. All ways through a row are followed at once,
one bit for each (the extended Shift-And of Navarro and Raffinot, "Flexible Pattern Matching in Strings", 2002).
"""

from __future__ import annotations

import re
from functools import lru_cache

from clary.services.logs.errors import InvalidParameterException

_ATOM = re.compile(r"\\x[0-9a-fA-F]{2}|\\[dDsSwW]|\\[^\w]|\[\^?\]?(?:\\.|[^\]\\])*\]|[^\\\[()*+?|^$]", re.DOTALL)
_QUANTIFIER = re.compile(r"(?:([*+?])|\{(\d{1,3})(?:(,)(\d{1,3})?)?\})\??")
_MOST_STATES = 1000
_CHEAP_STEPS = 1_000_000
"""What `re` may take at worst; it is many times faster where the text is short, as most lines are."""


class Expression:
    """A regular expression without groups.

    Args:
        text: literals, `.`, classes, `\\d \\D \\s \\S \\w \\W \\xhh`, the quantifiers `* + ? {n} {n,} {n,m}`,
            `^` and `$` at the ends of an alternative, `|`.

    Raises:
        InvalidParameterException: it is something else.
    """

    def __init__(self, text: str) -> None:
        self._rows = [_Row(alternative) for alternative in _alternatives(text)]
        self._choices = max(row.choices for row in self._rows)
        try:
            self._search = re.compile(text).search
        except re.error as error:
            raise _broken(str(error)) from error

    def search(self, message: str) -> bool:
        """Whether it occurs in the message."""
        if (len(message) + 1) ** (self._choices + 1) <= _CHEAP_STEPS:
            return self._search(message) is not None
        return any(row.search(message) for row in self._rows)


class _Row:
    """One alternative: atoms, each of them once, at most once, or any number of times.

    Bit n of a state says that the first n atoms have been passed.
    """

    def __init__(self, text: str) -> None:
        self._from_start = text.startswith("^")
        text = text.removeprefix("^")
        self._to_end = re.search(r"(?<!\\)(?:\\\\)*\$\Z", text) is not None
        self._atoms: list[re.Pattern[str]] = []
        self._optional = self._repeated = 0
        self.choices = 0
        self._read(text[:-1] if self._to_end else text)
        self._masks = lru_cache(maxsize=4096)(self._mask)

    def _read(self, text: str) -> None:
        position = 0
        while position < len(text):
            atom = _ATOM.match(text, position)
            if atom is None:
                raise _broken(f"'{text[position]}' is not supported there")
            quantifier = _QUANTIFIER.match(text, atom.end())
            least, most = _bounds(quantifier) if quantifier else (1, 1)
            self._add(atom[0], least, most)
            position = quantifier.end() if quantifier else atom.end()

    def _add(self, text: str, least: int, most: int | None) -> None:
        try:
            atom = re.compile(text)
        except re.error as error:
            raise _broken(str(error)) from error
        self.choices += most != least
        for number in range(least + 1 if most is None else most):
            bit = 1 << len(self._atoms)
            if number >= least:
                self._optional |= bit
            if most is None and number >= least:
                self._repeated |= bit
            self._atoms.append(atom)
        if len(self._atoms) > _MOST_STATES:
            raise _broken("it is too long")

    def _mask(self, sign: str) -> int:
        """The atoms that a character fits."""
        return sum(1 << index for index, atom in enumerate(self._atoms) if atom.fullmatch(sign))

    def search(self, message: str) -> bool:
        """Whether the row occurs in the message."""
        done = 1 << len(self._atoms)
        masks, repeated = self._masks, self._repeated
        start = self._closed(1)
        state = start
        if state & done and not self._to_end:
            return True
        end = len(message) - message.endswith("\n")
        found_at_end = bool(state & done) and end == 0
        for index, sign in enumerate(message):
            taken = state & masks(sign)
            state = self._closed(((taken & ~repeated) << 1) | (taken & repeated))
            if not self._from_start:
                state |= start
            if state & done:
                if not self._to_end:
                    return True
                found_at_end = found_at_end or index + 1 >= end
            elif not state:
                return found_at_end
        return found_at_end

    def _closed(self, state: int) -> int:
        """The state with all that follows without another character."""
        while (wider := state | (state & self._optional) << 1) != state:
            state = wider
        return state


def _bounds(quantifier: re.Match[str]) -> tuple[int, int | None]:
    sign, least, comma, most = quantifier.groups()
    if sign:
        return {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
    if not comma:
        return int(least), int(least)
    return int(least), int(most) if most else None


def _alternatives(text: str) -> list[str]:
    """The parts between the `|` that are neither escaped nor in a class."""
    parts = [""]
    for piece in re.findall(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", text, re.DOTALL):
        if piece == "|":
            parts.append("")
        else:
            parts[-1] += piece
    return parts


def _broken(why: str) -> InvalidParameterException:
    return InvalidParameterException(f"Invalid filter pattern: {why}")
