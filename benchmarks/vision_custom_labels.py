"""How well Custom Labels learn: bccd_cells after 90 pictures, cifar10 after 1,200; on the parts that `--test` names.

    OMP_NUM_THREADS=1 python -m benchmarks.vision_custom_labels [--write]         (folds of the development parts)
    ... --train ../shared/data/cifar10/dev --test FOLDER cifar10                  (another part of the same set)

Without `--test` each set's development part is parted into `--folds` folds, and each fold is tested with a model that
learned from the others: less to learn from than the whole part, so that the figures are a little low. Boxes count as
found from an overlap (intersection over union) of 0.5 on; F1 is at each label's own best threshold, as the service
reports it ("macro"), and at one threshold for all labels, over all boxes ("micro").
"""

from __future__ import annotations

import argparse
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np

from benchmarks.report import DOCS, machine, report, table
from clary.engines.vision.custom_detector import Truth
from clary.engines.vision.custom_evaluation import evaluate, judged
from clary.engines.vision.custom_labels import (
    CustomModel,
    described,
    detection_side,
    learn_classes,
    learn_objects,
)
from clary.engines.vision.feature_maps import feature_maps
from clary.engines.vision.models import Models
from clary.engines.vision.picture_truths import PictureTruth
from clary.engines.vision.pictures import decode

REKOGNITION = DOCS / "services" / "rekognition.md"
MEASURES = {
    "accuracy": "accuracy",
    "macro F1": "F1, mean of the labels",
    "micro F1": "F1 of all boxes at one threshold",
}
DATA = Path(__file__).parents[2] / "shared" / "data"
Example = tuple[Path, PictureTruth]


def cells(folder: Path) -> list[Example]:
    """Pictures of blood cells with boxes."""
    return [(path, _voc(folder / "annotations" / f"{path.stem}.xml")) for path in sorted((folder / "images").iterdir())]


def _voc(path: Path) -> PictureTruth:
    root = ElementTree.parse(path).getroot()
    size = {side: float(root.findtext(f"size/{side}", "1")) for side in ("width", "height")}
    boxes, labels = [], []
    for one in root.findall("object"):
        left, top, right, bottom = (
            float(one.findtext(f"bndbox/{side}", "0")) for side in ("xmin", "ymin", "xmax", "ymax")
        )
        if right > left and bottom > top:
            boxes.append((left / size["width"], top / size["height"], right / size["width"], bottom / size["height"]))
            labels.append(one.findtext("name", ""))
    return PictureTruth(tuple(labels), np.array(boxes, np.float32).reshape(-1, 4))


def classes(folder: Path) -> list[Example]:
    """Pictures in a folder for each class."""
    nothing = np.zeros((0, 4), np.float32)
    return [(path, PictureTruth((path.parent.name,), nothing)) for path in sorted(folder.glob("*/*"))]


def learned(models: Models, train: list[Example]) -> CustomModel:
    """A model as the service's training program makes it."""
    labels = sorted({label for _, truth in train for label in truth.labels})
    if not any(len(truth.boxes) for _, truth in train):
        pictures = [decode(path.read_bytes()) for path, _ in train]
        features = [described(models, picture, mirrored) for mirrored in (False, True) for picture in pictures]
        return learn_classes(np.stack(features), [truth.labels for _, truth in train] * 2, labels)
    side = detection_side(
        [(float(box[2] - box[0]), float(box[3] - box[1])) for _, truth in train for box in truth.boxes]
    )
    maps, truths = [], []
    for mirrored in (False, True):
        for path, truth in train:
            maps.append(feature_maps(models, decode(path.read_bytes()), side, mirrored))
            left, top, right, bottom = truth.boxes.T
            boxes = np.stack([1 - right, top, 1 - left, bottom], axis=1) if mirrored else truth.boxes
            truths.append(Truth(boxes, np.array([labels.index(label) for label in truth.labels], np.int64)))
    return learn_objects(maps, truths, labels, side)


def measure(models: Models, train: list[Example], test: list[Example], name: str) -> dict[str, float]:
    """Learns from some pictures, tests on others, and prints how it went."""
    start = time.process_time()
    model = learned(models, train)
    seconds = time.process_time() - start
    start, results = time.process_time(), []
    for number, (path, truth) in enumerate(test):
        results += judged(number, model.look(models, decode(path.read_bytes())), truth)
    each = 1000 * (time.process_time() - start) / len(test)
    truths = [truth for _, truth in test]
    found = evaluate(results, truths, model.labels)
    scores = {"macro F1": found.f1}
    if len(truths[0].boxes):
        there = sum(len(truth.labels) for truth in truths)
        f1 = []
        for threshold in np.linspace(0.1, 0.95, 86):
            said = [one for one in results if one.confidence >= threshold]
            f1.append(2 * sum(bool(one.truth) for one in said) / max(1, len(said) + there))
        scores["micro F1"] = max(f1)
    else:
        best: dict[int, tuple[float, str]] = {}
        for one in results:
            best[one.picture] = max(best.get(one.picture, (0.0, "")), (one.confidence, one.label))
        scores["accuracy"] = float(np.mean([best[number][1] == truth.labels[0] for number, truth in enumerate(truths)]))
    told = ", ".join(f"{key} {value:.3f}" for key, value in scores.items())
    by_label = ", ".join(f"{label} {score.f1:.2f}" for label, score in found.labels.items())
    cost = f"{len(train)} + {len(test)} pictures, {seconds:.0f} CPU s to learn, {each:.0f} ms each"
    scores |= {"pictures": len(train), "seconds": seconds, "milliseconds": each}
    print(f"{name}: {told} ({by_label}); {cost}", flush=True)
    return scores


def main() -> None:
    """Measures the sets that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=["bccd_cells", "cifar10"])
    parser.add_argument("--train", type=Path)
    parser.add_argument("--test", type=Path)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="put the table into Rekognition's page")
    arguments = parser.parse_args()
    models = Models(threads=1)
    rows: list[list[str]] = []
    for name in arguments.sets:
        read = cells if name == "bccd_cells" else classes
        train = read(arguments.train or DATA / name / "dev")
        if arguments.test:
            measure(models, train, read(arguments.test), name)
            continue
        order = np.random.default_rng(0).permutation(len(train))
        every = []
        for fold in range(arguments.folds):
            test = [train[number] for number in order[fold :: arguments.folds]]
            rest = [train[number] for index, number in enumerate(order) if index % arguments.folds != fold]
            every.append(measure(models, rest, test, f"{name} fold {fold + 1}"))
        means = {key: float(np.mean([scores[key] for scores in every])) for key in every[0]}
        worst = {key: min(scores[key] for scores in every) for key in every[0]}
        rows += [
            [
                f"`{name}`, learned from {means['pictures']:.0f} pictures: {words}",
                f"{100 * means[key]:.1f} %",
                f"worst fold {100 * worst[key]:.1f} %",
                f"{means['seconds']:.0f} CPU s to learn, {means['milliseconds']:.0f} CPU ms to answer",
            ]
            for key, words in MEASURES.items()
            if key in means and not (key == "macro F1" and "accuracy" in means)
        ]
    if rows:
        text = table(("set and measure", "mean of the folds", "", "cost"), rows)
        report("vision_custom_labels", f"{text}\n\n{arguments.folds} folds; {machine()}.", REKOGNITION)


if __name__ == "__main__":
    main()
