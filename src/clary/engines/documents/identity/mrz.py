"""The machine-readable zone of passports and identity cards (ICAO Doc 9303, parts 3 to 6)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

_WEIGHTS = (7, 3, 1)
_TO_DIGIT = str.maketrans("OQDILZSGB", "000112568")
_TO_LETTER = str.maketrans("01256808", "OIZSGBOB")
_SHAPE = re.compile(r"[A-Z0-9<]{20,50}")


@dataclass(frozen=True, slots=True)
class MachineReadable:
    """What a machine-readable zone says.

    Attributes:
        lines: as they are meant, with fillers.
        kind: "P" for a passport, "I", "A" or "C" for a card, "V" for a visa.
        number: of the document.
        valid: whether every check digit is right.
        sex: "M", "F" or "X".
    """

    lines: tuple[str, ...]
    kind: str
    country: str
    surname: str
    given_names: str
    number: str
    nationality: str
    birth: date | None
    expiry: date | None
    sex: str
    valid: bool


def check_digit(text: str) -> int:
    """The check digit of a text of digits, capital letters and fillers (ICAO Doc 9303-3, 4.9)."""
    total = 0
    for place, character in enumerate(text):
        value = 0 if character == "<" else int(character) if character.isdigit() else ord(character) - 55
        total += value * _WEIGHTS[place % 3]
    return total % 10


def zone_lines(texts: Sequence[str]) -> list[int]:
    """Which of some lines, from top to bottom, look like a machine-readable zone; their positions."""
    found = []
    for place, text in enumerate(texts):
        bare = bare_line(text)
        if _SHAPE.fullmatch(bare) and ("<<" in bare or (bare.count("<") >= 1 and sum(c.isdigit() for c in bare) >= 12)):
            found.append(place)
    return found


def bare_line(text: str) -> str:
    """A line of the zone without what reading adds: spaces, small letters, look-alikes of the filler and of letters."""
    return re.sub(r"[\s.,]", "", text).upper().replace("«", "<<").replace("\u2039", "<").replace("\u03a1", "P")


def parse_zone(texts: Sequence[str], today: date) -> MachineReadable | None:
    """Reads a zone of two or three lines; None where it is none.

    Args:
        texts: the lines, as they were read.
        today: to tell the century of a year of two digits.
    """
    lines = [bare_line(text) for text in texts]
    if len(lines) == 3 and all(26 <= len(line) <= 34 for line in lines):
        return _of_card([_padded(line, 30) for line in lines], today)
    if len(lines) != 2 or not all(32 <= len(line) <= 48 for line in lines):
        return None
    width = 44 if max(len(line) for line in lines) > 39 else 36
    return _of_booklet([_padded(line, width) for line in lines], today)


def _padded(line: str, width: int) -> str:
    """Brings a line to its width; runs of fillers are what reading gets wrong in length."""
    if len(line) < width:
        longest = max(re.finditer(r"<+", line), key=lambda run: len(run.group()), default=None)
        at = longest.end() if longest else len(line)
        return line[:at] + "<" * (width - len(line)) + line[at:]
    while len(line) > width:
        longest = max(re.finditer(r"<+", line), key=lambda run: len(run.group()), default=None)
        if longest is None:
            return line[:width]
        line = line[: longest.start()] + line[longest.start() + 1 :]
    return line


def _of_booklet(lines: Sequence[str], today: date) -> MachineReadable:
    upper, lower = lines
    surname, given = _names(upper[5:])
    number = _checked(lower[0:9], lower[9])
    birth, expiry = _digits(lower[13:19]), _digits(lower[21:27])
    valid = number[1] and _is_checked(birth, lower[19]) and _is_checked(expiry, lower[27])
    return MachineReadable(
        tuple(lines),
        upper[0],
        _letters(upper[2:5]),
        surname,
        given,
        number[0].rstrip("<").replace("<", ""),
        _letters(lower[10:13]),
        _date(birth, today, False),
        _date(expiry, today, True),
        lower[20] if lower[20] in "MF" else "X",
        valid,
    )


def _of_card(lines: Sequence[str], today: date) -> MachineReadable:
    first, second, third = lines
    surname, given = _names(third)
    number = _checked(first[5:14], first[14])
    birth, expiry = _digits(second[0:6]), _digits(second[8:14])
    valid = number[1] and _is_checked(birth, second[6]) and _is_checked(expiry, second[14])
    return MachineReadable(
        tuple(lines),
        first[0],
        _letters(first[2:5]),
        surname,
        given,
        number[0].rstrip("<").replace("<", ""),
        _letters(second[15:18]),
        _date(birth, today, False),
        _date(expiry, today, True),
        second[7] if second[7] in "MF" else "X",
        valid,
    )


def _checked(text: str, digit: str) -> tuple[str, bool]:
    """A number, with its O's and 0's as its check digit wants them."""
    for version in (text, text.translate(_TO_DIGIT), text[:1].translate(_TO_LETTER) + text[1:].translate(_TO_DIGIT)):
        if _is_checked(version, digit):
            return version, True
    return text, False


def _is_checked(text: str, digit: str) -> bool:
    digit = digit.translate(_TO_DIGIT)
    return (digit.isdigit() and check_digit(text) == int(digit)) or (digit == "<" and not text.strip("<"))


def _digits(text: str) -> str:
    return text.translate(_TO_DIGIT)


def _letters(text: str) -> str:
    return text.translate(_TO_LETTER).replace("<", "")


def _names(text: str) -> tuple[str, str]:
    surname, _, given = text.translate(_TO_LETTER).strip("<").partition("<<")
    return surname.replace("<", " ").strip(), re.sub(r"<+", " ", given).strip()


def _date(text: str, today: date, ahead: bool) -> date | None:
    """A date of two digits each; births lie behind, expiries at most half a century ahead."""
    if not text.isdigit():
        return None
    year, month, day = int(text[:2]), int(text[2:4]), int(text[4:6])
    century = today.year // 100 * 100
    full = century + year
    if (not ahead and full > today.year) or (ahead and full > today.year + 50):
        full -= 100
    try:
        return date(full, month, day)
    except ValueError:
        return None
