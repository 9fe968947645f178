"""What a page as a whole says about single characters: its script, its accents, its capitals.

The recogniser knows Latin, Chinese and Japanese letters at once and takes each line by itself. On a page of English a
smudged capital comes out as a Chinese sign now and then, or as a letter with an accent that no other word has.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from clary.engines.documents.recognizer import Reading, is_latin

FEW_FOREIGN = 0.1
"""A page with a smaller share of letters of other scripts is written in Latin ones."""
FEW_ACCENTS = 0.008
"""On a page with a smaller share of letters with accents, a doubtful one has none."""
DOUBTFUL = 0.97
BOXES = frozenset("□☐☑☒■▢◻◼▪▫")
"""Signs that stand for a box to be ticked, not for a letter."""
SHAPED_ALIKE = frozenset("copsuvwxzki")
"""Small letters that differ from their capitals in height alone, nearly."""


def settle(readings: Sequence[Reading]) -> list[Reading]:
    """The lines of one page, each seen in the light of the others.

    Args:
        readings: as the recogniser gave them.

    Returns:
        The same lines in the same order.
    """
    letters = [letter for reading in readings for letter in reading.text if letter.isalpha()]
    foreign = sum(not is_latin(letter) for letter in letters)
    if foreign < FEW_FOREIGN * len(letters):
        readings = [reading.latin or reading for reading in readings]
    accented = sum(_plain(letter) != letter for letter in letters)
    if accented >= FEW_ACCENTS * len(letters):
        return list(readings)
    return [_without_doubtful_accents(reading) for reading in readings]


def capitals(text: str) -> str:
    """The word, small letters among capitals made capitals where only their height tells them apart.

    Args:
        text: a word as it was read: "WiNSTON", "SOp".
    """
    letters = [letter for letter in text if letter.isalpha()]
    small = [letter for letter in letters if letter.islower()]
    if not small or len(small) > max(1, len(letters) // 4) or len(letters) < 3:
        return text
    if not all(letter in SHAPED_ALIKE for letter in small) or letters[0].islower():
        return text
    if any(one == "M" and other == "c" for one, other in pairwise(text)):
        return text  # McDONALD
    if text.rstrip(".,;:)").endswith("s") and small == ["s"]:
        return text  # the plural of an abbreviation
    return text.upper()


def _without_doubtful_accents(reading: Reading) -> Reading:
    if reading.text.isascii():
        return reading
    letters = [
        letter if chance >= DOUBTFUL else _plain(letter)
        for letter, chance in zip(reading.text, reading.probabilities, strict=True)
    ]
    return replace(reading, text="".join(letters))


def _plain(letter: str) -> str:
    """A Latin letter without its accents; anything else as it is."""
    if letter.isascii() or not letter.isalpha():
        return letter
    base = unicodedata.normalize("NFD", letter)[0]
    return base if base.isascii() else letter
