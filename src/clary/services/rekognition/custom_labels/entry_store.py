"""The entries of Custom Labels' data sets: manifest lines as rows, in an order of their own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from clary.services.rekognition.custom_labels.manifests import BadLine, annotation_of, merged
from clary.storage.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS dataset_entries (
    dataset TEXT NOT NULL, number INTEGER NOT NULL, source TEXT NOT NULL, labelled INTEGER NOT NULL,
    error TEXT NOT NULL, line TEXT NOT NULL, PRIMARY KEY (dataset, number)
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS dataset_entries_source ON dataset_entries (dataset, source);
CREATE TABLE IF NOT EXISTS dataset_labels (
    dataset TEXT NOT NULL, number INTEGER NOT NULL, label TEXT NOT NULL, boxes INTEGER NOT NULL,
    PRIMARY KEY (dataset, number, label)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS dataset_labels_label ON dataset_labels (dataset, label, number);
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a data set.

    Attributes:
        error: why its annotation cannot be used, "" where it can.
        line: as its user wrote it.
    """

    number: int
    source: str
    is_labelled: bool
    error: str
    line: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries are wanted; every field that is set must hold. `labels`: one of them suffices."""

    labels: tuple[str, ...] = ()
    is_labelled: bool | None = None
    has_error: bool | None = None
    source_contains: str = ""

    def clause(self) -> tuple[str, list[Any]]:
        """The SQL conditions and their arguments."""
        where = ""
        values: list[Any] = []
        if self.labels:
            marks = ",".join("?" * len(self.labels))
            where += (
                " AND EXISTS (SELECT 1 FROM dataset_labels l"  # noqa: S608
                f" WHERE l.dataset=e.dataset AND l.number=e.number AND l.label IN ({marks}))"
            )
            values += self.labels
        if self.is_labelled is not None:
            where += " AND labelled=?"
            values.append(int(self.is_labelled))
        if self.has_error is not None:
            where += " AND (error<>'')=?"
            values.append(int(self.has_error))
        if self.source_contains:
            where += " AND instr(source, ?)>0"
            values.append(self.source_contains)
        return where, values


_EVERY = EntryFilter()


class EntryStore:
    """The rows of all data sets; a data set is named by an id of its own.

    Args:
        database: one that was opened with (at least) this module's `SCHEMA`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, dataset: str, lines: Iterable[dict[str, Any]]) -> None:
        """Adds lines, in one commit; a line about a picture that is there already changes that picture's."""
        self._database.write(lambda connection: self._put(connection, dataset, lines))

    def _put(self, connection: sqlite3.Connection, dataset: str, lines: Iterable[dict[str, Any]]) -> None:
        row = connection.execute("SELECT max(number) FROM dataset_entries WHERE dataset=?", (dataset,)).fetchone()
        number = int(row[0] or 0)
        for line in lines:
            known = connection.execute(
                "SELECT number, line FROM dataset_entries WHERE dataset=? AND source=?", (dataset, line["source-ref"])
            ).fetchone()
            if known is None:
                number += 1
                self._store(connection, dataset, number, line)
            else:
                self._store(connection, dataset, known[0], merged(orjson.loads(known[1]), line))

    def _store(self, connection: sqlite3.Connection, dataset: str, number: int, line: dict[str, Any]) -> None:
        labels: dict[str, int] = {}
        error, is_labelled = "", False
        try:
            found = annotation_of(line)
        except BadLine as problem:
            error = str(problem)
        else:
            is_labelled = found.is_labelled
            labels = dict.fromkeys(found.names(), 0)
            for box in found.boxes:
                labels[box.label] += 1
        connection.execute(
            "INSERT OR REPLACE INTO dataset_entries VALUES (?,?,?,?,?,?)",
            (dataset, number, line["source-ref"], int(is_labelled), error, orjson.dumps(line).decode()),
        )
        connection.execute("DELETE FROM dataset_labels WHERE dataset=? AND number=?", (dataset, number))
        connection.executemany(
            "INSERT INTO dataset_labels VALUES (?,?,?,?)",
            [(dataset, number, label, boxes) for label, boxes in labels.items()],
        )

    def page(self, dataset: str, after: int, limit: int, wanted: EntryFilter = _EVERY) -> list[Entry]:
        """Entries in their order.

        Args:
            after: the number of the last entry of the page before, 0 for the first page.
        """
        where, values = wanted.clause()
        rows = self._database.read().execute(
            "SELECT number, source, labelled, error, line FROM dataset_entries e"  # noqa: S608
            f" WHERE dataset=? AND number>?{where} ORDER BY number LIMIT ?",
            (dataset, after, *values, limit),
        )
        return [
            Entry(number, source, bool(labelled), error, orjson.loads(line))
            for number, source, labelled, error, line in rows
        ]

    def all(self, dataset: str) -> list[Entry]:
        """All entries."""
        found: list[Entry] = []
        while page := self.page(dataset, found[-1].number if found else 0, 10_000):
            found += page
        return found

    def stats(self, dataset: str) -> dict[str, int]:
        """`DatasetStats`."""
        read = self._database.read()
        total, labelled, errors = read.execute(
            "SELECT count(*), coalesce(sum(labelled), 0), coalesce(sum(error<>''), 0)"
            " FROM dataset_entries WHERE dataset=?",
            (dataset,),
        ).fetchone()
        labels = read.execute("SELECT count(DISTINCT label) FROM dataset_labels WHERE dataset=?", (dataset,)).fetchone()
        return {
            "TotalEntries": int(total),
            "LabeledEntries": int(labelled),
            "ErrorEntries": int(errors),
            "TotalLabels": int(labels[0]),
        }

    def labels(self, dataset: str, after: str, limit: int) -> list[tuple[str, int, int]]:
        """Labels in alphabetical order with how many entries and boxes they have."""
        rows = self._database.read().execute(
            "SELECT label, count(*), sum(boxes) FROM dataset_labels WHERE dataset=? AND label>?"
            " GROUP BY label ORDER BY label LIMIT ?",
            (dataset, after, limit),
        )
        return [(str(label), int(entries), int(boxes)) for label, entries, boxes in rows]

    def copy(self, source: str, target: str) -> None:
        """Gives a data set all entries of another."""

        def write(connection: sqlite3.Connection) -> None:
            for table, columns in (
                ("dataset_entries", "number, source, labelled, error, line"),
                ("dataset_labels", "number, label, boxes"),
            ):
                connection.execute(
                    f"INSERT INTO {table} SELECT ?, {columns} FROM {table} WHERE dataset=?",  # noqa: S608
                    (target, source),
                )

        self._database.write(write)

    def move(self, source: str, target: str, numbers: Sequence[int]) -> None:
        """Moves entries to a data set that has none of their numbers."""

        def write(connection: sqlite3.Connection) -> None:
            for table in ("dataset_entries", "dataset_labels"):
                connection.executemany(
                    f"UPDATE {table} SET dataset=? WHERE dataset=? AND number=?",  # noqa: S608
                    [(target, source, number) for number in numbers],
                )

        self._database.write(write)

    def remove(self, dataset: str) -> None:
        """Deletes all entries of a data set."""

        def write(connection: sqlite3.Connection) -> None:
            for table in ("dataset_entries", "dataset_labels"):
                connection.execute(f"DELETE FROM {table} WHERE dataset=?", (dataset,))  # noqa: S608

        self._database.write(write)
