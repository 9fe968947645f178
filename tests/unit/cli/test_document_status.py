"""What `clary status` tells of documents that are being read."""

from __future__ import annotations

import io
import json
from pathlib import Path

from rich.console import Console

from clary.app.data_folder import DataFolder
from clary.cli.document_status import print_document_jobs
from clary.services.textract.names import ANALYSIS_JOB, EXPENSE_JOB
from clary.storage.database import Database
from clary.storage.records import SCHEMA, Record, Records


def printed(folder: DataFolder) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    print_document_jobs(console, folder)
    return console.export_text()


def test_jobs_are_listed_with_the_pages_that_are_read(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.create()
    database = Database(folder.records, SCHEMA)
    records = Records(database)
    assert printed(folder) == ""
    for kind, name, status, created in ((ANALYSIS_JOB, "a1", "IN_PROGRESS", 2.0), (EXPENSE_JOB, "b2", "FAILED", 1.0)):
        body = {"place": f"place-{name}"}
        records.insert(Record(kind, "1", "r", name, f"arn:{name}", status, created=created, body=body))
    database.close()
    place = folder.textract / "jobs/place-a1"
    place.mkdir(parents=True)
    (place / "progress.json").write_text(json.dumps({"done": 12, "pages": 200}))
    rows = [line for line in printed(folder).splitlines() if "a1" in line or "b2" in line]
    assert ["12/200" in row for row in rows] == [True, False]
    assert "document analysis" in rows[0] and "IN_PROGRESS" in rows[0]
    assert "expense analysis" in rows[1] and "FAILED" in rows[1]
