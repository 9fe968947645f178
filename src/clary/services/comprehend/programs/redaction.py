"""The program of personal information jobs: where it stands in each document, or the documents without it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from clary.compute.tasks import read_task
from clary.engines.text.host import load
from clary.services.comprehend.analyses import ANALYSES, arguments
from clary.services.comprehend.programs.documents import Document
from clary.services.comprehend.programs.passage import Passage, place_members, problem_members
from clary.services.comprehend.programs.results import Results, json_line

_ALL = "ALL"


def main(folder: Path, data: str) -> int:
    """Looks at all documents; each file NAME of the input becomes a file NAME.out.

    Args:
        folder: the job's.
        data: Comprehend's folder.
    """
    task = read_task(folder)
    analysis = ANALYSES["pii"]
    engine: Any = load()
    redaction = task["redaction"]

    def look(texts: Sequence[str]) -> list[Any]:
        found: list[Any] = engine.pii(**arguments(analysis, texts, task["language"]))
        return found

    def locate(results: Results, document: Document, found: Any) -> None:
        name = f"{document.file}.out"
        if document.problem is not None:
            results.write(name, json_line(problem_members(document)))
        else:
            results.write(name, json_line({**place_members(document), **analysis.answer(found)}))

    def redact(results: Results, document: Document, found: Any) -> None:
        # What could not be looked at is left out as a whole: nobody knows what it holds.
        text = (
            ""
            if document.problem is not None
            else redacted(document.text, found, redaction["types"], redaction["mask"])
        )
        results.write(f"{document.file}.out", text if document.line is None else text + "\n")

    Passage(folder, Path(data), task, analysis.most_job_bytes).go(look, redact if redaction else locate)
    return 0


def redacted(text: str, found: Sequence[Mapping[str, Any]], types: Collection[str], mask: str) -> str:
    """A text without its personal information.

    Args:
        found: "type", "begin" and "end" of each place; they may overlap.
        types: which to take out; "ALL" means every type.
        mask: the character that each of theirs becomes; "" puts "[TYPE]" in their place.
    """
    wanted = sorted(
        (one for one in found if _ALL in types or one["type"] in types), key=lambda one: (one["begin"], -one["end"])
    )
    pieces: list[str] = []
    place = 0
    for one in wanted:
        begin, end = max(one["begin"], place), one["end"]
        if end <= place:
            continue
        pieces.append(text[place:begin])
        pieces.append(mask * (end - begin) if mask else f"[{one['type']}]")
        place = end
    return "".join([*pieces, text[place:]])
