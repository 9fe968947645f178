"""The program of an import job: CSV files below `input/data/data` become columns of a data set."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from clary.compute.tasks import fail, read_task
from clary.services.personalize.datasets.schema_rules import Column, columns_of
from clary.services.personalize.programs import import_page
from clary.services.personalize.programs.csv_check import ARROW_TYPES, CsvFile, Findings

_OWN_REPORTS = "clary-reports/"
_ROWS_PER_GROUP = 1 << 20


def main(folder: Path, data: str) -> int:
    """Imports; what is wrong is told in `output/failure` and `output/report`, and nothing is left behind then.

    Args:
        folder: the job's.
        data: Personalize's folder.
    """
    task = read_task(folder)
    target = Path(data) / "datasets" / task["dataset"] / task["job"]
    draft = target.with_name(target.name + ".draft")
    for leftover in (draft, target):
        shutil.rmtree(leftover, ignore_errors=True)  # of an attempt that was killed
    draft.mkdir(parents=True)
    findings = check_and_write(csv_files(folder / "input/data/data"), columns_of(task["schema"]), draft)
    if not findings.count and not findings.rows:
        shutil.rmtree(draft)
        return fail(folder, "Input CSV holds no rows")
    if findings.count:
        shutil.rmtree(draft)
        report = folder / "output/report/report.json"
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(json.dumps(findings.to_json(), indent=1), encoding="utf-8")
        return fail(folder, told(findings))
    write_json(draft / "summary.json", {"rows": findings.rows})
    import_page.write(folder / "output/report", task.get("title", "Import"), draft, columns_of(task["schema"]))
    publish(draft, target)
    print(f"{findings.rows} rows imported")  # noqa: T201 - this is the job's log
    return 0


def told(findings: Findings) -> str:
    """The findings in one sentence, for the failure reason."""
    if not findings.problems:
        return f"{findings.count} values do not fit the schema"
    more = f" and {findings.count - 1} more" if findings.count > 1 else ""
    return f"{findings.problems[0]}{more}"


def csv_files(folder: Path) -> list[tuple[str, Path]]:
    """The files of an import with their names, in order; Clary's own reports in the same bucket are passed over."""
    found = [(str(path.relative_to(folder)), path) for path in sorted(folder.rglob("*")) if path.is_file()]
    return [(name, path) for name, path in found if not name.startswith(_OWN_REPORTS)]


def check_and_write(files: Sequence[tuple[str, Path]], columns: Sequence[Column], folder: Path | None) -> Findings:
    """Checks files against a schema and writes their rows.

    Args:
        folder: for the columns; None only checks.
    """
    findings = Findings()
    schema = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in columns])
    for number, (name, path) in enumerate(files):
        writer = None
        if folder is not None:
            writer = pq.ParquetWriter(folder / f"part-{number}.parquet", schema, compression="zstd")
        try:
            for batch in CsvFile(path, columns, name, findings).batches():
                if writer is not None:
                    writer.write_batch(batch, row_group_size=_ROWS_PER_GROUP)
        finally:
            if writer is not None:
                writer.close()
    return findings


def publish(draft: Path, target: Path) -> None:
    """Puts a finished folder into its place, on disk."""
    sync_all(draft)
    draft.rename(target)
    _sync(target.parent)


def sync_all(folder: Path) -> None:
    """Brings a folder with everything in it to the disk."""
    for path in folder.rglob("*"):
        _sync(path)
    _sync(folder)


def emptied(folder: Path) -> Path:
    """A folder that was made for this job, without what an attempt that was killed left there."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return folder


def write_json(path: Path, value: Any) -> None:
    """Writes JSON."""
    path.write_text(json.dumps(value), encoding="utf-8")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
