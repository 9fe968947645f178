"""Jobs with models of the users': plain text goes through in groups, PDFs and pictures one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from clary.engines.refusals import Refused
from clary.services.comprehend import document_pages
from clary.services.comprehend.analyses import JOB_BYTES
from clary.services.comprehend.jobs.analysis_jobs import DOCUMENTS
from clary.services.comprehend.native_text import PageText, metadata
from clary.services.comprehend.places import ONE_DOC_PER_FILE
from clary.services.comprehend.programs.documents import Document, files_below
from clary.services.comprehend.programs.native_documents import ask_here
from clary.services.comprehend.programs.passage import Passage, place_members, problem_members
from clary.services.comprehend.programs.results import Results, json_line

Look = Callable[[list[str]], list[Any]]
Members = Callable[[Any], dict[str, Any]]
"""The answer for a text in the members of the output."""
OnPages = Callable[[Sequence[PageText], Sequence[Any]], dict[str, Any]]
"""Pages and their answers in the members of the output."""

_MOST_NATIVE_BYTES = 50 << 20
_START_BYTES = 64


def go_through(
    folder: Path, data: Path, task: Mapping[str, Any], output: str, look: Look, members: Members, on_pages: OnPages
) -> None:
    """Holds all documents of a job up to a model.

    Args:
        folder: the job's.
        data: Comprehend's folder.
        output: the name of the result file of plain text; a PDF or picture NAME becomes a file NAME.out.
    """
    files = files_below(folder / "input/data" / DOCUMENTS)
    native = {name for name, path in files if task["format"] == ONE_DOC_PER_FILE and is_native(path)}
    results = folder / "checkpoints/result"
    for name, path in files:
        target = results / f"{name}.out"
        if name in native and not target.exists():  # what is there was written by an attempt that was killed
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target.with_name(target.name + ".new")
            found = _native(path, task.get("reader"), look, on_pages)
            draft.write_text(json_line({"File": name, **found}), encoding="utf-8")
            draft.replace(target)

    def write(into: Results, document: Document, found: Any) -> None:
        if document.problem is not None:
            into.write(output, json_line(problem_members(document)))
        else:
            into.write(output, json_line({**place_members(document), **members(found)}))

    text = [(name, path) for name, path in files if name not in native]
    Passage(folder, data, task, JOB_BYTES, text).go(lambda texts: look(list(texts)), write)


def is_native(path: Path) -> bool:
    """Whether a file is a document with pages, and no plain text."""
    with path.open("rb") as file:
        start = file.read(_START_BYTES)
        if start.lstrip().startswith(b"{"):  # what makes JSON an answer of Textract may stand anywhere in it
            start += file.read(_MOST_NATIVE_BYTES)
    return document_pages.is_native(start)


def _native(path: Path, config: Mapping[str, Any] | None, look: Look, on_pages: OnPages) -> dict[str, Any]:
    if path.stat().st_size > _MOST_NATIVE_BYTES:
        told = f"Document size exceeds maximum size limit {_MOST_NATIVE_BYTES} bytes."
        return {"ErrorCode": "DOCUMENT_SIZE_EXCEEDED", "ErrorMessage": told}
    try:
        read = document_pages.read_pages(path.read_bytes(), config, ask_here)
    except Refused as error:
        return {"ErrorCode": "INVALID_DOCUMENT", "ErrorMessage": error.message}
    return {
        **on_pages(read.pages, look([page.text for page in read.pages])),
        "DocumentMetadata": metadata(read.pages),
        "DocumentType": [
            {"Page": page.number, "Type": kind} for page, kind in zip(read.pages, read.types, strict=True)
        ],
    }
