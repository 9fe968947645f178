"""Comprehend's jobs and trainings for `clary status`: how far each is."""

from __future__ import annotations

import datetime

from rich.console import Console
from rich.table import Table

from clary.app.data_folder import DataFolder
from clary.services.comprehend import names
from clary.services.comprehend.job_status import message_of
from clary.storage.database import Database
from clary.storage.records import SCHEMA, Records

_SHOWN = 20
_MOST_CHARACTERS = 70
KINDS = (
    names.DOMINANT_LANGUAGE_JOB,
    names.ENTITIES_JOB,
    names.EVENTS_JOB,
    names.KEY_PHRASES_JOB,
    names.PII_JOB,
    names.SENTIMENT_JOB,
    names.TARGETED_SENTIMENT_JOB,
    names.TOPICS_JOB,
    names.CLASSIFICATION_JOB,
    names.CLASSIFIER,
    names.RECOGNIZER,
)


def print_text_jobs(console: Console, folder: DataFolder) -> None:
    """Prints the latest of Comprehend's jobs and trainings, where there are any."""
    database = Database(folder.records, SCHEMA)
    try:
        records = Records(database)
        found = [record for kind in KINDS for record in records.of_kind(kind)]
    finally:
        database.close()
    if not found:
        return
    found.sort(key=lambda record: record.created, reverse=True)
    table = Table(title="Comprehend's jobs and models", title_justify="left")
    table.add_column("name", overflow="fold", min_width=16)
    for heading in ("what", "status", "created"):
        table.add_column(heading, no_wrap=True)
    table.add_column("progress", overflow="fold")
    for record in found[:_SHOWN]:
        created = datetime.datetime.fromtimestamp(record.created).strftime("%m-%d %H:%M:%S")
        what = record.kind.partition(":")[2].removesuffix("-job").replace("-", " ")
        message = message_of(record, folder.comprehend)[:_MOST_CHARACTERS]
        table.add_row(record.name, what, record.status, created, message)
    console.print(table)
