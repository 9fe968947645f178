"""The detector of covered and bare heads: `python -m training.vision.head_cover FOLDER TARGET`.

Data: the development half of `ppe_hard_hat` (Roboflow "hard_hat_detection" v2, CC BY 4.0): 57 pictures. FOLDER holds
`images/*.jpg` and `labels/*.txt` (YOLO; 0 hard hat, 1 no hard hat, 2 no head wear, 3 person). Learned from are the
squares around the upper halves of the persons that are marked and of those that the objects' net finds, as
`head_detection.upper_body` cuts them, also shifted a little, and their mirror images. The detector is the one
that users train (`engines/vision/custom_labels.py`), on frozen features; its dice are seeded.
`python -m benchmarks.vision_ppe FOLDER --folds 3` measures the recipe on pictures that the model has not seen.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from clary.engines.vision import head_detection, objects
from clary.engines.vision.boxes import covered
from clary.engines.vision.custom_detector import Truth
from clary.engines.vision.custom_labels import CustomModel, learn_objects
from clary.engines.vision.feature_maps import feature_maps
from clary.engines.vision.models import Models
from clary.engines.vision.pictures import Picture, decode, from_pixels
from clary.engines.vision.protective_equipment import persons_of

LABELS = ("covered", "bare")
_CLASS = {0: 0, 1: 1, 2: 1}
_PERSON = 3
_WHOLE = 0.7  # of a head that must lie in a square
_SHIFT = 0.12  # of a person's box, by which its sides are moved


def read(folder: Path) -> list[tuple[Picture, np.ndarray, np.ndarray, np.ndarray]]:
    """Pictures, the boxes of their heads [n, 4] as ratios, the heads' labels [n], and the boxes of their persons."""
    found = []
    for file in sorted((folder / "images").glob("*.jpg")):
        rows = np.loadtxt(folder / "labels" / f"{file.stem}.txt", ndmin=2)
        rows = rows if len(rows) else np.zeros((0, 5))
        boxes = np.concatenate([rows[:, 1:3] - rows[:, 3:5] / 2, rows[:, 1:3] + rows[:, 3:5] / 2], 1)
        boxes = boxes.astype(np.float32)
        heads = np.isin(rows[:, 0], list(_CLASS))
        kinds = np.array([_CLASS[int(kind)] for kind in rows[heads, 0]], np.int64)
        found.append((decode(file.read_bytes()), boxes[heads], kinds, boxes[rows[:, 0] == _PERSON]))
    return found


def squares(
    models: Models, picture: Picture, boxes: np.ndarray, kinds: np.ndarray, marked: np.ndarray
) -> list[tuple[Picture, Truth]]:
    """The upper halves of a picture's persons, with the heads in them."""
    detected, _ = persons_of(objects.detect(models, picture))
    dice = np.random.default_rng(len(boxes))
    sides = np.concatenate([marked, marked], 0)
    extents = np.concatenate([sides[:, 2:] - sides[:, :2]] * 2, 1)
    shifted = sides + extents * dice.uniform(-_SHIFT, _SHIFT, sides.shape).astype(np.float32)
    found = []
    for person in np.concatenate([detected, shifted]):
        cut, square = head_detection.upper_body(picture, person)
        inside = covered(boxes, square[None])[:, 0] >= _WHOLE
        extent = np.concatenate([square[2:] - square[:2]] * 2)
        placed = (boxes[inside] - np.concatenate([square[:2]] * 2)) / extent
        found.append((from_pixels(cut), Truth(placed.astype(np.float32), kinds[inside])))
    return found


def fit(models: Models, chosen: list[tuple[Picture, Truth]]) -> CustomModel:
    """A detector of these squares and their mirror images."""
    maps, truths = [], []
    for picture, truth in chosen:
        for mirrored in (False, True):
            boxes = truth.boxes.copy()
            if mirrored:
                boxes[:, [0, 2]] = 1 - boxes[:, [2, 0]]
            maps.append(feature_maps(models, picture, head_detection.UPPER_PIXELS, mirrored))
            truths.append(Truth(boxes, truth.labels))
    return learn_objects(maps, truths, LABELS, head_detection.UPPER_PIXELS, print)


def main() -> None:
    """Learns from all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    models = Models(threads=1)
    data = read(arguments.folder)
    by_picture = [squares(models, *one) for one in data]
    arguments.target.mkdir(parents=True, exist_ok=True)
    fit(models, [one for some in by_picture for one in some]).save(arguments.target)


if __name__ == "__main__":
    main()
