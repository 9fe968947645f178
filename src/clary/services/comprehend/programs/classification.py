"""The program of classification jobs: the classes of each document, by a model of the user's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clary.compute.tasks import read_task
from clary.services.comprehend import answers
from clary.services.comprehend.native_text import PageText
from clary.services.comprehend.programs.documents import Document
from clary.services.comprehend.programs.native_passage import go_through
from clary.services.comprehend.programs.own_model import OwnClassifier
from clary.services.comprehend.programs.passage import place_members

OUTPUT = "predictions.jsonl"
PAGES_VERSION = "2023-03-20"
"""AWS's name of the form of the lines for pages."""


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

    def on_page(page: PageText, found: Any) -> dict[str, Any]:
        del page
        return {**members(found), "Version": PAGES_VERSION}

    go_through(folder, Path(data), task, OUTPUT, model.answers, members, on_page, place)
    return 0


def place(document: Document) -> dict[str, Any]:
    """Which document a line is about; of this kind of job alone, AWS writes the number of the line as text."""
    members = place_members(document)
    return {**members, "Line": str(members["Line"])} if "Line" in members else members
