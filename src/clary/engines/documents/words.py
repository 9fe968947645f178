"""From a line that was read to its words: where they part, and the ink that belongs to each.

The recogniser says which characters a line has and roughly where it saw each; the ink says where exactly. A word ends
where the recogniser read a space, and also where the gap in the ink is far wider than the gaps between letters: small
print and capitals are often read without their spaces.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.crops import Crop
from clary.engines.documents.ink import Ink, ink_of, of_the_line, runs
from clary.engines.documents.recognizer import Reading
from clary.engines.documents.spelling import BOXES, capitals


@dataclass(frozen=True, slots=True)
class SplitSettings:
    """When a gap parts words, and how far a box reaches beyond the ink.

    Attributes:
        wide_gap: a gap wider than this, in heights of the line's letters, parts words whatever was read.
        likely_gap: a gap wider than this parts words where the recogniser saw at least `least_space`.
        least_space: probability of a space.
        outlier: a gap counts as wide only if it is so many times the line's usual gap between letters.
        margin: of a box around its ink, in heights of the letters.
        edge_pixels: comes to the margin: the soft edge of the ink.
        least_height: of the ink that a box is made for, in heights of the letters: a dash has the box of a low letter.
    """

    wide_gap: float = 0.6
    likely_gap: float = 0.22
    least_space: float = 0.05
    outlier: float = 3.0
    margin: float = 0.03
    edge_pixels: float = 1.3
    least_height: float = 0.5


@dataclass(frozen=True, slots=True)
class Piece:
    """A word of a line.

    Attributes:
        text: without spaces.
        left: of its box, in pixels of the line's picture.
        top: likewise.
        right: likewise.
        bottom: likewise.
        probabilities: of its characters.
    """

    text: str
    left: float
    top: float
    right: float
    bottom: float
    probabilities: NDArray[np.float32]


def split(line: Crop, reading: Reading, settings: SplitSettings) -> list[Piece]:
    """The words of a line, from left to right.

    Args:
        line: the picture that was read.
        reading: what was read.
        settings: when to part.
    """
    seen = [i for i in range(len(reading.text)) if not _separates(reading.text, i)]
    if not seen:
        return []
    ink = of_the_line(ink_of(line.pixels) & ~line.rules)
    width = line.pixels.shape[1]
    centres = np.clip(reading.centres[seen] * width, 0, width - 1)
    gaps = _gaps(np.asarray(ink.any(axis=0)), centres)
    letter_height = _letter_height(ink)
    usual = float(np.median([end - begin for begin, end in gaps])) if gaps else 0.0
    pieces, first, left = [], 0, 0.0
    for at in range(len(seen)):
        last = at == len(seen) - 1
        if not last:
            begin, end = gaps[at]
            spaced = seen[at + 1] - seen[at] > 1
            space = float(reading.spaces[seen[at] + 1])
            if not spaced and not _parts(end - begin, space, usual, letter_height, settings):
                continue
        right = float(width) if last else gaps[at][0]
        members = seen[first : at + 1]
        pieces.append(_piece(reading, members, ink, (left, right), settings, letter_height))
        if not last:
            first, left = at + 1, gaps[at][1]
    return pieces


def _separates(text: str, at: int) -> bool:
    """Whether a character stands between words: white space, the lines and boxes of a form."""
    character = text[at]
    if character == "_":
        return not (text[at - 1 : at].isalnum() and text[at + 1 : at + 2].isalnum())
    return character.isspace() or character == "|" or character in BOXES


def _letter_height(ink: Ink) -> float:
    rows = np.flatnonzero(ink.any(axis=1))
    return float(rows[-1] - rows[0] + 1) if len(rows) else float(ink.shape[0])


def _gaps(columns: NDArray[np.bool_], centres: NDArray[np.float32]) -> list[tuple[float, float]]:
    """For each two neighbours the widest stretch without ink between them; of no width where their ink touches."""
    blank = runs(~columns)
    ends = [end for _, end in blank]
    found = []
    for one, other in pairwise(centres):
        widest = middle = (float(one + other) / 2,) * 2
        # the runs are in order: only those that end between the two can lie between them, and the first after
        for begin, end in islice(blank, bisect_right(ends, one), None):
            if begin >= other:
                break
            between = one < (begin + end) / 2 < other or (begin >= one and end <= other)
            if between and (widest is middle or end - begin > widest[1] - widest[0]):
                widest = begin, end
        found.append(widest)
    return [(float(begin), float(end)) for begin, end in found]


def _parts(gap: float, space: float, usual: float, letter_height: float, settings: SplitSettings) -> bool:
    if gap < settings.outlier * usual:
        return False
    wide = gap > settings.wide_gap * letter_height
    return wide or (gap > settings.likely_gap * letter_height and space >= settings.least_space)


def _piece(
    reading: Reading, members: list[int], ink: Ink, reach: tuple[float, float], settings: SplitSettings, tall: float
) -> Piece:
    """The word of some characters; its box is the ink between two columns, and a little of the paper around it."""
    margin = settings.edge_pixels + settings.margin * tall
    begin, end = int(reach[0]), max(int(np.ceil(reach[1])), int(reach[0]) + 1)
    part = ink[:, begin:end]
    columns, rows = np.flatnonzero(part.any(axis=0)), np.flatnonzero(part.any(axis=1))
    text = capitals("".join(reading.text[i] for i in members))
    probabilities = reading.probabilities[members]
    if not len(columns):
        return Piece(text, begin, 0.0, end, float(ink.shape[0]), probabilities)
    left, right = float(begin + columns[0]), float(begin + columns[-1] + 1)
    top, bottom = float(rows[0]), float(rows[-1] + 1)
    missing = max(0.0, settings.least_height * tall - (bottom - top)) / 2
    top, bottom = top - missing, bottom + missing
    return Piece(text, left - margin, top - margin, right + margin, bottom + margin, probabilities)
