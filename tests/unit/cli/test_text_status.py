"""What `clary status` tells of texts that are being analysed and models that are being trained."""

from __future__ import annotations

import io
import json
from pathlib import Path

from rich.console import Console

from clary.app.data_folder import DataFolder
from clary.cli.text_status import print_text_jobs
from clary.services.comprehend.names import CLASSIFIER, SENTIMENT_JOB
from clary.storage.database import Database
from clary.storage.records import SCHEMA, Record, Records


def printed(folder: DataFolder) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    print_text_jobs(console, folder)
    return console.export_text()


def test_jobs_and_models_are_listed_with_how_far_they_are(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.create()
    database = Database(folder.records, SCHEMA)
    records = Records(database)
    assert printed(folder) == ""
    failed = {"job": {"failure_reason": "ClientError: The training data holds no lines., exit code: 1"}}
    records.insert(Record(SENTIMENT_JOB, "1", "r", "a1", "arn:a1", "IN_PROGRESS", created=2.0))
    records.insert(Record(CLASSIFIER, "1", "r", "news/version/v2", "arn:b2", "IN_ERROR", created=1.0, body=failed))
    database.close()
    (folder.comprehend / "progress/a1").mkdir(parents=True)
    counts = {"documents": 41_200, "failed": 3, "bytes": 41, "all_bytes": 100}
    (folder.comprehend / "progress/a1/reached.json").write_text(json.dumps(counts))
    first, second = (line for line in printed(folder).splitlines() if "a1" in line or "news" in line)
    assert "sentiment detection" in first and "41,200 documents so far" in first and "41%" in first
    assert "document classifier" in second and "The training data holds no lines" in second
