"""The program of classification jobs: the classes of each document, by a model of the user's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clary.compute.tasks import read_task
from clary.services.comprehend import answers
from clary.services.comprehend.native_text import PageText
from clary.services.comprehend.programs.native_passage import go_through
from clary.services.comprehend.programs.own_model import OwnClassifier

OUTPUT = "predictions.jsonl"


def main(folder: Path, data: str) -> int:
    """Classifies all documents.

    Args:
        folder: the job's.
        data: Comprehend's folder.
    """
    task = read_task(folder)
    model = OwnClassifier.load(Path(data) / task["model"])

    def members(found: Any) -> dict[str, Any]:
        return answers.classes(found, several=model.several)

    def on_pages(pages: Sequence[PageText], found: Sequence[Any]) -> dict[str, Any]:
        entries: list[Any] = []
        member = ""
        for page, one in zip(pages, found, strict=True):
            ((member, shown),) = answers.classes(one, several=model.several, page=page.number).items()
            entries += shown
        return {member: entries} if pages else {}

    go_through(folder, Path(data), task, OUTPUT, model.answers, members, on_pages)
    return 0
