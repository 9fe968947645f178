"""The cost of a page, a look-up and a listing with 1,000 and with 100,000 jobs, side by side.

.venv/bin/python -m benchmarks.records [--write]
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.report import machine, report, table
from clary.storage.database import Database
from clary.storage.records import SCHEMA, Filters, Record, Records

KIND = "sagemaker:training-job"
PLACE = (KIND, "123456789012", "us-east-1")
COUNTS = (1_000, 100_000)


def filled(path: Path, count: int) -> Records:
    """A store with `count` jobs, a tenth of them failed."""
    records = Records(Database(path, SCHEMA))
    body = {"request": {"TrainingJobName": "x", "HyperParameters": {str(n): "v" for n in range(20)}}}

    def insert(start: int) -> None:
        records.database.write(
            lambda connection: [
                records.insert_in(
                    connection,
                    Record(
                        *PLACE,
                        f"job-{n * 7919 % count:06}",
                        f"arn:{n}",
                        status="Failed" if n % 10 == 0 else "Completed",
                        created=1.6e9 + n,
                        body=body,
                    ),
                )
                for n in range(start, start + 1000)
            ]
        )

    for start in range(0, count, 1000):
        insert(start)
    return records


def measures(records: Records, count: int) -> dict[str, Callable[[], object]]:
    """What is timed."""
    middle = records.page(*PLACE, limit=count // 2).next_token
    return {
        "first page of 100, newest first": lambda: records.page(*PLACE, limit=100, descending=True),
        "page of 100 in the middle": lambda: records.page(*PLACE, limit=100, token=middle),
        "page of 100 failed ones": lambda: records.page(*PLACE, limit=100, filters=Filters(status="Failed")),
        "look-up by name": lambda: records.get(*PLACE, "job-000500"),
        "look-up by ARN": lambda: records.by_arn("arn:500"),
    }


def main() -> None:
    """Measures in turns and reports medians in microseconds."""
    with tempfile.TemporaryDirectory(prefix="clary-benchmark-") as folder:
        sides = [measures(filled(Path(folder) / f"{count}.db", count), count) for count in COUNTS]
        rows = []
        for name in sides[0]:
            times: list[list[float]] = [[], []]
            for _ in range(200):
                for side, measured in zip(sides, times, strict=True):
                    started = time.perf_counter()
                    side[name]()
                    measured.append(time.perf_counter() - started)
            few, many = (statistics.median(measured) * 1e6 for measured in times)
            rows.append([name, f"{few:.0f}", f"{many:.0f}", f"{many / few:.2f}"])
    head = ["operation", *(f"µs with {count:,} jobs" for count in COUNTS), "ratio"]
    report("records", f"{table(head, rows)}\n\n{machine()}; medians of 200, taken in turns.")


if __name__ == "__main__":
    main()
