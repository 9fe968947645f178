"""Textract's jobs for `clary status`: how many of their pages are read."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from clary.app.data_folder import DataFolder
from clary.services.textract.jobs.job_kinds import KINDS
from clary.storage.database import Database
from clary.storage.records import SCHEMA, Record, Records

_SHOWN = 20
_SHORTEST_PART_OF_AN_ID = 16


def print_document_jobs(console: Console, folder: DataFolder) -> None:
    """Prints the latest of Textract's jobs, where there are any."""
    database = Database(folder.records, SCHEMA)
    try:
        records = Records(database)
        found = [record for kind in KINDS for record in records.of_kind(kind)]
    finally:
        database.close()
    if not found:
        return
    found.sort(key=lambda record: record.created, reverse=True)
    table = Table(title="Textract's jobs", title_justify="left")
    table.add_column(
        "job", overflow="fold", min_width=_SHORTEST_PART_OF_AN_ID
    )  # 64 characters leave no room in a terminal of 80
    for heading in ("what", "status", "pages", "created"):
        table.add_column(heading, no_wrap=True)
    for record in found[:_SHOWN]:
        created = datetime.datetime.fromtimestamp(record.created).strftime("%m-%d %H:%M:%S")
        what = record.kind.partition(":")[2].removesuffix("-job").replace("-", " ")
        table.add_row(record.name, what, record.status, pages_of(folder.textract, record), created)
    console.print(table)


def pages_of(textract: Path, record: Record) -> str:
    """How many pages of a job's document are read: "12/200", "" before the first.

    Args:
        textract: Textract's folder.
    """
    try:
        progress = json.loads((textract / "jobs" / record.body["place"] / "progress.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return ""
    return f"{progress['done']}/{progress['pages']}"
