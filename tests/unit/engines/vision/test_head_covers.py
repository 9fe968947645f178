"""Heads and their covers: the squares, the regressions' arithmetic, and whose a head is; over a made-up net."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from clary.engines.vision import head_covers
from clary.engines.vision.head_covers import BARE, COVERED, NONE, PIXELS, Head, HeadFinder, Square
from clary.engines.vision.head_detection import agreed
from clary.engines.vision.pictures import from_pixels

SHAPES = {"fine": (32, 24), "middle": (16, 32), "coarse": (8, 96), "last": (4, 1280)}


class Blank:
    """Stands for the weights: the net that sees nothing, so that only colours differ."""

    def __getitem__(self, name: str) -> Callable[[np.ndarray], list[np.ndarray]]:
        def look(pixels: np.ndarray) -> list[np.ndarray]:
            assert pixels.shape[1:] == (PIXELS, PIXELS, 3)
            return [np.zeros((len(pixels), side, side, channels), np.float32) for side, channels in SHAPES.values()]

        return look


def finder() -> HeadFinder:
    """Leaves boxes where they are; what is bright all over is covered, what is dark bare, and grey is no head."""
    width = head_covers.described(Blank(), [np.zeros((PIXELS, PIXELS, 3), np.uint8)]).shape[1]  # type: ignore[arg-type]
    seen = 4 * 4 * 96 + 4 * 4 * 32 + 1280 + 2 * 2 * 24
    lightness = np.zeros(width, np.float32)
    lightness[seen : seen + 3 * 64 : 3] = np.sqrt(width) / 64
    judge = np.zeros((width + 12 + 1, 3), np.float32)
    judge[:width, COVERED], judge[:width, BARE] = lightness, -lightness
    judge[-1, COVERED], judge[-1, BARE], judge[-1, NONE] = -200, 60, 0
    stay = np.zeros((width + 1, 4), np.float32)
    ones, twelve = np.ones(width, np.float32), np.ones(12, np.float32)
    return HeadFinder(
        {
            "mean": 0 * ones, "deviation": ones, "wide": stay, "close": stay, "judge": judge,
            "place_mean": 0 * twelve, "place_deviation": twelve,
        }
    )  # fmt: skip


def found(pixels: np.ndarray, *persons: tuple[float, float, float, float]) -> dict[int, Any]:
    boxes = np.array(persons, np.float32).reshape(-1, 4)
    sure = np.linspace(0.9, 0.5, len(boxes)).astype(np.float32)
    return finder().find(Blank(), from_pixels(pixels), boxes, sure)  # type: ignore[arg-type]


def test_a_square_s_answer_leads_back_to_the_box_it_was_made_of() -> None:
    square, box = Square(100.0, 80.0, 66.0), np.array([90.0, 60.0, 130.0, 95.0])
    assert np.allclose(head_covers.moved(square, head_covers.wanted_move(square, box)), box)
    around = Square.around(box)
    assert (around.x, around.y, around.side) == (110.0, 77.5, pytest.approx(37.5 * head_covers.REACH))


def test_squares_begin_at_the_upper_end_of_a_person() -> None:
    for one in head_covers.starts(np.array([100.0, 50.0, 200.0, 450.0])):
        assert 100 <= one.x <= 200 and 50 < one.y < 50 + 0.3 * 400
        assert 0.1 * 400 < one.side < 400


def test_what_sticks_out_of_the_picture_shows_its_edge() -> None:
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:, :5] = (200, 0, 0)
    out = head_covers.cut(pixels, Square(0.0, 20.0, 30.0))
    assert out.shape == (PIXELS, PIXELS, 3) and (out[:, : PIXELS // 2] == (200, 0, 0)).all()
    assert head_covers.cut(pixels, Square(-500.0, 20.0, 30.0)).shape == (PIXELS, PIXELS, 3)


def test_each_person_gets_the_head_at_its_upper_end() -> None:
    pixels = np.full((400, 600, 3), 110, np.uint8)
    pixels[:200, :300], pixels[:200, 300:] = 255, 0
    heads = found(pixels, (0.1, 0.1, 0.3, 0.9), (0.65, 0.1, 0.85, 0.9))
    assert heads[0].covered > 0.9 > 0.1 > heads[0].bare
    assert heads[1].bare > 0.9 > 0.1 > heads[1].covered
    for number, (left, right) in enumerate(((0.05, 0.35), (0.6, 0.9))):
        box = heads[number].box
        assert left < box[0] < box[2] < right and box[1] < 0.3
    grey = np.full((400, 600, 3), 118, np.uint8)
    assert found(grey, (0.1, 0.1, 0.3, 0.9))[0].confidence < 0.5
    assert found(grey) == {}


def head(left: float, covered: float, bare: float) -> Head:
    return Head(np.array([left, 0.1, left + 0.1, 0.2], np.float32), covered, bare)


def test_what_two_models_agree_on_is_surer_than_what_one_sees() -> None:
    found = {0: head(0.1, 0.7, 0.0), 1: head(0.5, 0.7, 0.0), 2: head(0.8, 0.0, 0.9)}
    judged = {3: head(0.12, 0.8, 0.1), 2: head(0.81, 0.1, 0.8), 4: head(0.3, 0.6, 0.2)}
    joined = agreed(found, judged)
    assert set(joined) == {0, 1, 2, 4}
    assert np.array_equal(joined[0].box, found[0].box) and joined[0].covered > 0.7 > 0.5 > joined[1].covered
    assert joined[2].bare > 0.8 > 0.5 > joined[2].covered
    assert joined[4].covered < 0.5
    even = agreed({0: head(0.1, 0.4, 0.0)}, {0: head(0.1, 0.4, 0.0)})[0]
    assert even.covered == pytest.approx(0.5)
    assert agreed({0: head(0.1, 0.9, 0.0)}, {0: head(0.7, 0.2, 0.0)})[0].box[0] == pytest.approx(0.1)
    assert agreed({}, {}) == {}


def test_a_head_goes_to_one_person_only() -> None:
    pixels = np.full((400, 600, 3), 255, np.uint8)
    twice = found(pixels, (0.4, 0.1, 0.6, 0.9), (0.405, 0.1, 0.605, 0.9))
    boxes = [head.box for head in twice.values()]
    assert not any(np.allclose(one, other) for at, one in enumerate(boxes) for other in boxes[at + 1 :])
