"""Covered and bare heads by a detector that looks at the upper half of every person.

It was learned from pictures of building sites with the code that users train their own labels with
(`training/vision/head_cover.py`). What it says and what `head_covers` says are joined by `agreed`: they see the same in
different ways, so that where they agree hardly anything is wrong.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clary.engines.vision.boxes import overlaps
from clary.engines.vision.contract import Box
from clary.engines.vision.custom_labels import CustomModel
from clary.engines.vision.face_detection import crop
from clary.engines.vision.head_covers import Head
from clary.engines.vision.models import Models
from clary.engines.vision.pictures import Picture, Pixels, from_pixels

UPPER_PIXELS = 224
"""The side of the square in which a person's head is looked for."""
_LEAST_HEAD = 0.1
_UPPER = 0.5
_SQUARE = 1.15  # of the wider of a person's width and upper half
_SAME_HEAD = 0.4
_AGREES = 0.25
_EVEN = 0.4  # the mean of two chances that is right half the time: each of the two knows only what the other may miss
_MODEL = Path(__file__).with_name("weights") / "head_cover"

Array = NDArray[np.float32]


def upper_body(picture: Picture, person: Array) -> tuple[Pixels, Array]:
    """The square around the upper half of a person.

    Args:
        picture: where the person is.
        person: [4] as ratios.

    Returns:
        [`UPPER_PIXELS`, `UPPER_PIXELS`, 3]; and the square [4] as ratios, which may stick out of the picture.
    """
    extent = np.array([picture.width, picture.height], np.float32)
    low, high = person[:2] * extent, person[2:] * extent
    width, height = high - low
    side = max(float(width), float(height) * _UPPER, 8.0) * _SQUARE
    centre = np.array([(low[0] + high[0]) / 2, low[1] + side * 0.5 - 0.1 * side], np.float32)
    cut, _ = crop(picture.rgb, centre, side, 0.0, UPPER_PIXELS)
    square = np.concatenate([(centre - side / 2) / extent, (centre + side / 2) / extent])
    return cut, square.astype(np.float32)


def detected(models: Models, picture: Picture, persons: Array, model: CustomModel | None = None) -> dict[int, Head]:
    """The head of each person that shows one; a head that several squares show goes to whom it suits best.

    Args:
        models: where the nets come from.
        picture: any size.
        persons: [n, 4] as ratios.
        model: the detector; the one that Clary ships where it is not given.
    """
    candidates: list[tuple[float, int, Head]] = []
    for number, person in enumerate(persons):
        cut, square = upper_body(picture, person)
        extent = np.concatenate([square[2:] - square[:2]] * 2)
        for answer in (model or head_detector()).look(models, from_pixels(cut)):
            chance = answer["confidence"]
            if answer["box"] is None or chance < _LEAST_HEAD:
                continue
            box = _corners(answer["box"]) * extent + np.concatenate([square[:2]] * 2)
            middle = abs(float((box[0] + box[2]) - (person[0] + person[2]))) / max(float(person[2] - person[0]), 1e-6)
            is_covered = answer["name"] == "covered"
            head = Head(box.astype(np.float32), chance if is_covered else 0.0, 0.0 if is_covered else chance)
            candidates.append((chance * max(0.0, 1.0 - 0.5 * middle), number, head))
    candidates.sort(key=lambda candidate: -candidate[0])
    taken: dict[int, Head] = {}
    for _, number, head in candidates:
        others = np.array([other.box for other in taken.values()], np.float32).reshape(-1, 4)
        if number not in taken and not (overlaps(head.box[None], others) > _SAME_HEAD).any():
            taken[number] = head
    return taken


def agreed(found: dict[int, Head], judged: dict[int, Head]) -> dict[int, Head]:
    """One head for each person of what the detector found and what `head_covers` judged, with the mean chances.

    A head that both saw keeps the detector's person and box. One that only one of them saw has half its chance.
    """
    left = dict(judged)
    joined: list[tuple[int, Head]] = []
    for number, head in sorted(found.items(), key=lambda one: -one[1].confidence):
        same = max(left, key=lambda other: _shared(head, left[other]), default=None)
        if same is not None and _shared(head, left[same]) > _AGREES:
            other = left.pop(same)
            joined.append((number, _calibrated(head.box, head.covered + other.covered, head.bare + other.bare)))
        else:
            joined.append((number, _calibrated(head.box, head.covered, head.bare)))
    joined += [(number, _calibrated(head.box, head.covered, head.bare)) for number, head in left.items()]
    best: dict[int, Head] = {}
    for number, head in joined:
        if number not in best or head.confidence > best[number].confidence:
            best[number] = head
    return best


def _shared(one: Head, other: Head) -> float:
    return float(overlaps(one.box[None], other.box[None])[0, 0])


def _calibrated(box: Array, covered: float, bare: float) -> Head:
    """A head of summed chances; a mean of `_EVEN` becomes one half."""
    there = (covered + bare) / 2
    if there <= 0.0:
        return Head(box, 0.0, 0.0)
    odds = there / max(1.0 - there, 1e-6) * (1.0 - _EVEN) / _EVEN
    surety = odds / (1.0 + odds)
    part = covered / (covered + bare)
    return Head(box, surety * part, surety * (1.0 - part))


@cache
def head_detector() -> CustomModel:
    """The detector that Clary ships."""
    return CustomModel.load(_MODEL)


def _corners(box: Box) -> Array:
    left, top = box["left"], box["top"]
    return np.array([left, top, left + box["width"], top + box["height"]], np.float32)
