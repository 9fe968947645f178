"""The program of most analysis jobs: the text engine's answer for each document, as lines of JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clary.compute.tasks import read_task
from clary.engines.text.host import load
from clary.services.comprehend.analyses import ANALYSES, arguments
from clary.services.comprehend.programs.documents import Document
from clary.services.comprehend.programs.passage import Passage, place_members, problem_members
from clary.services.comprehend.programs.results import Results, json_line

OUTPUT = "output"
"""The only file in the archive that a job leaves."""


def main(folder: Path, data: str) -> int:
    """Looks at all documents.

    Args:
        folder: the job's.
        data: Comprehend's folder.
    """
    task = read_task(folder)
    analysis = ANALYSES[task["analysis"]]
    method = getattr(load(), analysis.method)

    def look(texts: Sequence[str]) -> list[Any]:
        found: list[Any] = method(**arguments(analysis, texts, task["language"]))
        return found

    def write(results: Results, document: Document, found: Any) -> None:
        if document.problem is not None:
            results.write(OUTPUT, json_line(problem_members(document)))
        else:
            results.write(OUTPUT, json_line({**place_members(document), **analysis.answer(found)}))

    Passage(folder, Path(data), task, analysis.most_job_bytes).go(look, write, OUTPUT)
    return 0
