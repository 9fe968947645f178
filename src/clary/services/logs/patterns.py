"""The filter patterns of CloudWatch Logs: plain text, `{ $.field = value }` over JSON, `[a, b > 1]` over fields.

Plain text: every term must occur; `"..."` quotes a term, `-term` must not occur, of the terms written `?term` one must
occur, `%...%` is a regular expression. JSON: comparisons joined by `&&`, `||` and parentheses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from clary.services.logs.errors import InvalidParameterException
from clary.services.logs.field_patterns import FieldPattern
from clary.services.logs.json_patterns import JsonPattern
from clary.services.logs.regular_expressions import Expression

Match = Callable[[str], bool]

_TERM = re.compile(r'\s*([?-])?(?:"((?:[^"\\]|\\.)*)"|%([^%]+)%|([^\s"%]+))')
_PLAIN = re.compile(r"[\w.:/=\-#@,;!$&'*+<>|~^`]+")


def compile_pattern(pattern: str) -> Match:
    """Makes the test of a message from a filter pattern; the empty pattern lets everything pass.

    Raises:
        InvalidParameterException: the pattern breaks its grammar.
    """
    text = pattern.strip()
    if not text:
        return lambda message: True
    if text.startswith("{"):
        return JsonPattern(text).matches
    if text.startswith("["):
        return FieldPattern(text).matches
    return _terms(text)


def _terms(text: str) -> Match:
    required: list[Match] = []
    excluded: list[Match] = []
    optional: list[Match] = []
    groups = {"": required, "-": excluded, "?": optional}
    end = 0
    while end < len(text):
        match = _TERM.match(text, end)
        if match is None:
            raise InvalidParameterException("Invalid filter pattern")
        sign, quoted, expression, plain = match.groups()
        groups[sign or ""].append(_term(quoted, expression, plain))
        end = match.end()
    return lambda message: _all_hold(message, required, excluded, optional)


def _term(quoted: str | None, expression: str | None, plain: str | None) -> Match:
    if expression is not None:
        return Expression(expression).search
    if plain is not None and not _PLAIN.fullmatch(plain):
        raise InvalidParameterException(f"Invalid character(s) in term '{plain}'")
    term = plain if plain is not None else re.sub(r"\\(.)", r"\1", quoted or "")
    return lambda message: term in message


def _all_hold(message: str, required: Sequence[Match], excluded: Sequence[Match], optional: Sequence[Match]) -> bool:
    if any(matches(message) for matches in excluded) or not all(matches(message) for matches in required):
        return False
    # As on AWS, optional terms are ignored beside required ones.
    return bool(required) or not optional or any(matches(message) for matches in optional)
