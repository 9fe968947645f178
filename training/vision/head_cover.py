"""The detector of covered and bare heads: `python -m training.vision.head_cover FOLDER TARGET [--folds 3]`.

Data: the development half of `ppe_hard_hat` (Roboflow "hard_hat_detection" v2, CC BY 4.0): 57 pictures, each also
mirrored. FOLDER holds `images/*.jpg` and `labels/*.txt` (YOLO; 0 hard hat, 1 no hard hat, 2 no head wear, 3 person).
The detector is the one that users train (`engines/vision/custom_labels.py`), on frozen features; its dice are seeded.
With `--folds` every picture is first looked at by a model that has not seen it, and precision and recall are printed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from clary.engines.vision.boxes import overlaps
from clary.engines.vision.custom_detector import Truth
from clary.engines.vision.custom_labels import CustomModel, learn_objects
from clary.engines.vision.feature_maps import feature_maps
from clary.engines.vision.models import Models
from clary.engines.vision.pictures import Picture, decode

LABELS = ("covered", "bare")
_CLASS = {0: 0, 1: 1, 2: 1}
_SIDE = 640
_OVERLAP = 0.5


def read(folder: Path) -> list[tuple[Picture, Truth]]:
    """Pictures with their heads."""
    found = []
    for file in sorted((folder / "images").glob("*.jpg")):
        rows = np.loadtxt(folder / "labels" / f"{file.stem}.txt", ndmin=2)
        rows = rows[np.isin(rows[:, 0], list(_CLASS))] if len(rows) else np.zeros((0, 5))
        boxes = np.concatenate([rows[:, 1:3] - rows[:, 3:5] / 2, rows[:, 1:3] + rows[:, 3:5] / 2], 1)
        kinds = np.array([_CLASS[int(kind)] for kind in rows[:, 0]], np.int64)
        found.append((decode(file.read_bytes()), Truth(boxes.astype(np.float32), kinds)))
    return found


def fit(models: Models, chosen: list[tuple[Picture, Truth]]) -> CustomModel:
    """A detector of these pictures and their mirror images."""
    maps, truths = [], []
    for picture, truth in chosen:
        for mirrored in (False, True):
            boxes = truth.boxes.copy()
            if mirrored:
                boxes[:, [0, 2]] = 1 - boxes[:, [2, 0]]
            maps.append(feature_maps(models, picture, _SIDE, mirrored))
            truths.append(Truth(boxes, truth.labels))
    return learn_objects(maps, truths, LABELS, _SIDE, print)


def evaluate(models: Models, model: CustomModel, chosen: list[tuple[Picture, Truth]]) -> list[tuple[float, bool]]:
    """For each covered head that was found its confidence and whether it is one; truths that nobody found last."""
    rows = []
    for picture, truth in chosen:
        wanted = truth.boxes[truth.labels == 0]
        used = np.zeros(len(wanted), np.bool_)
        for answer in model.look(models, picture):
            if answer["name"] != "covered" or answer["box"] is None:
                continue
            box = answer["box"]
            corners = np.array([[box["left"], box["top"], box["left"] + box["width"], box["top"] + box["height"]]])
            shared = np.where(used, 0, overlaps(corners.astype(np.float32), wanted)[0])
            hit = bool(len(shared) and shared.max() >= _OVERLAP)
            if hit:
                used[shared.argmax()] = True
            rows.append((answer["confidence"], hit))
        rows.extend([(-1.0, True)] * int((~used).sum()))
    return rows


def main() -> None:
    """Trains, and with `--folds` measures first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--folds", type=int, default=0)
    arguments = parser.parse_args()
    models = Models(threads=1)
    data = read(arguments.folder)
    rows = []
    for fold in range(arguments.folds):
        model = fit(models, [one for number, one in enumerate(data) if number % arguments.folds != fold])
        rows += evaluate(models, model, [one for number, one in enumerate(data) if number % arguments.folds == fold])
    truths = sum(1 for _, hit in rows if hit)
    for least in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7) if rows else ():
        said = [hit for confidence, hit in rows if confidence >= least]
        print(f"at {least}: precision {np.mean(said):.3f} recall {sum(said) / truths:.3f}"
              f" F1 {2 * sum(said) / (len(said) + truths):.3f}")  # fmt: skip
    arguments.target.mkdir(parents=True, exist_ok=True)
    fit(models, data).save(arguments.target)


if __name__ == "__main__":
    main()
