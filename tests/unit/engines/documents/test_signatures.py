"""Signatures."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.signatures import find_signatures
from tests.unit.engines.documents.pages_made import page, paper, rule


def scribble(picture: NDArray[np.uint8], left: float, top: float, width: float, height: float) -> None:
    """Loops as a pen makes them."""
    for step in range(4000):
        share = step / 4000
        x = 2 * (left + width * (share + 0.04 * math.cos(60 * share)))
        y = 2 * (top + height * (0.5 + 0.45 * math.sin(50 * share) * math.cos(9 * share)))
        picture[int(y) : int(y) + 3, int(x) : int(x) + 3] = 20


def test_strokes_beside_the_word_signature_are_one() -> None:
    picture = paper()
    scribble(picture, 140, 385, 120, 30)
    rule(picture, 130, 418, 320, 418)
    (found,) = find_signatures(page([(60, 400, "Signature:"), (60, 100, "I agree to all of this")]), picture)
    assert abs(found.box.centre[0] - 200 / 600) < 0.03
    assert abs(found.box.centre[1] - 400 / 800) < 0.02


def test_the_word_may_stand_below_the_line() -> None:
    picture = paper()
    scribble(picture, 80, 385, 120, 26)
    rule(picture, 60, 415, 260, 415)
    assert len(find_signatures(page([(60, 418, "Authorized signature"), (60, 100, "Some more words")]), picture)) == 1


def test_an_empty_line_is_no_signature() -> None:
    picture = paper()
    rule(picture, 130, 418, 320, 418)
    assert find_signatures(page([(60, 400, "Signature:"), (60, 100, "Some more words")]), picture) == ()


def test_strokes_where_nobody_is_asked_to_sign_are_none() -> None:
    picture = paper()
    scribble(picture, 140, 385, 120, 30)
    assert find_signatures(page([(60, 400, "Drawing:"), (60, 100, "Some more words")]), picture) == ()
