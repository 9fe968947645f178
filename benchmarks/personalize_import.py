"""How long an import of interactions takes, and how much memory, from one million rows to ten.

    .venv/bin/python -m benchmarks.personalize_import [--write]

The program of an import job runs over generated CSV files, in a process of its own: every value is checked, the rows
are written as columns and synced, the page about the data is made.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.recommendation.page import publish
from benchmarks.report import machine, table

USERS, ITEMS = 50_000, 20_000
ROWS = (1_000_000, 10_000_000)
ROWS_A_FILE = 1_000_000
SCHEMA = {
    "type": "record",
    "name": "Interactions",
    "namespace": "com.amazonaws.personalize.schema",
    "fields": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "EVENT_TYPE", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
    ],
    "version": "1.0",
}


def write_log(folder: Path, rows: int) -> None:
    """CSV files of a million rows each: users and items at random, the popular ones more often."""
    random = np.random.default_rng(1)
    for part in range(rows // ROWS_A_FILE):
        users = random.integers(0, USERS, ROWS_A_FILE)
        items = (random.power(2.0, ROWS_A_FILE) * ITEMS).astype(np.int64)
        kinds = np.where(random.random(ROWS_A_FILE) < 0.5, "click", "watch")
        with (folder / f"part-{part:02}.csv").open("w") as file:
            file.write("USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP\n")
            start = 1_600_000_000 + part * ROWS_A_FILE
            lines = zip(users.tolist(), items.tolist(), kinds.tolist(), range(start, start + ROWS_A_FILE), strict=True)
            file.writelines(f"u{user},i{item},{kind},{moment}\n" for user, item, kind, moment in lines)


def measured(rows: int) -> list[str]:
    """One line of the table."""
    with tempfile.TemporaryDirectory(prefix="clary-benchmark-") as name:
        job, data = Path(name) / "job", Path(name) / "personalize"
        (job / "input/data/data").mkdir(parents=True)
        (job / "input/config").mkdir()
        (data / "datasets" / "log").mkdir(parents=True)
        write_log(job / "input/data/data", rows)
        size = sum(path.stat().st_size for path in (job / "input/data/data").iterdir())
        task = {"schema": json.dumps(SCHEMA), "dataset": "log", "type": "Interactions", "title": "Import", "job": "1"}
        parameters = {"task": json.dumps(task)}
        (job / "input/config/hyperparameters.json").write_text(json.dumps(parameters))
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", __spec__.name, "--child", str(job), str(data)], stdout=subprocess.PIPE
        )
        seconds = time.perf_counter() - started
        assert done.returncode == 0, done.stdout
        cpu_seconds, peak_bytes = json.loads(done.stdout.splitlines()[-1])
        written = sum(path.stat().st_size for path in (data / "datasets/log/1").iterdir())
    return [
        f"{rows:,}",
        f"{size / 1e6:.0f} MB",
        f"{seconds:.1f} s",
        f"{cpu_seconds:.1f} s",
        f"{peak_bytes / (1 << 20):.0f} MiB",
        f"{written / 1e6:.0f} MB",
    ]


def child(job: Path, data: Path) -> None:
    """The program of the import; prints what it took."""
    from clary.services.personalize.programs.importing import main as import_program

    code = import_program(job, str(data))
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss << 10]))
    sys.exit(code)


def main() -> None:
    """Measures and reports."""
    rows = [measured(count) for count in ROWS]
    head = ("interactions", "CSV", "wall", "CPU", "peak memory", "columns on disk")
    publish("personalize-import", f"{table(head, rows)}\n\n{machine()}; the interpreter's start is counted.")


if __name__ == "__main__":
    if "--child" in sys.argv:
        child(Path(sys.argv[-2]), Path(sys.argv[-1]))
    else:
        main()
