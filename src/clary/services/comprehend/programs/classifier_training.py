"""The program of a document classifier: learns from examples, measures on others, and leaves the model."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clary.compute.tasks import fail, read_task
from clary.engines.text.classification import DocumentClassifier, Embed, train
from clary.engines.text.classification_metrics import confusion, indicators, measure, predictions
from clary.engines.text.encoder import Encoder
from clary.services.comprehend.programs.classifier_data import (
    Examples,
    Unlearnable,
    check_examples,
    read_csv,
    read_manifest,
)
from clary.services.comprehend.programs.embeddings import KeptEmbeddings
from clary.services.comprehend.programs.models_on_disk import publish
from clary.services.comprehend.programs.native_documents import NativeDocuments
from clary.services.comprehend.programs.stored_examples import read_classified

_SEED = 17
_TEST_SHARE, _SMALL_TEST_SHARE, _SMALL = 0.1, 0.2, 1000


def main(folder: Path, data: str) -> int:
    """Trains.

    Args:
        folder: the job's.
        data: Comprehend's folder.
    """
    task = read_task(folder)
    try:
        training, test = gather(folder, Path(data), task)
    except Unlearnable as error:
        return fail(folder, str(error))
    embed: Embed = KeptEmbeddings(folder / "checkpoints", Encoder.load().embed)
    model = train(training.texts, training.labels, several=task["several"], embed=embed, seed=_SEED, say=_say)
    result, matrix = measured(model, test, embed)
    if task.get("evaluated"):
        before = DocumentClassifier.load(Path(data) / task["evaluated"])
        result["evaluated"] = measured(before, test, embed)[0]["metrics"]
    result |= {"native": task["native"], "labels": len(model.labels), "trained": len(training), "tested": len(test)}
    _say(f"measured on {len(test)} documents: {result['metrics']}")
    target = folder / "output/result/output"
    target.mkdir(parents=True, exist_ok=True)
    (target / "confusion_matrix.json").write_text(json.dumps(matrix, ensure_ascii=False), encoding="utf-8")
    skipped = {"train": training.skipped, "test": test.skipped}
    write_skipped(target, skipped)
    result["skipped"] = len(training.skipped) + len(test.skipped)
    publish(Path(data) / task["model"], result, model.save)
    return 0


def write_skipped(target: Path, skipped: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Writes down which pages of documents could not be read, for each part where there are any."""
    folder = target / "skipped_documents"
    for part, lines in skipped.items():
        if lines:
            folder.mkdir(exist_ok=True)
            text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
            (folder / f"failed_annotations_{part}.jsonl").write_text(text, encoding="utf-8")


def gather(folder: Path, data: Path, task: Mapping[str, Any]) -> tuple[Examples, Examples]:
    """What is learned from, and what is measured on.

    Args:
        folder: the job's.
        data: Comprehend's folder.

    Raises:
        Unlearnable: the examples cannot be read or do not suffice.
    """
    channels = folder / "input/data"
    training, test = Examples(), Examples()
    if "datasets" in task:
        training = read_classified([data / place for place in task["datasets"]["train"]])
        test = read_classified([data / place for place in task["datasets"]["test"]])
    elif task["manifests"]:
        for manifest in task["manifests"]:
            found = read_manifest(channels / manifest["channel"], manifest["attributes"], several=task["several"])
            part = test if manifest["test"] else training
            part.texts += found.texts
            part.labels += found.labels
    else:
        training = read_csv(channels / "training", task, _native(channels / "documents", task))
        if (channels / "test").exists():
            native = _native(channels / "test-documents", task) or _native(channels / "documents", task)
            test = read_csv(channels / "test", task, native)
    check_examples(training, several=task["several"])
    return (training, test) if len(test) else split(training)


def split(examples: Examples) -> tuple[Examples, Examples]:
    """Takes a random part of each class away to measure on: a tenth, or a fifth of few; the same every time."""
    share = _TEST_SHARE if len(examples) >= _SMALL else _SMALL_TEST_SHARE
    groups: dict[tuple[str, ...], list[int]] = {}
    for index, labels in enumerate(examples.labels):
        groups.setdefault(tuple(labels), []).append(index)
    dice = random.Random(_SEED)  # noqa: S311 - not for secrets
    chosen: set[int] = set()
    owed = 0.0
    for key in sorted(groups):
        members = groups[key]
        owed += len(members) * share
        count = min(int(owed), len(members) // 2)
        owed -= count
        chosen.update(dice.sample(members, count))
    training, test = Examples(skipped=examples.skipped), Examples()
    for index, (text, labels) in enumerate(zip(examples.texts, examples.labels, strict=True)):
        (test if index in chosen else training).add(text, labels)
    return training, test


def measured(model: DocumentClassifier, test: Examples, embed: Embed) -> tuple[dict[str, Any], dict[str, Any]]:
    """How good a classifier is on documents: the metrics, and AWS's confusion matrix."""
    truth = indicators(test.labels, model.labels)
    found = predictions(model.probabilities(test.texts, embed), several=model.several)
    matrix = {
        "type": "multi_label" if model.several else "multi_class",
        "confusion_matrix": confusion(truth, found, several=model.several),
        "labels": model.labels,
        "all_labels": model.labels,
    }
    return {"metrics": measure(truth, found), "several": model.several}, matrix


def _native(folder: Path, task: Mapping[str, Any]) -> Any:
    return NativeDocuments(folder, task.get("reader")).page_text if task["native"] and folder.exists() else None


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - this is the job's log
