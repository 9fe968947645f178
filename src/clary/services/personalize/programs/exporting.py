"""The program of an export job: a data set as CSV."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from pyarrow import csv as arrow_csv

from clary.compute.tasks import fail, read_task
from clary.services.personalize.datasets.schema_rules import columns_of
from clary.services.personalize.events.event_reader import EventReader
from clary.services.personalize.programs.row_tables import read_segments
from clary.services.personalize.programs.training_data import put_table


def main(folder: Path, data: str) -> int:
    """Writes `output/export/NAME-bulk.csv` and `NAME-put.csv`, whichever are asked for and have rows.

    Args:
        folder: the job's.
        data: Personalize's folder.
    """
    task = read_task(folder)
    root = Path(data)
    columns = columns_of(task["schema"])
    target = folder / "output/export"
    target.mkdir(parents=True, exist_ok=True)
    parts: dict[str, pa.Table] = {}
    if task["mode"] in ("BULK", "ALL"):
        parts["bulk"] = read_segments(root, task["segments"], columns, task["deletions"])
    if task["mode"] in ("PUT", "ALL"):
        reader = EventReader(root)
        parts["put"] = put_table(reader, task["id"], columns)
        reader.close()
    written = 0
    for name, table in parts.items():
        if table.num_rows:
            arrow_csv.write_csv(table, target / f"{task['name']}-{name}.csv")
            written += table.num_rows
    if not written:
        return fail(folder, f"There is nothing to export with ingestionMode {task['mode']}")
    print(f"{written} rows exported")  # noqa: T201 - this is the job's log
    return 0
