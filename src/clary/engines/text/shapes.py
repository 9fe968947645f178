"""How a word is written: capitals, digits, signs. An encoder that reads lower case is told it beside the word."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Final


class Shape(IntEnum):
    """The ways to write a word. The numbers are part of trained models: never renumber."""

    NONE = 0
    LOWER = 1
    TITLE = 2
    UPPER = 3
    CAPITAL = 4
    MIXED = 5
    DIGITS = 6
    LETTERS_AND_DIGITS = 7
    NUMBER = 8
    PUNCTUATION = 9
    SYMBOL = 10
    MENTION = 11
    HASHTAG = 12
    ADDRESS = 13


_NUMBER: Final = re.compile(r"[+-]?\d+(?:[.,:/-]\d+)+%?|\d+%")
_ADDRESS: Final = re.compile(r"https?:|www\.|[^\s@]+@[^\s@]+\.", re.IGNORECASE)
_PUNCTUATION: Final = frozenset(
    ".,;:!?\"'`()[]{}-\u2010\u2011\u2012\u2013\u2014\u2026\u2018\u2019\u201c\u201d\u00ab\u00bb\u00a1\u00bf/"
)


def word_shape(word: str) -> Shape:
    """Returns how the word is written; `Shape.NONE` for the empty word."""
    if not word:
        return Shape.NONE
    if word[0] == "@" and len(word) > 1:
        return Shape.MENTION
    if word[0] == "#" and len(word) > 1:
        return Shape.HASHTAG
    if _ADDRESS.match(word):
        return Shape.ADDRESS
    if word.isdigit():
        return Shape.DIGITS
    if any(character.isdigit() for character in word):
        return Shape.NUMBER if _NUMBER.fullmatch(word) else Shape.LETTERS_AND_DIGITS
    if not any(character.isalpha() for character in word):
        return Shape.PUNCTUATION if all(character in _PUNCTUATION for character in word) else Shape.SYMBOL
    return _letters(word)


def _letters(word: str) -> Shape:
    if word.islower():
        return Shape.LOWER
    if len(word) == 1:
        return Shape.CAPITAL if word.isupper() else Shape.LOWER
    if word.isupper():
        return Shape.UPPER
    if word[0].isupper() and word[1:].islower():
        return Shape.TITLE
    return Shape.MIXED
