"""The program that imports a flywheel's data set: checks the examples, keeps them, and copies them to the data lake."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from clary.compute.tasks import fail, read_task
from clary.engines.text.own_entities import EntityList
from clary.services.comprehend.programs import classifier_data, recognizer_data
from clary.services.comprehend.programs.classifier_data import Examples, Unlearnable
from clary.services.comprehend.programs.models_on_disk import publish
from clary.services.comprehend.programs.recognizer_data import Annotated
from clary.services.comprehend.programs.stored_examples import FILE, write_annotated, write_classified


def main(folder: Path, data: str) -> int:
    """Imports.

    Args:
        folder: the job's.
        data: Comprehend's folder.
    """
    task = read_task(folder)
    channels = folder / "input/data"
    target = Path(data) / task["examples"]
    try:
        if "types" in task:
            annotated = _annotated(channels, task)
            publish(target, {"documents": len(annotated)}, lambda place: write_annotated(place / FILE, annotated))
        else:
            examples = _classified(channels, task)
            publish(target, {"documents": len(examples)}, lambda place: write_classified(place / FILE, examples))
    except Unlearnable as error:
        return fail(folder, str(error))
    lake = folder / "output/lake"
    lake.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(target / FILE, lake / FILE)
    return 0


def _classified(channels: Path, task: dict[str, Any]) -> Examples:
    found = Examples()
    if (channels / "training").exists():
        found = classifier_data.read_csv(channels / "training", task)
    for manifest in task["manifests"]:
        more = classifier_data.read_manifest(
            channels / manifest["channel"], manifest["attributes"], several=task["several"]
        )
        found.texts += more.texts
        found.labels += more.labels
    if not len(found):
        raise Unlearnable("The data set holds no labelled documents.")
    return found


def _annotated(channels: Path, task: dict[str, Any]) -> Annotated:
    found = Annotated()
    documents = channels / "documents"
    if (channels / "annotations").exists():
        found = recognizer_data.read_annotated(documents, channels / "annotations", task["types"], task["format"])
    elif (channels / "list").exists():
        listed = EntityList.of(recognizer_data.read_list(channels / "list", task["types"]), task["language"])
        found = recognizer_data.read_listed(documents, listed, task["language"], task["format"])
    for manifest in task["manifests"]:
        more = recognizer_data.read_any_manifest(channels, manifest, task["types"])
        found.texts += more.texts
        found.mentions += more.mentions
    if not len(found):
        raise Unlearnable("The data set holds no documents.")
    return found
