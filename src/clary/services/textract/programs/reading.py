"""The program of a job: reads a document page by page, and goes on where it was when it is killed.

What was made of a page is kept in the job's checkpoints at once. The pages are read by a process of this program's own,
so that a page which makes a library crash costs that page and not the document.
"""

from __future__ import annotations

import importlib
import os
import signal
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clary.compute.tasks import fail, read_task
from clary.engines.refusals import Refused
from clary.services.textract.engine import DocumentReader, asked_here, told
from clary.services.textract.jobs.job_kinds import KINDS
from clary.services.textract.jobs.result_folder import ResultFolder, ResultWriter, write_whole
from clary.services.textract.programs.answer_files import write_answer_files
from clary.services.textract.programs.page_record import PageRecord, refusal
from clary.services.textract.programs.page_work import PageWork
from clary.services.textract.sources import MOST_PAGES_OF_A_JOB

PROGRESS = "progress.json"
ENGINE = "clary.engines.documents.host"
_OF_THE_WHOLE_DOCUMENT = frozenset({"encrypted-document", "unsupported-format", "too-many-pages"})


def main(folder: Path, place: str) -> int:
    """Reads the document; what is wrong with it as a whole is told in `output/failure`.

    Args:
        folder: the job's.
        place: a folder of Textract's with the document; the result goes there.
    """
    record = PageRecord(folder / "checkpoints")
    while True:
        status = _in_a_process(lambda: read(folder, Path(place), loaded_reader()), folder)
        if not os.WIFSIGNALED(status):
            return os.waitstatus_to_exitcode(status)
        page = record.note_loss()
        ended_by = signal.Signals(os.WTERMSIG(status)).name
        print(f"page {page}: the process that read it was ended by {ended_by}", flush=True)  # noqa: T201
        if page is None:
            return fail(folder, "Request has bad document: what reads it fails")


def loaded_reader() -> DocumentReader:
    """The engine, in this process."""
    return DocumentReader(asked_here(importlib.import_module(ENGINE).load()))


def read(folder: Path, place: Path, reader: DocumentReader) -> int:
    """Reads what is not read yet, then writes the result; returns an exit code.

    Raises:
        Refused: the document as a whole cannot be read.
    """
    task = read_task(folder)
    record = PageRecord(folder / "checkpoints")
    record.begin(0)
    document = (place / "document").read_bytes()
    pages = reader.count_pages(document, most=MOST_PAGES_OF_A_JOB)
    work = PageWork(task, reader, document, place)
    refused: dict[int, dict[str, str]] = {}
    for number in range(1, pages + 1):
        made = record.find(number)
        if made is None:
            record.begin(number)
            made = _made_of(work, number)
            record.keep(number, made)
        if "refused" in made:
            refused[number] = made["refused"]
        write_whole(place / PROGRESS, {"done": number, "pages": pages})
    if len(refused) == pages:
        first = next(iter(refused.values()))
        raise Refused(first["reason"], first["message"])
    record.begin(0)
    _write_result(folder, place, task, pages, refused, work, record)
    return 0


def _write_result(
    folder: Path,
    place: Path,
    task: dict[str, Any],
    pages: int,
    refused: dict[int, dict[str, str]],
    work: PageWork,
    record: PageRecord,
) -> None:
    kind = KINDS[task["kind"]]
    items, summary = work.of_all(record.load(number) for number in range(1, pages + 1) if number not in refused)
    writer = ResultWriter(place / "result", kind.items_per_answer)
    writer.add(items)
    writer.finish({"pages": pages, "warnings": _warnings(refused), **summary})
    result = ResultFolder(place / "result")
    if task["output"]:
        write_answer_files(folder / "output/answer", kind, result, place / "document")
    print(f"{pages} pages read, {len(refused)} of them refused, {len(result)} items", flush=True)  # noqa: T201


def _made_of(work: PageWork, number: int) -> dict[str, Any]:
    """What is kept of a page; one that cannot be read does not keep the others from being read."""
    try:
        return work.of_page(number)
    except Refused as error:
        if error.reason in _OF_THE_WHOLE_DOCUMENT:
            raise
        return refusal(error.reason, error.message)


def _warnings(refused: dict[int, dict[str, str]]) -> list[dict[str, Any]]:
    """The pages that could not be read, by reason."""
    pages: dict[str, list[int]] = {}
    for number, refusal_of_page in refused.items():
        pages.setdefault(refusal_of_page["reason"].upper().replace("-", "_"), []).append(number)
    return [{"ErrorCode": code, "Pages": numbers} for code, numbers in pages.items()]


def _in_a_process(work: Callable[[], int], folder: Path) -> int:
    """Runs the work in a child; returns its status as `os.waitpid` tells it."""
    child = os.fork()
    if child == 0:
        os._exit(_carried_out(work, folder))
    return os.waitpid(child, 0)[1]


def _carried_out(work: Callable[[], int], folder: Path) -> int:
    """An exit code, whatever happens: a child must not go on where its parent was."""
    try:
        return work()
    except Refused as refused:
        return fail(folder, told(refused).message)
    except BaseException:
        traceback.print_exc()
        return 1
