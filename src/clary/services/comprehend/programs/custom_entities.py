"""The program of entity jobs with a model of the user's: what each document names, in the user's own types."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clary.compute.tasks import read_task
from clary.services.comprehend import answers
from clary.services.comprehend.native_text import PageText, entities_on_page
from clary.services.comprehend.programs.analysis import OUTPUT
from clary.services.comprehend.programs.native_passage import go_through
from clary.services.comprehend.programs.own_model import OwnRecognizer


def main(folder: Path, data: str) -> int:
    """Looks at all documents.

    Args:
        folder: the job's.
        data: Comprehend's folder.
    """
    task = read_task(folder)
    model = OwnRecognizer.load(Path(data) / task["model"])

    def on_pages(pages: Sequence[PageText], found: Sequence[Any]) -> dict[str, Any]:
        entities = [entity for page, one in zip(pages, found, strict=True) for entity in entities_on_page(page, one)]
        return {"Entities": entities, "Blocks": [block for page in pages for block in page.blocks]}

    go_through(folder, Path(data), task, OUTPUT, model.answers, answers.entities, on_pages)
    return 0
