"""Filter expressions cut into tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_PATTERN = re.compile(
    r"""(?P<space>\s+)
      | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<placeholder>\$[A-Za-z_][A-Za-z0-9_]*)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<operator><=|>=|[=<>])
      | (?P<mark>[().,|])""",
    re.VERBOSE,
)


class FilterError(ValueError):
    """An expression breaks a rule.

    Args:
        rule: what is wrong.
        position: of the character it is wrong at, from 1.
    """

    def __init__(self, rule: str, position: int) -> None:
        super().__init__(f"{rule} (at character {position})")
        self.rule = rule
        self.position = position


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a value or a mark.

    Attributes:
        kind: "string", "number", "placeholder", "word", "operator", "mark" or "end".
        text: as written; of a string without its quotes, of a placeholder without the dollar sign.
        position: of its first character, from 1.
    """

    kind: str
    text: str
    position: int

    @property
    def shown(self) -> str:
        """For messages."""
        return "the end of the expression" if self.kind == "end" else repr(self.text)

    def is_word(self, *words: str) -> bool:
        """Whether it is one of the words, in any case."""
        return self.kind == "word" and self.text.upper() in words


def tokens(text: str) -> Iterator[Token]:
    """The tokens of an expression, and one for its end.

    Raises:
        FilterError: a character that no token begins with, or a string that does not end.
    """
    position = 0
    while position < len(text):
        match = _PATTERN.match(text, position)
        if match is None:
            if text[position] in "\"'":
                raise FilterError("This string does not end", position + 1)
            raise FilterError(f"{text[position]!r} does not belong here", position + 1)
        kind = str(match.lastgroup)
        if kind == "string":
            yield Token(kind, re.sub(r"\\(.)", r"\1", match[0][1:-1]), position + 1)
        elif kind != "space":
            yield Token(kind, match[0].removeprefix("$"), position + 1)
        position = match.end()
    yield Token("end", "", len(text) + 1)
