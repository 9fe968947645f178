"""Jobs with models of the users': plain text goes through in groups, PDFs and pictures one by one.

What is found in a PDF or picture NAME becomes a file NAME.out with a line for each page, as AWS writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from clary.engines.refusals import Refused
from clary.services.comprehend import document_pages
from clary.services.comprehend.analyses import JOB_BYTES
from clary.services.comprehend.jobs.analysis_jobs import DOCUMENTS
from clary.services.comprehend.native_text import PageText
from clary.services.comprehend.places import ONE_DOC_PER_FILE
from clary.services.comprehend.programs.documents import Document, files_below
from clary.services.comprehend.programs.native_documents import ask_here
from clary.services.comprehend.programs.passage import Passage, place_members, problem_members
from clary.services.comprehend.programs.results import Results, json_line

Look = Callable[[list[str]], list[Any]]
Members = Callable[[Any], dict[str, Any]]
"""The answer for a text in the members of the output."""
OnPage = Callable[[PageText, Any], dict[str, Any]]
"""A page and its answer in the members of the output."""
Place = Callable[[Document], dict[str, Any]]
"""Which document a line is about."""

_MOST_NATIVE_BYTES = 50 << 20
_START_BYTES = 64
_TYPES = {
    "NATIVE_PDF": "NativePDF",
    "SCANNED_PDF": "ScannedPDF",
    "MS_WORD": "MSWord",
    "IMAGE": "Image",
    "PLAIN_TEXT": "PlainText",
    "TEXTRACT_DETECT_DOCUMENT_TEXT_JSON": "TextractDetectDocumentTextJSON",
    "TEXTRACT_ANALYZE_DOCUMENT_JSON": "TextractAnalyzeDocumentJSON",
}
"""AWS's words for kinds of pages in answers, and in the files of jobs."""


def go_through(
    folder: Path,
    data: Path,
    task: Mapping[str, Any],
    output: str,
    look: Look,
    members: Members,
    on_page: OnPage,
    place: Place = place_members,
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
            found = _native(path, task.get("reader"), look, on_page)
            draft.write_text("".join(json_line({"File": name, **line}) for line in found), encoding="utf-8")
            draft.replace(target)

    def write(into: Results, document: Document, found: Any) -> None:
        if document.problem is not None:
            into.write(output, json_line({**problem_members(document), **place(document)}))
        else:
            into.write(output, json_line({**place(document), **members(found)}))

    text = [(name, path) for name, path in files if name not in native]
    Passage(folder, data, task, JOB_BYTES, text).go(lambda texts: look(list(texts)), write, output)


def is_native(path: Path) -> bool:
    """Whether a file is a document with pages, and no plain text."""
    with path.open("rb") as file:
        start = file.read(_START_BYTES)
        if start.lstrip().startswith(b"{"):  # what makes JSON an answer of Textract may stand anywhere in it
            start += file.read(_MOST_NATIVE_BYTES)
    return document_pages.is_native(start)


def _native(path: Path, config: Mapping[str, Any] | None, look: Look, on_page: OnPage) -> list[dict[str, Any]]:
    """The lines of a document: one for each page, in their order."""
    if path.stat().st_size > _MOST_NATIVE_BYTES:
        told = f"Document size exceeds maximum size limit {_MOST_NATIVE_BYTES} bytes."
        return [{"ErrorCode": "DOCUMENT_SIZE_EXCEEDED", "ErrorMessage": told}]
    try:
        read = document_pages.read_pages(path.read_bytes(), config, ask_here)
    except Refused as error:
        return [{"ErrorCode": "INVALID_DOCUMENT", "ErrorMessage": error.message}]
    answers = look([page.text for page in read.pages])
    lines = {
        page.number: {**on_page(page, found), "DocumentType": _TYPES[kind]}
        for page, kind, found in zip(read.pages, read.types, answers, strict=True)
    } | {one.number: {"ErrorCode": one.code, "ErrorMessage": one.message} for one in read.failures}
    return [
        {**lines[number], "DocumentMetadata": {"PageNumber": number, "Pages": read.count}} for number in sorted(lines)
    ]
