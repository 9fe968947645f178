"""The program of entity jobs with a model of the user's: what each document names, in the user's own types."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clary.compute.tasks import read_task
from clary.services.comprehend import answers
from clary.services.comprehend.native_text import PageText, entities_on_page
from clary.services.comprehend.programs.analysis import OUTPUT
from clary.services.comprehend.programs.native_passage import go_through
from clary.services.comprehend.programs.own_model import OwnRecognizer

PAGES_VERSION = "2021-04-30"
"""AWS's name of the form of the lines for pages."""


def main(folder: Path, data: str) -> int:
    """Looks at all documents.

    Args:
        folder: the job's.
        data: Comprehend's folder.
    """
    task = read_task(folder)
    model = OwnRecognizer.load(Path(data) / task["model"])

    def on_page(page: PageText, found: Any) -> dict[str, Any]:
        blocks = [_block(block) for block in page.blocks]
        return {"Entities": entities_on_page(page, found), "Blocks": blocks, "Version": PAGES_VERSION}

    go_through(folder, Path(data), task, OUTPUT, model.answers, answers.entities, on_page)
    return 0


def _block(block: Mapping[str, Any]) -> dict[str, Any]:
    """A block as the files of jobs have it: the members of its relationships are written small there."""
    relations = [{name.lower(): value for name, value in one.items()} for one in block.get("Relationships", [])]
    return {**block, "Relationships": relations}
