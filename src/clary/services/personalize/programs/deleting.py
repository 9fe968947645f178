"""The program of a data deletion job: the users of a CSV file go out of a group."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from clary.compute.tasks import fail, read_task
from clary.services.personalize.event_store import EVENTS_FILE, SCHEMA, EventStore
from clary.services.personalize.programs.csv_check import CsvFile, Findings
from clary.services.personalize.programs.importing import csv_files, publish, told, write_durably
from clary.services.personalize.programs.row_tables import read_segments
from clary.services.personalize.schema_rules import Column, columns_of
from clary.storage.database import Database

_USER = Column("USER_ID", "string")


def main(folder: Path, data: str) -> int:
    """Deletes what was put about the users, and leaves their ids for whoever reads the imports.

    Args:
        folder: the job's.
        data: Personalize's folder.
    """
    task = read_task(folder)
    root = Path(data)
    findings = Findings()
    users: list[str] = []
    for name, path in csv_files(folder / "input/data/data"):
        for batch in CsvFile(path, [_USER], name, findings).batches():
            users += batch.column("USER_ID").to_pylist()
    if findings.count:
        return fail(folder, told(findings))
    users = sorted(set(users))
    target = root / "deletions" / task["job"]
    draft = target.with_name(target.name + ".draft")
    for leftover in (draft, target):
        shutil.rmtree(leftover, ignore_errors=True)
    draft.mkdir(parents=True)
    deleted = 0
    for dataset in task["datasets"].values():
        columns = columns_of(dataset["schema"])
        if any(column.name == "USER_ID" for column in columns):
            ids = read_segments(root, dataset["segments"], [_USER], dataset["deletions"]).column("USER_ID")
            deleted += int(pc.sum(pc.is_in(ids, value_set=pa.array(users, pa.string()))).as_py() or 0)
    database = Database(root / EVENTS_FILE, SCHEMA)
    store = EventStore(database)
    for kind, dataset in task["datasets"].items():
        if kind in ("INTERACTIONS", "ACTION_INTERACTIONS", "USERS"):
            deleted += store.forget_users(dataset["id"], users, rows=kind == "USERS")
    database.close()
    (draft / "users.json").write_text(json.dumps(users), encoding="utf-8")
    write_durably(draft / "summary.json", {"deleted": deleted})
    publish(draft, target)
    print(f"{len(users)} users, {deleted} rows deleted")  # noqa: T201 - this is the job's log
    return 0
