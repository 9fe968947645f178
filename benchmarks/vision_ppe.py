"""Covered heads: precision, recall and F1 of the helmets that are found.

    python -m benchmarks.vision_ppe ../shared/data/ppe_hard_hat/dev

FOLDER holds `images/*.jpg` and `labels/*.txt` (YOLO; 0 hard hat, 1 no hard hat, 2 no head wear, 3 person). What
is found counts when it overlaps a helmet by 0.4. On the part of the set that the detector was learned from the figure
says little; `training/vision/head_cover.py --folds` measures there honestly.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from clary.engines.vision.boxes import overlaps
from clary.engines.vision.models import Models
from clary.engines.vision.pictures import decode
from clary.engines.vision.protective_equipment import equipped_persons


def corners(box: dict) -> list[float]:
    return [box["left"], box["top"], box["left"] + box["width"], box["top"] + box["height"]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    models = Models(threads=1)
    right, said, there, seconds = 0, 0, 0, 0.0
    files = sorted((arguments.folder / "images").glob("*.jpg"))
    for file in files:
        rows = np.loadtxt(arguments.folder / "labels" / f"{file.stem}.txt", ndmin=2).reshape(-1, 5)
        boxes = np.concatenate([rows[:, 1:3] - rows[:, 3:5] / 2, rows[:, 1:3] + rows[:, 3:5] / 2], 1)
        wanted = boxes[rows[:, 0] == 0].astype(np.float32)
        start = time.process_time()
        persons = equipped_persons(models, decode(file.read_bytes()))
        seconds += time.process_time() - start
        covers = [one for person in persons for part in person["parts"] for one in part["equipment"]]
        used = np.zeros(len(wanted), bool)
        for cover in covers:
            shared = np.where(used, 0, overlaps(np.array([corners(cover["box"])], np.float32), wanted)[0])
            if len(shared) and shared.max() >= 0.4:
                used[shared.argmax()] = True
        right += int(used.sum())
        said += len(covers)
        there += len(wanted)
    print(f"{len(files)} pictures, {there} helmets: precision {right / max(said, 1):.3f} recall {right / there:.3f}")
    print(f"F1 {100 * 2 * right / (said + there):.1f}; CPU {1000 * seconds / len(files):.0f} ms for each picture")


if __name__ == "__main__":
    main()
