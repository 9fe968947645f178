"""Objects and labels: mAP@.5 of the boxes and the F1 of the labels at MinConfidence 50, and CPU time for each picture.

    python -m benchmarks.vision_objects ../shared/data/coco128/dev [--half 0|1] [--write]

FOLDER holds `images/*.jpg` and `labels/*.txt` (YOLO, COCO's 80 classes). AP is COCO's with 101 points at IoU 0.5, its
mean taken over the classes present. With `--half` every second picture alone counts, so that what was chosen on one
half can be confirmed on the other.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from benchmarks.report import DOCS, machine, report, table
from clary.engines.vision import labels, objects
from clary.engines.vision.boxes import overlaps
from clary.engines.vision.models import Models
from clary.engines.vision.pictures import decode

MIN_CONFIDENCE = 0.5
REKOGNITION = DOCS / "services" / "rekognition.md"
OVERLAP = 0.5


def truths(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Boxes [n, 4] as ratios and classes [n]."""
    rows = np.loadtxt(file, ndmin=2) if file.exists() and file.stat().st_size else np.zeros((0, 5))
    boxes = np.concatenate([rows[:, 1:3] - rows[:, 3:5] / 2, rows[:, 1:3] + rows[:, 3:5] / 2], 1)
    return boxes.astype(np.float32), rows[:, 0].astype(int)


def average_precision(kind: int, found: list, wanted: list) -> float | None:
    """AP of one class over all pictures; None where no picture shows it."""
    total = sum(int((classes == kind).sum()) for _, classes in wanted)
    if not total:
        return None
    rows = []
    for one, (boxes, classes) in zip(found, wanted, strict=True):
        chosen, targets = one.kinds == kind, boxes[classes == kind]
        used = np.zeros(len(targets), bool)
        for box, score in zip(one.boxes[chosen], one.scores[chosen], strict=True):
            shared = np.where(used, -1, overlaps(box[None], targets)[0])
            hit = bool(len(shared) and shared.max() >= OVERLAP)
            if hit:
                used[shared.argmax()] = True
            rows.append((score, hit))
    rows.sort(key=lambda row: -row[0])
    hits = np.cumsum([hit for _, hit in rows]) if rows else np.zeros(0)
    precision = np.maximum.accumulate((hits / np.arange(1, len(rows) + 1))[::-1])[::-1]
    places = np.searchsorted(hits / total, np.linspace(0, 1, 101))
    return float(np.mean([precision[place] if place < len(rows) else 0.0 for place in places]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--half", type=int, choices=(0, 1))
    parser.add_argument("--write", action="store_true", help="put the table into Rekognition's page")
    arguments = parser.parse_args()
    models = Models(threads=1)
    files = sorted((arguments.folder / "images").glob("*.jpg"))
    if arguments.half is not None:
        files = files[arguments.half :: 2]
    models["objects"]  # loading is not measured
    found, wanted, seconds, counts = [], [], 0.0, np.zeros(3)
    for file in files:
        boxes, classes = truths(arguments.folder / "labels" / f"{file.stem}.txt")
        start = time.process_time()
        picture = decode(file.read_bytes())
        one = objects.detect(models, picture)
        said = labels.labels_of(one, picture)
        seconds += time.process_time() - start
        found.append(one)
        wanted.append((boxes, classes))
        names = {kind.name for kind in labels.KINDS}
        claimed = {label["name"] for label in said if label["confidence"] >= MIN_CONFIDENCE} & names
        true = {labels.KINDS[kind].name for kind in classes}
        counts += len(claimed & true), len(claimed - true), len(true - claimed)
    values = [one for kind in range(80) if (one := average_precision(kind, found, wanted)) is not None]
    right, wrong, missed = counts
    rows = [
        ["mAP of the boxes at an overlap of 0.5", f"{np.mean(values):.3f}"],
        ["F1 of the labels", f"{100 * 2 * right / (2 * right + wrong + missed):.1f} %"],
        ["their precision", f"{100 * right / (right + wrong):.1f} %"],
        ["their recall", f"{100 * right / (right + missed):.1f} %"],
        ["CPU time a picture, decoding included", f"{1000 * seconds / len(files):.0f} ms"],
    ]
    about = f"{len(files)} pictures, {len(values)} classes, labels at MinConfidence {MIN_CONFIDENCE}; {machine()}."
    report("vision_objects", f"{table(('measure', 'figure'), rows)}\n\n{about}", REKOGNITION)


if __name__ == "__main__":
    main()
