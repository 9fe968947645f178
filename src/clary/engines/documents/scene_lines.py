"""Words of a photograph become lines: what stands beside each other, of about one size and slant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.crops import sides, slant_degrees
from clary.engines.documents.detector import Quadrilateral

WIDEST_GAP = 1.0
"""Words further apart than this, in their height, stand in different lines."""
OFF_THE_LINE = 0.4
"""So far above or below, in its height, a word does not go on with a line."""
LIKE_SIZED = 1.7
"""The higher of two words of a line is at most so many times as high."""
LIKE_SLANTED_DEGREES = 15.0


def lines_of_words(boxes: Sequence[Quadrilateral]) -> list[list[int]]:
    """The words of each line in their order, lines from top to bottom.

    Args:
        boxes: of the words, each beginning at the corner where it is begun to be read.
    """
    follows: dict[int, int] = {}
    preceded: set[int] = set()
    links = [
        (gap, one, other)
        for one, first in enumerate(boxes)
        for other, second in enumerate(boxes)
        if one != other and (gap := _gap(first, second)) is not None
    ]
    for _, one, other in sorted(links):
        if one not in follows and other not in preceded and not _reaches(follows, other, one):
            follows[one] = other
            preceded.add(other)
    lines = []
    for at in range(len(boxes)):
        if at not in preceded:
            line = [at]
            while line[-1] in follows:
                line.append(follows[line[-1]])
            lines.append(line)
    return sorted(lines, key=lambda line: (float(boxes[line[0]][0, 1]), float(boxes[line[0]][0, 0])))


def _gap(one: Quadrilateral, other: Quadrilateral) -> float | None:
    """How far the second word is from the end of the first, in heights; None where it does not follow it."""
    (width, high), (_, tall) = sides(one), sides(other)
    slant = (slant_degrees(other) - slant_degrees(one) + 180) % 360 - 180
    if max(high, tall) > LIKE_SIZED * min(high, tall) or abs(slant) > LIKE_SLANTED_DEGREES or width <= 0:
        return None
    along: NDArray[np.float32] = (one[1] - one[0]) / width
    end, begin = (one[1] + one[2]) / 2, (other[0] + other[3]) / 2
    step = (begin - end) / max(high, tall)
    forward = float(step @ along)
    aside = float(abs(step[0] * along[1] - step[1] * along[0]))
    return abs(forward) if -OFF_THE_LINE < forward < WIDEST_GAP and aside < OFF_THE_LINE else None


def _reaches(follows: dict[int, int], begin: int, end: int) -> bool:
    """Whether one comes to `end` by going on from `begin`."""
    while begin != end and begin in follows:
        begin = follows[begin]
    return begin == end
