"""`kill -9` in the middle of a job of 200 pages: it goes on, and ends with the same blocks."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from pathlib import Path

import psutil

from tests.clients.conftest import RunningClary, start_clary
from tests.clients.textract_desk import PAPERS, TextractDesk, texts

PAGES = 200
TOKEN = "the-same-token-means-the-same-job-and-the-same-ids"


def book() -> bytes:
    """200 pages of print."""
    sheets = []
    for number in range(1, PAGES + 1):
        sheet = PAPERS.Sheet().text(50, 40, f"Chapter {number}", 16, bold=True)
        for line in range(50):
            sheet.text(50, 70 + 14 * line, f"Line {line} of page {number} tells of the weather on day {number + line}.")
        sheets.append(sheet)
    return bytes(PAPERS.pdf(*sheets))


def processes_of(clary: RunningClary) -> list[psutil.Process]:
    """The server and all that works for it."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if str(clary.data) in " ".join(process.cmdline()):
                found += [process, *process.children(recursive=True)]
    return list(dict.fromkeys(found))


def kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    psutil.wait_procs(processes, timeout=20)


def pages_read(clary: RunningClary) -> int:
    """How many pages the only job has read, as `clary status` reads it."""
    for path in (clary.data / "textract/jobs").glob("*/progress.json"):
        return int(json.loads(path.read_text())["done"])
    return 0


def wait_for_pages(clary: RunningClary, count: int) -> int:
    deadline = time.monotonic() + 120
    while (done := pages_read(clary)) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return done


def start(desk: TextractDesk) -> str:
    desk.s3.create_bucket(Bucket="library")
    desk.s3.put_object(Bucket="library", Key="book.pdf", Body=book())
    place = {"Bucket": "library", "Name": "book.pdf"}
    return str(
        desk.textract.start_document_text_detection(DocumentLocation={"S3Object": place}, ClientRequestToken=TOKEN)[
            "JobId"
        ]
    )


def test_a_job_that_was_killed_goes_on_and_ends_with_the_same_blocks(clary: RunningClary, tmp_path: Path) -> None:
    undisturbed = TextractDesk(clary)
    job_id = start(undisturbed)
    killed = start_clary(tmp_path / "data")
    port = int(killed.url.rpartition(":")[2])
    try:
        assert start(TextractDesk(killed)) == job_id
        done = wait_for_pages(killed, 20)
        assert f"/{PAGES}" in killed.command("status")
        kill(processes_of(killed))
        assert done < PAGES
        before = pages_read(killed)
        killed = start_clary(tmp_path / "data", port)
        desk = TextractDesk(killed)
        assert desk.finished("document_text_detection", job_id)["JobStatus"] == "SUCCEEDED"
        found = desk.blocks("document_text_detection", job_id)
        assert before < PAGES  # it had not ended when it was killed
    finally:
        killed.command("down")
    assert undisturbed.finished("document_text_detection", job_id)["DocumentMetadata"] == {"Pages": PAGES}
    assert found == undisturbed.blocks("document_text_detection", job_id)
    assert texts(found)[:2] == ["Chapter 1", "Line 0 of page 1 tells of the weather on day 1."]
    assert len(texts(found)) == PAGES * 51
