"""The models' regular expressions, which are written for Java, as Python's.

Java's `\\d`, `\\w` and `\\s` are ASCII, and `\\p{...}` names sets of Unicode that Python's `re` does not have; those
are spelled out as ranges. A pattern that cannot be translated is not checked; a test lists them.
"""

from __future__ import annotations

import re
import sys
import unicodedata
import warnings
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from itertools import groupby

MAX_CHECKED_CHARACTERS = 16_384
"""Longer values are not matched: no modelled name is longer, and matching must not cost more than the request."""

LINEAR_TWINS = {
    r"^[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*$": r"^[a-z0-9*]+(?:[._\-/][a-z0-9*]+)*$",
    r"[a-z0-9]([-a-z0-9]*[a-z0-9]){0,39}?": r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?",
    r"https://([.\-_a-zA-Z0-9]+/?){3,1016}": (
        r"https://(?=(?:[.\-_a-zA-Z0-9]/?){3})[.\-_a-zA-Z0-9]+(?:/[.\-_a-zA-Z0-9]+)*/?"
    ),
    r"^[\x20-\x7E]*[\x21-\x7E]+[\x20-\x7E]*$": r"^(?=[\x20-\x7E]*?[\x21-\x7E])[\x20-\x7E]*$",
    r"^[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*$": r"^(?=\t*[\x20-\x7E])[\t\x20-\x7E]*$",
    r"^[ \t]*[^\x00-\x1F:\x7F]+([ \t]+[^\x00-\x1F:\x7F]+)*[ \t]*$": (
        r"^(?=\t*[^\x00-\x1F:\x7F])[^\x00-\x08\x0A-\x1F:\x7F]*$"
    ),
    r".*[0-9a-z]+.*": r"(?=.*?[0-9a-z]).*",
    r".*\S.*": r"(?=.*?\S).*",
}
"""Patterns whose matching would take exponential or cubic time, each with one that matches the same and does not."""

_POSIX = {
    "Lower": "a-z",
    "Upper": "A-Z",
    "ASCII": r"\x00-\x7f",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Punct": r"!-/:-@\[-`{-~",
    "Graph": "!-~",
    "Print": " -~",
    "Blank": r" \t",
    "Cntrl": r"\x00-\x1f\x7f",
    "XDigit": "0-9a-fA-F",
    "Space": r" \t\n\x0b\f\r",
}
_NAMED = {
    "IsAlphabetic": ("L", "Nl"),
    "IsLetter": ("L",),
    "IsDigit": ("Nd",),
    "IsPunctuation": ("P",),
    "IsWhite_Space": ("Z",),
}
_BLOCKS = {"IsLatin": "a-zA-Z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02b8\u1e00-\u1eff"}
# What comes after is unassigned or private, which is category C, but for the variation selectors.
_LAST_ASSIGNED = 0x323AF
_LAST_ASCII = 0x7F
_GENERAL_CATEGORIES = frozenset(
    {
        *("L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No"),
        *("P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp"),
        *("C", "Cc", "Cf", "Cs", "Co", "Cn"),
    }
)
_ESCAPED = re.compile(r"\\(?:([pP])(?:\{(\w+)\}|(\w))|x\{([0-9a-fA-F]+)\}|(.))", re.DOTALL)
_SURROGATES = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
# A repeated end of input, which some models have, is an end of input.
_REPEATED_END = re.compile(r"(?<!\\)\$\{\d+,\d*\}")
_PLAIN_ESCAPES = {"z": r"\Z", "Z": r"(?=\n?\Z)", "h": r" \t\xa0", "/": "/", "_": "_", "e": r"\x1b"}


@cache
def _category_ranges(last: int) -> dict[str, list[tuple[int, int]]]:
    """The ranges of code points up to `last`, of every general category ("Lu") and every group of them ("L")."""
    ranges: dict[str, list[tuple[int, int]]] = {}
    start = 0
    for category, run in groupby(map(unicodedata.category, map(chr, range(last + 1)))):
        end = start + sum(1 for _ in run) - 1
        for name in (category, category[0]):
            known = ranges.setdefault(name, [])
            if known and known[-1][1] == start - 1:
                known[-1] = (known[-1][0], end)
            else:
                known.append((start, end))
        start = end + 1
    for name in ("Cn", "C"):
        ranges.setdefault(name, []).append((start, sys.maxunicode))
    return ranges


def _set_of(name: str, last: int) -> str:
    """The inside of a character class for the property `name`, true for characters up to `last`.

    Raises:
        ValueError: not a property that is known here.
    """
    if name in _POSIX:
        return _POSIX[name]
    if name in _BLOCKS:
        return _BLOCKS[name]
    categories = _NAMED.get(name, (name.removeprefix("Is"),))
    ranges = [pair for category in categories for pair in _category_ranges(last).get(category, ())]
    if not _GENERAL_CATEGORIES.issuperset(categories):
        raise ValueError(f"unknown property {name}")
    # a class may be empty up to `last`: the end of all code points stands for nothing
    return _spelled(ranges or [(sys.maxunicode, sys.maxunicode)])


def _spelled(ranges: Iterable[tuple[int, int]]) -> str:
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges)


def _set_without(name: str, last: int) -> str:
    """The inside of a character class for everything outside the property `name`, true for characters up to `last`.

    Raises:
        ValueError: not one of Unicode's general categories.
    """
    if name not in _GENERAL_CATEGORIES:
        raise ValueError(f"unknown category {name}")
    gaps, start = [], 0
    for low, high in _category_ranges(last).get(name, ()):
        if low > start:
            gaps.append((start, low - 1))
        start = high + 1
    return _spelled(gaps if start > sys.maxunicode else [*gaps, (start, sys.maxunicode)])


def translate(pattern: str, last: int = _LAST_ASSIGNED) -> str:
    """A Java pattern in Python's syntax.

    Args:
        last: the last code point for which the sets of Unicode have to be right.

    Raises:
        ValueError: it uses what Python does not have.
    """
    pattern = _REPEATED_END.sub("$", _SURROGATES.sub(_joined, pattern))
    out: list[str] = []
    in_class = False
    position = 0
    while position < len(pattern):
        character = pattern[position]
        if character == "\\":
            matched = _ESCAPED.match(pattern, position)
            if matched is None:
                raise ValueError("a pattern ends within an escape")
            out.append(_translate_escape(matched, in_class, last))
            position = matched.end()
            if in_class and matched[0][1] in "wWdDsSpP" and pattern.startswith("-", position):
                out.append("\\-")  # a set of characters cannot begin a range
                position += 1
            continue
        if in_class and pattern.startswith("&&", position):
            raise ValueError("intersections of character classes")
        if character == "[" and in_class:
            out.append("\\[")
        elif pattern.startswith("(?<", position) and not in_class and pattern[position + 3 : position + 4] not in "=!":
            out.append("(?P<")
            position += 3
            continue
        else:
            if character == "[":
                in_class = True
            elif character == "]":
                in_class = False
            out.append(character)
        position += 1
    return "".join(out)


def _joined(pair: re.Match[str]) -> str:
    high, low = int(pair[1], 16), int(pair[2], 16)
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def _translate_escape(matched: re.Match[str], in_class: bool, last: int) -> str:
    sign, braced, single, code, other = matched.groups()
    if code is not None:
        return f"\\U{int(code, 16):08x}"
    if sign is None:
        return _PLAIN_ESCAPES.get(other, matched[0]) if not in_class or other in "/_he" else matched[0]
    inside = _set_of(braced or single, last) if sign == "p" else _set_without(braced or single, last)
    return inside if in_class else f"[{inside}]"


@lru_cache(maxsize=4096)
def compiled(pattern: str, last: int = _LAST_ASSIGNED) -> Callable[[str], object] | None:
    """The matcher of a model's pattern for text up to the code point `last`, None when it cannot be translated.

    A pattern without anchors must cover the whole value; one with anchors says itself what it covers.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expression = re.compile(translate(LINEAR_TWINS.get(pattern, pattern), last), re.ASCII)
    except (ValueError, re.error, OverflowError, RecursionError):
        return None
    is_anchored = pattern.startswith("^") or (pattern.endswith("$") and not pattern.endswith("\\$"))
    return expression.search if is_anchored else expression.fullmatch


def matches(pattern: str, value: str) -> bool:
    """Whether a value satisfies a pattern of the model; patterns that cannot be checked are satisfied."""
    if len(value) > MAX_CHECKED_CHARACTERS:
        return True
    # Spelling out Unicode's letters takes milliseconds; most values need only those of ASCII.
    is_narrow = value.isascii() and "\\p" in pattern.lower()
    matcher = compiled(pattern, _LAST_ASCII) if is_narrow else compiled(pattern)
    return matcher is None or matcher(value) is not None
