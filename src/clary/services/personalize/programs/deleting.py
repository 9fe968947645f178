"""The program of a data deletion job: the users of a CSV file go out of a group."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from clary.compute.tasks import fail, read_task
from clary.services.personalize.datasets.schema_rules import Column, columns_of
from clary.services.personalize.events.event_store import without_users
from clary.services.personalize.programs.csv_check import CsvFile, Findings
from clary.services.personalize.programs.importing import csv_files, emptied, sync_all, told, write_json
from clary.services.personalize.programs.row_tables import read_segments

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
    target = emptied(root / "deletions" / task["job"])
    deleted = 0
    for dataset in task["datasets"].values():
        columns = columns_of(dataset["schema"])
        if any(column.name == "USER_ID" for column in columns):
            ids = read_segments(root, dataset["segments"], [_USER], dataset["deletions"]).column("USER_ID")
            deleted += int(pc.sum(pc.is_in(ids, value_set=pa.array(users, pa.string()))).as_py() or 0)
    for kind, dataset in task["datasets"].items():
        if kind in ("INTERACTIONS", "ACTION_INTERACTIONS", "USERS"):
            deleted += without_users(root, dataset["id"], users, rows=kind == "USERS")
    write_json(target / "users.json", users)
    write_json(target / "summary.json", {"deleted": deleted})
    sync_all(target)
    print(f"{len(users)} users, {deleted} rows deleted")  # noqa: T201 - this is the job's log
    return 0
