"""Reads CSV files strictly: what does not fit the schema is a problem with a place, and nothing is mended.

Batches are checked column by column with Arrow's kernels, in constant memory. Only where something is wrong is the file
read a second time, row by row, to find the lines.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from clary.services.personalize.datasets.schema_rules import Column

MOST_REPORTED = 1000
_BLOCK_BYTES = 8 << 20
_LONGEST_SHOWN = 100
_LARGEST_FIELD = 1 << 20
_WHOLE = r"^[+-]?[0-9]{1,19}$"
_REAL = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
ARROW_TYPES = {
    "string": pa.string(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at one place.

    Attributes:
        file: its name below the import's folder.
        line: the physical line on which the row begins, from 1; 0 where no line can be named.
        column: "" where a whole row or file is meant.
        value: what stands there, at most 100 characters.
        rule: what should.
    """

    file: str
    line: int
    column: str
    value: str
    rule: str

    def __str__(self) -> str:
        where = f"line {self.line} of {self.file}" if self.line else self.file
        if not self.column:
            return f"{self.rule} ({where})"
        return f"{self.rule} ({where}, column {self.column}: {self.value!r})"


@dataclass(slots=True)
class Findings:
    """All that is wrong with an import.

    Attributes:
        problems: the first thousand.
        count: how many there are.
        rows: rows that were read.
    """

    problems: list[Problem] = field(default_factory=list)
    count: int = 0
    rows: int = 0

    def add(self, problem: Problem) -> None:
        """Notes a problem."""
        self.count += 1
        if len(self.problems) < MOST_REPORTED:
            self.problems.append(problem)

    def to_json(self) -> dict[str, Any]:
        """The report."""
        return {
            "rows": self.rows,
            "problems": self.count,
            "listed": len(self.problems),
            "rowsWithProblems": [asdict(problem) for problem in self.problems],
        }


class CsvFile:
    """One file of an import.

    Args:
        columns: what the schema says.
        name: how problems call it.
        findings: where problems go.
    """

    def __init__(self, path: Path, columns: Sequence[Column], name: str, findings: Findings) -> None:
        self._path = path
        self._columns = list(columns)
        self._name = name
        self._findings = findings
        self._bad: dict[int, list[tuple[str, str, str]]] = {}  # row -> column, value, rule
        self._bad_rows = 0
        self._rows = 0

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows in batches, in the schema's columns and types; after the first problem no more are given."""
        if not self._header_fits():
            return
        for batch in self._read():
            columns = [self._checked(batch.column(column.name), column) for column in self._columns]
            self._rows += batch.num_rows
            self._findings.rows += batch.num_rows
            if not self._bad and not self._bad_rows and not self._findings.count:
                schema = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in self._columns])
                yield pa.RecordBatch.from_arrays(columns, schema=schema)
        if self._bad or self._bad_rows:
            self._find_lines()

    def _tell(self, line: int, column: str, value: str, rule: str) -> None:
        self._findings.add(Problem(self._name, line, column, value[:_LONGEST_SHOWN], rule))

    def _header_fits(self) -> bool:
        with self._path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            first = file.read(_LARGEST_FIELD)
        if not first.strip():
            self._tell(0, "", "", "Input CSV is empty: it has no header")
            return False
        if "\0" in first:
            self._tell(1, "", "", "Input CSV is not text in UTF-8: it holds null characters")
            return False
        header = next(csv.reader(first.splitlines(keepends=True)))
        missing = [column.name for column in self._columns if column.name not in header]
        if missing:
            names = ", ".join(missing)
            self._tell(1, "", "", f"Input CSV is missing the following columns: [{names}]")
            return False
        twice = sorted({name for name in header if header.count(name) > 1})
        if twice:
            self._tell(1, "", "", f"Input CSV has the following columns more than once: [{', '.join(twice)}]")
            return False
        return True

    def _read(self) -> Iterator[pa.RecordBatch]:
        """Batches of binary columns; rows of another width are counted and left out."""
        try:
            with arrow_csv.open_csv(
                self._path,
                read_options=arrow_csv.ReadOptions(block_size=_BLOCK_BYTES, use_threads=False),
                parse_options=arrow_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=self._bad_width),
                convert_options=arrow_csv.ConvertOptions(
                    check_utf8=False,
                    column_types={column.name: pa.binary() for column in self._columns},
                    include_columns=[column.name for column in self._columns],
                    strings_can_be_null=False,
                    quoted_strings_can_be_null=False,
                ),
            ) as reader:
                yield from reader
        except pa.ArrowInvalid as error:
            if "Empty CSV file" in str(error):
                return
            line = self._rows + 2
            self._tell(line, "", "", f"Input CSV cannot be parsed at or after this line: {str(error).splitlines()[0]}")

    def _bad_width(self, row: Any) -> str:
        self._bad_rows += 1
        return "skip"

    def _checked(self, values: pa.Array, column: Column) -> pa.Array:
        """The values in the column's type; wrong ones are noted."""
        texts = self._decoded(values, column)
        empty = pc.equal(pc.binary_length(texts), 0)
        if column.nullable:
            texts = pc.if_else(empty, pa.scalar(None, pa.string()), texts)
        else:
            self._note(empty, texts, column, f"{column.name} cannot be null or empty")
        filled = pc.invert(empty)
        if column.type == "string":
            if column.longest:
                long = pc.fill_null(pc.greater(pc.utf8_length(texts), column.longest), False)
                self._note(long, texts, column, f"Length cannot be more than {column.longest} characters")
            return texts
        return self._converted(texts, filled, column)

    def _decoded(self, values: pa.Array, column: Column) -> pa.Array:
        try:
            return values.cast(pa.string())
        except pa.ArrowInvalid:
            mended = []
            for row, value in enumerate(values.to_pylist()):
                try:
                    mended.append(value.decode("utf-8"))
                except UnicodeDecodeError:
                    mended.append(value.decode("utf-8", "replace"))
                    self._bad_cell(row, column.name, mended[-1], "The value is not text in UTF-8")
            return pa.array(mended, pa.string())

    def _converted(self, texts: pa.Array, filled: pa.Array, column: Column) -> pa.Array:
        kind = ARROW_TYPES[column.type]
        rule = f"{column.name} must be of type {column.type}"
        if column.type == "boolean":
            texts = pc.utf8_lower(texts)
            fits = pc.is_in(texts, value_set=pa.array(["true", "false"]))
        else:
            fits = pc.match_substring_regex(texts, _WHOLE if column.type in ("int", "long") else _REAL)
        wrong = pc.and_(filled, pc.invert(pc.fill_null(fits, False)))
        self._note(wrong, texts, column, rule)
        plain = pc.if_else(pc.and_(filled, pc.invert(wrong)), texts, pa.scalar(None, pa.string()))
        try:
            return plain.cast(kind)
        except pa.ArrowInvalid:
            return self._one_by_one(plain, column, rule, kind)

    def _one_by_one(self, texts: pa.Array, column: Column, rule: str, kind: pa.DataType) -> pa.Array:
        """Numbers of which at least one does not fit into the type."""
        found: list[Any] = []
        for row, text in enumerate(texts.to_pylist()):
            try:
                found.append(None if text is None else pa.scalar(text).cast(kind).as_py())
            except pa.ArrowInvalid:
                found.append(None)
                self._bad_cell(row, column.name, text, f"{rule}: it is out of range")
        return pa.array(found, kind)

    def _note(self, wrong: pa.Array, texts: pa.Array, column: Column, rule: str) -> None:
        if not pc.any(wrong).as_py():
            return
        for row in pc.indices_nonzero(wrong).to_pylist():
            self._bad_cell(row, column.name, texts[row].as_py() or "", rule)

    def _bad_cell(self, row: int, column: str, value: str, rule: str) -> None:
        if len(self._bad) < MOST_REPORTED or row + self._rows in self._bad:
            self._bad.setdefault(row + self._rows, []).append((column, value, rule))
        else:
            self._findings.count += 1

    def _find_lines(self) -> None:
        """Reads the file again to tell the lines of what is wrong."""
        csv.field_size_limit(_LARGEST_FIELD)
        with self._path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            reader = csv.reader(file)
            width = len(next(reader))
            row = 0
            line = reader.line_num + 1
            try:
                for cells in itertools.filterfalse(lambda cells: not cells, reader):
                    if len(cells) != width:
                        text = ",".join(cells)
                        self._tell(line, "", text, f"The row has {len(cells)} columns, the header has {width}")
                    else:
                        for column, value, rule in self._bad.pop(row, ()):
                            self._tell(line, column, value, rule)
                        row += 1
                    line = reader.line_num + 1
            except csv.Error as error:
                self._tell(line, "", "", f"Input CSV cannot be parsed: {error}")
        for places in self._bad.values():
            for column, value, rule in places:
                self._tell(0, column, value, rule)
