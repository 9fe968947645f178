"""The program of a version of a project: learns the user's labels, measures itself, and leaves a model that can run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import orjson

from clary.compute.tasks import fail, read_task
from clary.engines.refusals import Refused
from clary.engines.vision.custom_detector import Truth
from clary.engines.vision.custom_evaluation import Evaluation, Judged, evaluate, judged
from clary.engines.vision.custom_labels import CustomModel, detection_side, learn_classes, learn_objects
from clary.engines.vision.models import Models
from clary.engines.vision.picture_truths import PictureTruth
from clary.services.rekognition.custom_labels.manifests import DETECTION
from clary.services.rekognition.programs.evaluation_files import write_evaluation
from clary.services.rekognition.programs.training_pictures import MapsOf, Seen, StagedPicture, staged

_MIRRORED_UP_TO = 3000  # pictures; more of them teach enough as they are
_LEAST_PICTURES = 5


def main(folder: Path, place: str) -> int:
    """Trains, evaluates and writes the model.

    Args:
        folder: the job's.
        place: where pictures and manifests lie, and where the model goes.
    """
    task, root = read_task(folder), Path(place)
    try:
        train, test = staged(root, "train"), staged(root, "test")
        usable = [picture for picture in train if picture.truth is not None]
        if len(usable) < _LEAST_PICTURES:
            return fail(folder, _too_few(train))
        seen = Seen(root, Models(threads=1), say)
        model = learn(task["kind"], usable, seen)
        evaluation, results = measure(model, test, seen)
    except Refused as error:
        return fail(folder, error.message)
    for label, score in evaluation.labels.items():
        model.thresholds[label] = score.threshold
    publish(root, model)
    result = write_evaluation(folder / "output/evaluation", task, evaluation, results, train, test)
    _write(root / "result.json", orjson.dumps(result))
    for leftover in ("pictures", "seen"):
        shutil.rmtree(root / leftover, ignore_errors=True)
    say(f"F1 {evaluation.f1:.3f}, precision {evaluation.precision:.3f}, recall {evaluation.recall:.3f}")
    return 0


def say(sentence: str) -> None:
    """Tells the job's log how far it is."""
    print(sentence, flush=True)  # noqa: T201 - this is the job's log


def _too_few(train: Sequence[StagedPicture]) -> str:
    errors = sorted({picture.error for picture in train if picture.error})
    more = f" {errors[0]}" if errors else ""
    return f"The training dataset has too few pictures that can be used.{more}"


def learn(kind: str, pictures: Sequence[StagedPicture], seen: Seen) -> CustomModel:
    """A model that has learned from pictures.

    Args:
        kind: what is to be learned: `CLASSIFICATION` or `DETECTION`.
    """
    truths = [picture.truth for picture in pictures if picture.truth is not None]
    labels = sorted({label for truth in truths for label in truth.labels})
    mirrored = (False, True) if len(pictures) <= _MIRRORED_UP_TO else (False,)
    views = [(picture.number, mirror) for mirror in mirrored for picture in pictures]
    told = [truth for _ in mirrored for truth in truths]
    if kind != DETECTION:
        features = np.stack([seen.described(number, mirror) for number, mirror in views])
        say(f"learning {len(labels)} labels from {len(pictures)} pictures")
        return learn_classes(features, [truth.labels for truth in told], labels)
    sizes = []
    for picture, truth in zip(pictures, truths, strict=True):
        size = seen.picture(picture.number).size
        longer = max(size["width"], size["height"])
        for left, top, right, bottom in truth.boxes:
            sizes.append(((right - left) * size["width"] / longer, (bottom - top) * size["height"] / longer))
    side = detection_side(sizes)
    say(f"learning {len(labels)} labels from {len(pictures)} pictures with {len(sizes)} boxes, at {side} pixels")
    objects = [
        _mirrored(truth, labels) if mirror else _truth(truth, labels)
        for (_, mirror), truth in zip(views, told, strict=True)
    ]
    return learn_objects(MapsOf(seen, views, side), objects, labels, side, say)


def _truth(truth: PictureTruth, labels: Sequence[str]) -> Truth:
    return Truth(truth.boxes, np.array([labels.index(label) for label in truth.labels], np.int64))


def _mirrored(truth: PictureTruth, labels: Sequence[str]) -> Truth:
    plain = _truth(truth, labels)
    left, top, right, bottom = plain.boxes.T
    return Truth(np.stack([1 - right, top, 1 - left, bottom], axis=1), plain.labels)


def measure(
    model: CustomModel, pictures: Sequence[StagedPicture], seen: Seen
) -> tuple[Evaluation, dict[int, list[Judged]]]:
    """How good a model is on test pictures, and what it said of each, by the picture's number."""
    usable = [(picture.number, picture.truth) for picture in pictures if picture.truth is not None]
    results: dict[int, list[Judged]] = {}
    for index, (number, truth) in enumerate(usable):
        answers = model.look(seen.models, seen.picture(number))
        results[number] = judged(index, answers, truth)
    every = [one for judgements in results.values() for one in judgements]
    return evaluate(every, [truth for _, truth in usable], model.labels), results


def publish(root: Path, model: CustomModel) -> None:
    """Puts the model into place, as a whole."""
    draft, target = root / "model.draft", root / "model"
    for leftover in (draft, target):
        shutil.rmtree(leftover, ignore_errors=True)  # of an attempt that was killed
    draft.mkdir()
    model.save(draft)
    for path in draft.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    draft.replace(target)


def _write(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".draft")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
