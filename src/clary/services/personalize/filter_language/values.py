"""The values of placeholders, as requests send them: `"Action","Comedy"`, `2000`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from clary.services.personalize.filter_language.syntax import Expression, Value

_QUOTED = re.compile(r'\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')


class FilterValueError(ValueError):
    """A placeholder has no value, a value no placeholder, or a value cannot be read."""


def read_values(expression: Expression, sent: Mapping[str, str]) -> dict[str, tuple[Value, ...]]:
    """The values of all placeholders of an expression.

    Raises:
        FilterValueError: names the placeholder and the rule.
    """
    wanted = expression.placeholders()
    missing = sorted(wanted.keys() - sent.keys())
    if missing:
        raise FilterValueError(f"filterValues has no value for {missing}, which the filter expression asks for.")
    unknown = sorted(sent.keys() - wanted.keys())
    if unknown:
        raise FilterValueError(f"The filter expression has no placeholder for the filterValues {unknown}.")
    found = {}
    for name, is_list in wanted.items():
        values = _values(sent[name])
        if not is_list and len(values) != 1:
            raise FilterValueError(f"filterValues: {name} stands for one value, {len(values)} were sent.")
        found[name] = values
    return found


def _values(text: str) -> tuple[Value, ...]:
    """Strings in quotes or bare words and numbers, separated by commas."""
    found: list[Value] = []
    position = 0
    while position < len(text):
        match = _QUOTED.match(text, position)
        if match is not None:
            found.append(re.sub(r"\\(.)", r"\1", match[1]))
            position = match.end()
            continue
        part, _, _ = text[position:].partition(",")
        found.append(_bare(part.strip()))
        position += len(part) + 1
    return tuple(found)


def _bare(text: str) -> Value:
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text  # "inf" and "nan" are words here
