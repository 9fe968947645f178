"""Heads of persons, and whether a helmet covers them: linear models over what MobileNetV2 sees (see `mobilenet`).

For every person a few squares are laid where heads are wont to be. Regressions, a wide one and twice a close one, move
and resize each square onto the head, as in Dollár et al., "Cascaded Pose Regression" (2010). A logistic regression then
tells from the square, and from how it lies on its person, whether it shows a covered head, a bare one, or none. Squares
that end at the same head are joined, and each head goes to one person.

The models are learned by `training/vision/head_judge.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.vision.boxes import covered, overlaps
from clary.engines.vision.models import Models
from clary.engines.vision.pictures import Picture, Pixels

PIXELS = 128
REACH = 2.2
"""The side of a square, in mean sides of the head in its middle."""
COVERED, BARE, NONE = 0, 1, 2
"""What a square shows."""
_APPROACH = ("wide", "close", "close")
_BATCH = 32
_COLOUR_CELLS = 8
_SAME_HEAD, _AGREES, _IS_PART = 0.3, 0.6, 0.7
_GEOMETRY_WEIGHT = 0.25
_LEAST_SIDE = 4.0  # pixels; nothing can be told of a smaller head
_FILE = Path(__file__).with_name("weights") / "head_judge.npz"

Array = NDArray[np.float64]
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Square:
    """A square of a picture, in pixels; it may stick out."""

    x: float
    y: float
    side: float

    @classmethod
    def around(cls, box: Array) -> Square:
        """The square in whose middle a head's box [4] lies."""
        mean_side = max(float((box[2:] - box[:2]).mean()), _LEAST_SIDE)
        return cls(float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2, mean_side * REACH)


@dataclass(frozen=True, slots=True)
class Head:
    """A head.

    Attributes:
        box: [4] left, top, right, bottom as ratios of the picture.
        covered: the chance that it is there and a helmet covers it.
        bare: the chance that it is there without one.
    """

    box: NDArray[np.float32]
    covered: float
    bare: float

    @property
    def confidence(self) -> float:
        """The chance that there is a head at all."""
        return self.covered + self.bare


def starts(person: Array) -> list[Square]:
    """Where the head of a person may be.

    Args:
        person: [4] left, top, right, bottom in pixels.
    """
    width, height = person[2:] - person[:2]
    middle, top = float(person[0] + person[2]) / 2, float(person[1])
    found = []
    for head in (0.16 * height, 0.32 * min(width, height)):  # of a whole body, and of one that is cut or bent
        side = max(float(head), 6.0)
        found += [Square(middle + aside * width, top + 0.55 * side, side * REACH) for aside in (-0.22, 0.0, 0.22)]
    return [*found, Square(middle, top + 0.25 * height, 0.21 * min(1.5 * width, height) * REACH)]


def cut(rgb: Pixels, square: Square) -> Pixels:
    """What a square shows, [`PIXELS`, `PIXELS`, 3]; beyond the picture's edge its last pixels go on."""
    height, width = rgb.shape[:2]
    side = max(2, round(square.side))
    left, top = round(square.x - square.side / 2), round(square.y - square.side / 2)
    part = rgb[max(0, top) : max(0, top + side), max(0, left) : max(0, left + side)]
    if not part.size:
        return np.full((PIXELS, PIXELS, 3), 114, np.uint8)
    beyond = (max(0, -top), max(0, top + side - height), max(0, -left), max(0, left + side - width))
    if any(beyond):
        part = np.asarray(cv2.copyMakeBorder(part, *beyond, cv2.BORDER_REPLICATE), np.uint8)
    method = cv2.INTER_AREA if side > PIXELS else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(part, (PIXELS, PIXELS), interpolation=method), np.uint8)


def described(models: Models, squares: Sequence[Pixels]) -> NDArray[np.float32]:
    """What is seen in squares, [n, features]: feature maps in coarse cells, and the cells' colours and their spread."""
    rows = []
    for start in range(0, len(squares), _BATCH):
        pixels = np.stack(squares[start : start + _BATCH])
        fine, middle, coarse, last = models["features"](pixels.astype(np.float32))
        colours = np.stack([cv2.cvtColor(one, cv2.COLOR_RGB2LAB) for one in pixels]).astype(np.float32)
        means = _cells(colours, _COLOUR_CELLS)
        spread = np.sqrt(np.maximum(_cells(colours**2, _COLOUR_CELLS) - means**2, 0))
        seen = [_cells(coarse, 4), _cells(middle, 4), last.mean(axis=(1, 2)), _cells(fine, 2), means, spread]
        rows.append(np.concatenate(seen, axis=1).astype(np.float32))
    return np.concatenate(rows)


def _cells(maps: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    number, height, width, channels = maps.shape
    parted = maps.reshape(number, count, height // count, count, width // count, channels)
    return np.asarray(parted.mean(axis=(2, 4)).reshape(number, -1), np.float32)


def lies(box: Array, person: Array) -> Array:
    """How a head's box lies on its person's, [12]: sizes, place and shape, and their squares."""
    extent, body = np.maximum(box[2:] - box[:2], 1.0), np.maximum(person[2:] - person[:2], 1.0)
    size = extent.mean()
    told = np.array(
        [
            np.log(size / body[1]) + 1.9,
            np.log(size / body[0]) + 0.9,
            ((box[0] + box[2]) / 2 - person[0]) / body[0] - 0.5,
            (box[1] - person[1]) / body[1],
            np.log(body[1] / body[0]) - 0.8,
            np.log(extent[1] / extent[0]),
        ]
    )
    return np.concatenate([told, told**2])


def moved(square: Square, answer: Array) -> Array:
    """The box [4] that a regression's answer [4] makes of a square: shift in sides, logarithms of the head's sides."""
    centre = np.array([square.x, square.y]) + np.clip(answer[:2], -0.6, 0.6) * square.side
    extent = np.exp(np.clip(answer[2:], -1.2, 1.2)) * square.side / REACH
    return np.concatenate([centre - extent / 2, centre + extent / 2])


def wanted_move(square: Square, box: Array) -> Array:
    """The answer [4] by which `moved` makes a box of a square."""
    centre = (box[:2] + box[2:]) / 2 - (square.x, square.y)
    return np.concatenate([centre / square.side, np.log(np.maximum(box[2:] - box[:2], 1.0) * REACH / square.side)])


class HeadFinder:
    """Finds heads.

    Args:
        arrays: "mean", "deviation" of features; "wide", "close" [features + 1, 4]; "place_mean", "place_deviation" of
            `lies`; "judge" [features + 12 + 1, 3]. The last row of a model is its offset.
    """

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = {name: np.asarray(array, np.float32) for name, array in arrays.items()}

    def scaled(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features as the models take them."""
        held = self.arrays
        unit = held["deviation"] * np.float32(np.sqrt(features.shape[1]))
        return np.asarray((features - held["mean"]) / unit, np.float32)

    def placed(self, places: Array) -> NDArray[np.float32]:
        """What `lies` told, [n, 12], as the judge takes it."""
        held = self.arrays
        return np.asarray((places - held["place_mean"]) / held["place_deviation"] * _GEOMETRY_WEIGHT, np.float32)

    def approached(self, models: Models, rgb: Pixels, squares: Sequence[Square]) -> list[Array]:
        """The boxes [4] of the heads that squares were laid around, in pixels."""
        boxes: list[Array] = []
        for name in _APPROACH:
            answers = _linear(self.scaled(described(models, [cut(rgb, one) for one in squares])), self.arrays[name])
            boxes = [moved(one, answer) for one, answer in zip(squares, answers.astype(np.float64), strict=True)]
            squares = [Square.around(box) for box in boxes]
        return boxes

    def judged(self, models: Models, rgb: Pixels, boxes: Sequence[Array], persons: Sequence[Array]) -> Array:
        """The chances of `COVERED`, `BARE` and `NONE`, [n, 3]: the mean over each square and its mirror image.

        Args:
            boxes: of heads, in pixels.
            persons: whose they are, in pixels.
        """
        pixels = [cut(rgb, Square.around(box)) for box in boxes]
        places = self.placed(np.array([lies(box, person) for box, person in zip(boxes, persons, strict=True)]))
        mirrored = places.copy()
        aside = 2  # only how far aside a head lies changes its sign
        zero = self.placed(np.zeros((1, places.shape[1])))[0, aside]
        mirrored[:, aside] = 2 * zero - places[:, aside]
        chances = np.zeros((len(boxes), 3))
        for views, where in ((pixels, places), ([np.ascontiguousarray(one[:, ::-1]) for one in pixels], mirrored)):
            seen = np.concatenate([self.scaled(described(models, views)), where], axis=1)
            logits = _linear(seen, self.arrays["judge"])
            grown = np.exp(logits - logits.max(axis=1, keepdims=True))
            chances += grown / grown.sum(axis=1, keepdims=True) / 2
        return chances

    def find(
        self, models: Models, picture: Picture, persons: NDArray[np.float32], chances: NDArray[np.float32]
    ) -> dict[int, Head]:
        """The heads of persons.

        Args:
            persons: [n, 4] as ratios of the picture.
            chances: [n] how sure each person is; a head that two could have goes to the surer one.

        Returns:
            By the person's number; whoever shows no head is left out.
        """
        extent = np.array([picture.width, picture.height] * 2, np.float64)
        bodies = persons.astype(np.float64) * extent
        pairs = [(number, square) for number, body in enumerate(bodies) for square in starts(body)]
        if not pairs:
            return {}
        owners = np.array([number for number, _ in pairs])
        boxes = self.approached(models, picture.rgb, [square for _, square in pairs])
        told = self.judged(models, picture.rgb, boxes, [bodies[number] for number in owners])
        return _assigned(_joined(np.array(boxes) / extent, told, owners), chances)


def _linear(features: NDArray[np.float32], model: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(features @ model[:-1] + model[-1], np.float32)


def _joined(boxes: Array, chances: Array, owners: NDArray[np.int64]) -> list[tuple[Head, NDArray[np.int64]]]:
    """One head for the boxes that show the same, the surest first, with the persons it may belong to."""
    places = boxes.astype(np.float32)
    surety = 1.0 - chances[:, NONE]
    shared = overlaps(places, places)
    part = covered(places, places)
    part = np.maximum(part, part.T)
    used = np.zeros(len(places), np.bool_)
    heads = []
    for best in np.argsort(-surety, kind="stable"):
        if used[best]:
            continue
        same = shared[best] > _SAME_HEAD
        agree = (shared[best] > _AGREES) & ~used
        weights = surety[agree] ** 2 + 1e-9
        mean = np.average(chances[agree], axis=0, weights=weights)
        box = np.average(places[agree], axis=0, weights=weights).astype(np.float32)
        heads.append((Head(box, float(mean[COVERED]), float(mean[BARE])), np.unique(owners[same])))
        used |= same | (part[best] > _IS_PART)
    return heads


def _assigned(heads: Sequence[tuple[Head, NDArray[np.int64]]], chances: NDArray[np.float32]) -> dict[int, Head]:
    """Each head to one person who has none yet."""
    taken: dict[int, Head] = {}
    for head, owners in heads:
        free = [int(owner) for owner in owners if int(owner) not in taken]
        if free:
            taken[max(free, key=lambda owner: float(chances[owner]))] = head
    return taken


@cache
def head_finder() -> HeadFinder:
    """The finder that Clary ships."""
    with np.load(_FILE, allow_pickle=False) as file:
        return HeadFinder({name: file[name] for name in file.files})
