"""The page of an import: how many rows, what stands in each column, and the long tails of items and users."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clary.services.personalize.datasets.schema_rules import Column
from clary.services.personalize.programs import pages

MOST_DIFFERENT = 1_000_000
"""Different values of a column that are counted; those met later are left out, to bound the memory."""
_TAILS = ("ITEM_ID", "ACTION_ID", "USER_ID")
_SHOWN = 10
_BATCH_ROWS = 1 << 18


@dataclass(slots=True)
class _Seen:
    """What was met in a column."""

    nulls: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    least: float | None = None
    most: float | None = None
    total: float = 0.0
    rows: int = 0
    cut: bool = False

    def take(self, values: pa.Array, column: Column) -> None:
        """Counts some more values."""
        self.nulls += values.null_count
        self.rows += len(values) - values.null_count
        if column.is_number:
            bounds = pc.min_max(values).as_py()
            if bounds["min"] is not None:
                self.least = bounds["min"] if self.least is None else min(self.least, bounds["min"])
                self.most = bounds["max"] if self.most is None else max(self.most, bounds["max"])
                self.total += float(pc.sum(pc.cast(values, pa.float64(), safe=False)).as_py())
        elif not column.textual:
            found = pc.value_counts(pc.cast(values.drop_null(), pa.string()))
            for value, count in zip(found.field(0).to_pylist(), found.field(1).to_pylist(), strict=True):
                if value in self.counts or len(self.counts) < MOST_DIFFERENT:
                    self.counts[value] += count
                else:
                    self.cut = True

    def told(self, column: Column) -> dict[str, Any]:
        """The column's figures."""
        found: dict[str, Any] = {"type": column.type, "nulls": self.nulls}
        if self.least is not None and self.most is not None:
            found |= {"least": self.least, "mean": round(self.total / self.rows, 4), "most": self.most}
            if column.name in ("TIMESTAMP", "CREATION_TIMESTAMP"):
                found |= {"from": _day(self.least), "to": _day(self.most)}
        if self.counts:
            found["different"] = len(self.counts)
            found["most_frequent"] = dict(self.counts.most_common(_SHOWN))
            if self.cut:
                found["note"] = f"only the first {MOST_DIFFERENT} different values are counted"
        return found


def write(folder: Path, title: str, data: Path, columns: Sequence[Column]) -> None:
    """Writes `report.json` and `report.html`.

    Args:
        folder: for both.
        title: of the page.
        data: holds the parts of the import.
        columns: of its schema.
    """
    seen = {column.name: _Seen() for column in columns}
    rows = 0
    for batch in _batches(data):
        rows += batch.num_rows
        for column in columns:
            seen[column.name].take(batch.column(column.name), column)
    names = {column.name for column in columns}
    tails = {}
    if "TIMESTAMP" in names:
        for name in _TAILS:
            if name in names:
                tails[name] = np.sort(np.fromiter(seen[name].counts.values(), np.int64))[::-1]
    shown: dict[str, Any] = {
        "title": title,
        "rows": rows,
        "columns": {column.name: seen[column.name].told(column) for column in columns},
        "interactions_per": {name: pages.spread(counts) for name, counts in tails.items()},
    }
    parts = [f"<p>{rows:,} rows.</p>", "<h2>Columns</h2>" + _columns(shown["columns"])]
    for name, counts in tails.items():
        figures = [[key, f"{value:,}"] for key, value in shown["interactions_per"][name].items()]
        parts += [
            f"<h2>The long tail: interactions of each {name}</h2><p>Most first; both axes are logarithmic.</p>",
            pages.curve(counts),
            pages.table(["", ""], figures),
        ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(shown, indent=1), encoding="utf-8")
    (folder / "report.html").write_text(pages.page(title, parts), encoding="utf-8")


def _batches(data: Path) -> Iterator[pa.RecordBatch]:
    for path in sorted(data.glob("part-*.parquet")):
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(_BATCH_ROWS)


def _columns(told: dict[str, dict[str, Any]]) -> str:
    rows = []
    for name, found in told.items():
        frequent = ", ".join(f"{value} ({count:,})" for value, count in found.get("most_frequent", {}).items())
        span = [str(found.get(key, "")) for key in ("least", "mean", "most")]
        if "from" in found:
            span = [found["from"], "", found["to"]]
        rows.append([name, found["type"], f"{found['nulls']:,}", f"{found.get('different', '')}", *span, frequent])
    return pages.table(["column", "type", "nulls", "different", "least", "mean", "most", "most frequent"], rows)


def _day(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (OverflowError, ValueError, OSError):
        return ""
