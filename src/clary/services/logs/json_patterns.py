"""JSON filter patterns: `{ ($.status >= 400) && $.user.name = "a*" }` as a test of a message."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import orjson

from clary.services.logs.errors import InvalidParameterException
from clary.services.logs.regular_expressions import Expression

Test = Callable[[Any], bool]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<sign>&&|\|\||[(){}]|!=|>=|<=|=|>|<)
      | (?P<path>\$(?:\.(?:[\w\-@]+|\*)|\[(?:\d+|\*|'[^']*'|"[^"]*")\])*)
      | "(?P<text>(?:[^"\\]|\\.)*)"
      | %(?P<regular>[^%]+)%
      | (?P<word>[\w.*\-+@/:?,;]+)
    )""",
    re.VERBOSE,
)
_STEP = re.compile(r"""\.(?P<name>[\w\-@]+|\*)|\[(?:(?P<index>\d+|\*)|'(?P<single>[^']*)'|"(?P<double>[^"]*)")\]""")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_DEEPEST = 50


class JsonPattern:
    """A pattern over JSON; a message that is not JSON does not match.

    Raises:
        InvalidParameterException: the pattern breaks its grammar.
    """

    def __init__(self, pattern: str) -> None:
        self._tokens = list(_tokens(pattern))
        self._next = 0
        self._take("{")
        self._test = self._either(0)
        self._take("}")
        if self._next < len(self._tokens):
            raise _broken()

    def matches(self, message: str) -> bool:
        """Whether the message is JSON that fulfils the pattern."""
        try:
            value = orjson.loads(message)
        except orjson.JSONDecodeError:
            return False
        return self.holds(value)

    def holds(self, value: Any) -> bool:
        """Whether a JSON value fulfils the pattern."""
        return self._test(value)

    def _either(self, depth: int) -> Test:
        tests = [self._both(depth)]
        while self._is("||"):
            tests.append(self._both(depth))
        return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)

    def _both(self, depth: int) -> Test:
        tests = [self._one(depth)]
        while self._is("&&"):
            tests.append(self._one(depth))
        return tests[0] if len(tests) == 1 else lambda value: all(test(value) for test in tests)

    def _one(self, depth: int) -> Test:
        if depth > _DEEPEST:
            raise _broken()
        if self._is("("):
            test = self._either(depth + 1)
            self._take(")")
            return test
        kind, path = self._any()
        if kind != "path":
            raise _broken()
        steps = list(_steps(path))
        kind, sign = self._any()
        if kind == "word" and sign.upper() in ("IS", "NOT"):
            return _state(steps, f"{sign} {self._any()[1]}".upper())
        if kind != "sign" or sign not in Comparison.OPERATORS:
            raise _broken()
        comparison = Comparison(sign, *self._any())
        return lambda value: any(comparison.holds(found) for found in _values(value, steps))

    def _any(self) -> tuple[str, str]:
        if self._next == len(self._tokens):
            raise _broken()
        self._next += 1
        return self._tokens[self._next - 1]

    def _is(self, sign: str) -> bool:
        if self._next < len(self._tokens) and self._tokens[self._next] == ("sign", sign):
            self._next += 1
            return True
        return False

    def _take(self, sign: str) -> None:
        if not self._is(sign):
            raise _broken()


class Comparison:
    """`= "a*"`, `>= 3`, `!= %[0-9]+%`: the right side of a comparison.

    Args:
        sign: one of `OPERATORS`.
        kind: "text" (quoted), "word" (a number or text without quotes) or "regular".
    """

    OPERATORS: ClassVar[dict[str, Callable[[Any, Any], bool]]] = {
        "=": operator.eq,
        "!=": operator.ne,
        ">": operator.gt,
        ">=": operator.ge,
        "<": operator.lt,
        "<=": operator.le,
    }

    def __init__(self, sign: str, kind: str, text: str) -> None:
        if kind not in ("text", "word", "regular"):
            raise _broken()
        self._compare = self.OPERATORS[sign]
        self._wants_equal = sign == "="
        self._number = float(text) if kind == "word" and _NUMBER.fullmatch(text) else None
        if self._number is not None:
            return
        if sign not in ("=", "!="):
            raise _broken()
        if kind == "regular":
            self._search: Callable[[str], object] = Expression(text).search
        else:
            wanted = re.sub(r"\\(.)", r"\1", text) if kind == "text" else text
            self._search = _wildcards(wanted).fullmatch

    def holds(self, value: Any) -> bool:
        """Whether a JSON value fulfils the comparison; values of another type never do."""
        if self._number is not None:
            return isinstance(value, int | float) and not isinstance(value, bool) and self._compare(value, self._number)
        if isinstance(value, bool | int | float):
            value = orjson.dumps(value).decode()
        return isinstance(value, str) and bool(self._search(value)) == self._wants_equal


def _wildcards(text: str) -> re.Pattern[str]:
    """Text in which `*` is any run of characters. Each piece is taken where it first occurs, which is right for such
    patterns, and is never looked for again: matching takes no longer than the value is long.
    """
    first, *pieces = map(re.escape, re.sub(r"\*+", "*", text).split("*"))
    if not pieces:
        return re.compile(first)
    *inner, last = pieces
    found_once = "".join(f"(?>.*?{piece})" for piece in inner)
    return re.compile(f"{first}{found_once}.*{last}", re.DOTALL)


def _tokens(pattern: str) -> Iterator[tuple[str, str]]:
    end = 0
    text = pattern.rstrip()
    while end < len(text):
        match = _TOKEN.match(text, end)
        if match is None or match.lastgroup is None:
            raise _broken()
        yield match.lastgroup, match[match.lastgroup]
        end = match.end()


def _steps(path: str) -> Iterator[str | int]:
    for match in _STEP.finditer(path):
        if match["index"] is not None and match["index"] != "*":
            yield int(match["index"])
        else:
            yield match["name"] or match["single"] or match["double"] or "*"


def _values(value: Any, steps: list[str | int]) -> Iterator[Any]:
    """Everything a path selects; `*` takes every member or element."""
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if step == "*":
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        for each in inner:
            yield from _values(each, rest)
    elif isinstance(step, int):
        if isinstance(value, list) and step < len(value):
            yield from _values(value[step], rest)
    elif isinstance(value, dict) and step in value:
        yield from _values(value[step], rest)


def _state(steps: list[str | int], state: str) -> Test:
    if state == "NOT EXISTS":
        return lambda value: not any(True for _ in _values(value, steps))
    wanted = {"IS NULL": None, "IS TRUE": True, "IS FALSE": False}
    if state not in wanted:
        raise _broken()
    return lambda value: any(found is wanted[state] for found in _values(value, steps))


def _broken() -> InvalidParameterException:
    return InvalidParameterException("Invalid filter pattern")
