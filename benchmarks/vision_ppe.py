"""Covered heads: precision, recall and F1 of the helmets that are found on persons.

    python -m benchmarks.vision_ppe ../shared/data/ppe_hard_hat/dev --folds 3 [--write]
    python -m benchmarks.vision_ppe ANOTHER_PART

FOLDER holds `images/*.jpg` and `labels/*.txt` (YOLO; 0 hard hat, 1 no hard hat, 2 no head wear, 3 person). With
`--folds` every picture is looked at with models that learned from the pictures of the other folds alone, by the recipes
`training/vision/head_cover.py` and `head_judge.py`: so the part of the set that the shipped models know is measured
honestly. The set marks now the helmet alone, now the whole head in it. A head cover is right where it overlaps a mark
that no other cover has taken by 0.25 (a helmet within the mark of its head does so by a half); the stricter line asks
for 0.4.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from training.vision import head_cover
from training.vision.head_judge import Example, features_beside_heads, fit, portraits, read

from benchmarks.report import DOCS, machine, report, table
from clary.engines.vision.boxes import overlaps
from clary.engines.vision.custom_labels import CustomModel
from clary.engines.vision.head_covers import HeadFinder, head_finder
from clary.engines.vision.head_detection import head_detector
from clary.engines.vision.models import Models
from clary.engines.vision.protective_equipment import equipped_persons

REKOGNITION = DOCS / "services" / "rekognition.md"
PORTRAITS = Path(__file__).parents[2] / "shared" / "data" / "faces_synthetic_ids" / "dev"
OVERLAPS = (0.25, 0.4)


def corners(box: dict) -> list[float]:
    """A box of the engine's as left, top, right, bottom."""
    return [box["left"], box["top"], box["left"] + box["width"], box["top"] + box["height"]]


def learned(
    models: Models, folder: Path, examples: list[Example], folds: int
) -> Iterator[tuple[Example, CustomModel, HeadFinder]]:
    """Each picture, and a detector and a finder that do not know it (without folds the shipped ones)."""
    if not folds:
        yield from ((example, head_detector(), head_finder()) for example in examples)
        return
    upper = [head_cover.squares(models, *one) for one in head_cover.read(folder)]
    others = portraits(models, PORTRAITS)
    every = [*examples, *others]
    beside = features_beside_heads(models, every)
    for fold in range(folds):
        known = [number for number in range(len(every)) if number >= len(examples) or number % folds != fold]
        finder = fit(models, [every[number] for number in known], [beside[number] for number in known])
        detector = head_cover.fit(models, [one for n, some in enumerate(upper) if n % folds != fold for one in some])
        yield from ((example, detector, finder) for example in examples[fold::folds])


def taken(covers: np.ndarray, marks: np.ndarray, overlap: float) -> int:
    """How many of the marks [m, 4] are found by covers [n, 4], each by one."""
    used = np.zeros(len(marks), bool)
    for cover in covers:
        shared = np.where(used, 0, overlaps(cover[None], marks)[0])
        if len(shared) and shared.max() >= overlap:
            used[shared.argmax()] = True
    return int(used.sum())


def main() -> None:
    """Measures one folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="put the table into Rekognition's page")
    arguments = parser.parse_args()
    models = Models(threads=1)
    examples = read(models, arguments.folder)
    right, said, there, seconds = dict.fromkeys(OVERLAPS, 0), 0, 0, 0.0
    for example, detector, finder in learned(models, arguments.folder, examples, arguments.folds):
        start = time.process_time()
        persons = equipped_persons(models, example.picture, detector, finder)
        seconds += time.process_time() - start
        parts = [part for person in persons for part in person["parts"]]
        covers = sorted((one for part in parts for one in part["equipment"]), key=lambda one: -one["confidence"])
        boxes = np.array([corners(one["box"]) for one in covers], np.float32).reshape(-1, 4)
        marks = example.heads[example.classes == 0].astype(np.float32)
        for overlap in OVERLAPS:
            right[overlap] += taken(boxes, marks, overlap)
        said, there = said + len(boxes), there + len(marks)
    rows = []
    for overlap in OVERLAPS:
        precision, recall = (100 * right[overlap] / max(1, count) for count in (said, there))
        f1 = f"{200 * right[overlap] / max(1, said + there):.1f} %"
        shares = f"precision {precision:.1f} %, recall {recall:.1f} %"
        rows.append([f"F1 of the head covers at an overlap of {overlap}", f1, shares])
    rows.append(["CPU time a picture, decoded", f"{1000 * seconds / len(examples):.0f} ms", ""])
    how = (
        f"{arguments.folds} folds, each judged by models that learned from the others" if arguments.folds else "shipped"
    )
    about = f"{len(examples)} pictures, {there} helmets; {how}; {machine()}."
    report("vision_ppe", f"{table(('measure', 'figure', ''), rows)}\n\n{about}", REKOGNITION)


if __name__ == "__main__":
    main()
