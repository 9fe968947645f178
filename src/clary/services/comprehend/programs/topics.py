"""The program of topic jobs: what the collection is about, and how much of it each document is."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from clary.compute.tasks import fail, read_task
from clary.engines.text.topics import Topics, find_topics
from clary.services.comprehend.analyses import JOB_BYTES
from clary.services.comprehend.jobs.analysis_jobs import DOCUMENTS, RESULT
from clary.services.comprehend.places import ONE_DOC_PER_LINE
from clary.services.comprehend.programs.documents import Document, Position, documents, files_below

_LEAST_DOCUMENTS = 2


def main(folder: Path, data: str) -> int:
    """Finds topics; an attempt that was killed is begun again.

    Args:
        folder: the job's.
        data: Comprehend's folder, which is not needed.
    """
    del data
    task = read_task(folder)
    files = files_below(folder / "input/data" / DOCUMENTS)
    by_line = task["format"] == ONE_DOC_PER_LINE

    def fit() -> Iterator[Document]:
        found = documents(files, by_line=by_line, most_bytes=JOB_BYTES, start=Position())
        return (document for document in found if document.problem is None)

    names = [_name(document) for document in fit()]
    if len(names) < _LEAST_DOCUMENTS:
        return fail(folder, f"The input holds {len(names)} document(s) with text; topics need at least 2.")
    try:
        found = find_topics((document.text for document in fit()), task["topics"])
    except ValueError as error:
        return fail(folder, f"No topics were found: {error}.")
    _write(folder / RESULT, names, found)
    print(f"{len(found.terms)} topics in {len(names)} documents")  # noqa: T201 - this is the job's log
    return 0


def _name(document: Document) -> str:
    return document.file if document.line is None else f"{document.file}:{document.line}"


def _write(target: Path, names: list[str], found: Topics) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with (target / "topic-terms.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["topic", "term", "weight"])
        for number, terms in enumerate(found.terms):
            table.writerows([f"{number:03d}", term, f"{weight:.6g}"] for term, weight in terms)
    with (target / "doc-topics.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["docname", "topic", "proportion"])
        for name, row in zip(names, found.shares.tolist(), strict=True):
            ordered = sorted(enumerate(row), key=lambda item: -item[1])
            table.writerows([name, f"{number:03d}", f"{share:.6g}"] for number, share in ordered if share >= 0.005)
