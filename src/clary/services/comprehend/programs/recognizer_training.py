"""The program of an entity recognizer: learns from examples, measures on others, and leaves the model."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clary.compute.tasks import fail, read_task
from clary.engines.text.own_entities import EntityList, Mention, OwnEntityRecognizer, train
from clary.engines.text.tagger_features import TaggerFeatures
from clary.services.comprehend.programs.classifier_data import Unlearnable
from clary.services.comprehend.programs.models_on_disk import publish
from clary.services.comprehend.programs.recognizer_data import (
    Annotated,
    check_examples,
    read_annotated,
    read_any_manifest,
    read_list,
    read_listed,
)
from clary.services.comprehend.programs.stored_examples import read_annotated as read_stored

Mentions = Sequence[Sequence[Mention]]
"""The entities of several documents."""

_SEED = 17
_TEST_SHARE = 0.1


def main(folder: Path, data: str) -> int:
    """Trains.

    Args:
        folder: the job's.
        data: Comprehend's folder.
    """
    task = read_task(folder)
    try:
        training, test, listed = gather(folder, Path(data), task)
        check_examples(training, task["types"])
    except Unlearnable as error:
        return fail(folder, str(error))
    model = train(
        training.texts,
        training.mentions,
        language=task["language"],
        listed=listed,
        outside=TaggerFeatures.load() if task["language"] == "en" else None,
        seed=_SEED,
        say=_say,
    )
    result: dict[str, Any] = {
        **measured(model, test, task["types"]),
        "trained": len(training),
        "tested": len(test),
        "mentions": training.counts(),
        "native": any(manifest.get("annotations") for manifest in task["manifests"]),
    }
    if task.get("evaluated"):
        before = OwnEntityRecognizer.load(Path(data) / task["evaluated"], TaggerFeatures.load)
        result["evaluated"] = measured(before, test, task["types"])["metrics"]
    _say(f"measured on {len(test)} documents: {result['metrics']}")
    publish(Path(data) / task["model"], result, model.save)
    return 0


def gather(folder: Path, data: Path, task: Mapping[str, Any]) -> tuple[Annotated, Annotated, EntityList]:
    """What is learned from, what is measured on, and the user's list.

    Args:
        folder: the job's.
        data: Comprehend's folder.

    Raises:
        Unlearnable: the examples cannot be read.
    """
    channels = folder / "input/data"
    types, language = task["types"], task["language"]
    listed = EntityList({})
    training, test = Annotated(), Annotated()
    if "datasets" in task:
        training = read_stored([data / place for place in task["datasets"]["train"]])
        test = read_stored([data / place for place in task["datasets"]["test"]])
    for manifest in task["manifests"]:
        found = read_any_manifest(channels, manifest, types)
        part = test if manifest["test"] else training
        part.texts += found.texts
        part.mentions += found.mentions
    if (channels / "list").exists():
        listed = EntityList.of(read_list(channels / "list", types), language)
        training = read_listed(channels / "documents", listed, language, task["format"])
    elif (channels / "annotations").exists():
        training = read_annotated(channels / "documents", channels / "annotations", types, task["format"])
        if (channels / "test-annotations").exists():
            test = read_annotated(channels / "test-documents", channels / "test-annotations", types, task["format"])
    if not len(test):
        training, test = split(training)
    return training, test, listed


def split(found: Annotated) -> tuple[Annotated, Annotated]:
    """Takes a random tenth of the documents away to measure on; the same every time."""
    dice = random.Random(_SEED)  # noqa: S311 - not for secrets
    count = max(1, round(len(found) * _TEST_SHARE)) if len(found) > 1 else 0
    chosen = set(dice.sample(range(len(found)), count))
    training, test = Annotated(), Annotated()
    for index, (text, mentions) in enumerate(zip(found.texts, found.mentions, strict=True)):
        (test if index in chosen else training).add(text, mentions)
    return training, test


def measured(model: OwnEntityRecognizer, test: Annotated, types: Sequence[str]) -> dict[str, Any]:
    """How good a recognizer is on documents: exact places and types, over all and for each type."""
    found = model.find(test.texts)
    return {
        "metrics": _scores(found, test.mentions, None),
        "types": {kind: _scores(found, test.mentions, kind) for kind in types},
    }


def _scores(
    found: Sequence[Sequence[Mention]], truth: Sequence[Sequence[Mention]], kind: str | None
) -> dict[str, float]:
    """Precision, recall and F1 in percent, as Comprehend tells them of recognizers."""
    right = told = there = 0
    for own, real in zip(found, truth, strict=True):
        ours = {one[:3] for one in own if kind in (None, one.type)}
        theirs = {one[:3] for one in real if kind in (None, one.type)}
        right += len(ours & theirs)
        told += len(ours)
        there += len(theirs)
    precision = 100.0 * right / told if told else 0.0
    recall = 100.0 * right / there if there else 0.0
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return {"precision": precision, "recall": recall, "f1": f1}


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - this is the job's log
