"""CSV without a header: labels first, then (on request) a weight, then the features.

Arrow parses; only when it fails is the file read again line by line, to say which file, line and column is wrong.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow
import pyarrow.compute
import pyarrow.csv

from clary.algorithms.contract import AlgorithmError
from clary.algorithms.readers.table import MOST_COLUMNS, Floats, Source, Table, check_labels, joined

MISSING = ("", "nan", "NaN", "NAN", "NA", "N/A", "null", "NULL", "None")
"""The cells that mean a missing value."""
_DELIMITERS = (",", ";", "\t", "|", " ")
_WORDS = {"true": 1.0, "false": 0.0}
_BLOCK_BYTES = 1 << 20
"""Files of a few MiB too are shared among the CPUs: a block is what one thread parses."""
_LARGEST_BLOCK_BYTES = 1 << 30
_ROWS_IN_BLOCK = 256
"""At least so many lines are parsed at a time: of each block Arrow makes an array for every column."""
_LARGEST = float(np.finfo(np.float32).max)


def read(sources: Sequence[Source], label_size: int = 1, weights: bool = False) -> Table:
    """Reads CSV files.

    Args:
        sources: at least one; blank files are left out.
        label_size: how many leading columns are labels.
        weights: whether the column after the labels holds the weight of the row.

    Raises:
        AlgorithmError: a cell is no number, a line has too few or too many cells, a header, no features.
    """
    tables, names = [], []
    for source in sources:
        first = source.first_line()
        if first:
            tables.append(_table(source, first, label_size, weights))
            names.append(source.title)
    if not tables:
        return Table(np.empty((0, 0), np.float32), np.empty(0, np.float32))
    return joined(tables, names)


def sniffed_delimiter(line: bytes) -> str:
    """The delimiter of a CSV line: the one that gives the most cells that are numbers; a comma when none does."""
    text = line.decode("utf-8", "replace").lstrip("\ufeff").rstrip("\r\n")
    best, score = ",", 0.0
    for delimiter in _DELIMITERS:
        if delimiter in text:
            cells = _cells(text, delimiter)
            numbers = sum(number(cell) is not None for cell in cells) if len(cells) > 1 else 0
            if (points := numbers or len(cells) / 1e6) > score:
                best, score = delimiter, points
    return best


def _cells(line: str, delimiter: str) -> list[str]:
    """The cells of one line."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return line.split(delimiter)


def number(cell: str) -> float | None:
    """The number in a cell: NaN for a missing value, 1 and 0 for true and false, None for anything else."""
    cell = cell.strip()
    if cell in MISSING:
        return math.nan
    if cell.lower() in _WORDS:
        return _WORDS[cell.lower()]
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def _table(source: Source, first: bytes, label_size: int, weights: bool) -> Table:
    """Reads one file that is not blank."""
    name, head = source.title, label_size + bool(weights)
    delimiter = sniffed_delimiter(first)
    columns = len(_cells(first.decode("utf-8", "replace").rstrip("\r\n"), delimiter))
    if columns > MOST_COLUMNS:
        raise AlgorithmError(f"{name} has {columns} columns, which is too many.")
    if columns <= head:
        raise AlgorithmError(
            f"{name}, line 1: {columns} column{'s' * (columns > 1)}, but {head} for the label"
            f"{' and the weight' if weights else ''} and at least one for a feature are needed."
        )
    front, features = _numbers(source, first, delimiter, columns, head)
    labels = None
    if label_size:
        labels = np.ascontiguousarray(front[:, 0] if label_size == 1 else front[:, :label_size])
        check_labels(labels, name)
    column = np.ascontiguousarray(front[:, label_size]) if weights else None
    if column is not None and not (column >= 0).all():
        row = int(np.argmin(column >= 0))
        raise AlgorithmError(f"{name}, line {row + 1}, column {head}: the weight is missing or negative.")
    return Table(features, labels, column)


def _numbers(source: Source, first: bytes, delimiter: str, columns: int, head: int) -> tuple[Floats, Floats]:
    """All cells of a file, float32: those of the first `head` columns, and the others."""
    types = {f"f{index}": pyarrow.float32() for index in range(columns)}
    try:
        try:
            return _filled(_parsed(source, first, delimiter, types), head)
        except pyarrow.ArrowInvalid:
            # words for true and false: let Arrow find the type of each column
            return _filled(_parsed(source, first, delimiter, {}), head)
    except (pyarrow.ArrowException, ValueError, OverflowError) as error:
        raise _diagnosis(source, delimiter, columns, error) from None


def _parsed(source: Source, first: bytes, delimiter: str, types: dict[str, Any]) -> Any:
    """The file as an Arrow table."""
    if source.path is None or not first.endswith((b"\n", b"\r")):
        # Arrow finds no row in a single line without an end
        data = source.read()
        stream: Any = pyarrow.BufferReader(data if data.endswith(b"\n") else data + b"\n")
    else:
        stream = pyarrow.OSFile(str(source.path))
    with stream:
        return pyarrow.csv.read_csv(
            stream,
            pyarrow.csv.ReadOptions(autogenerate_column_names=True, block_size=_block_bytes(first), use_threads=True),
            pyarrow.csv.ParseOptions(delimiter=delimiter),
            pyarrow.csv.ConvertOptions(
                column_types=types,
                check_utf8=False,
                null_values=list(MISSING),
                strings_can_be_null=True,
                timestamp_parsers=["%%"],
            ),
        )


def _block_bytes(first: bytes) -> int:
    """How much is parsed at a time: some lines at least, however long they are."""
    return max(min(_ROWS_IN_BLOCK * len(first), _LARGEST_BLOCK_BYTES), 2 * len(first), _BLOCK_BYTES)


def _filled(table: Any, head: int) -> tuple[Floats, Floats]:
    """An Arrow table as two arrays; a column at a time, so that no second copy of all is made."""
    front = np.empty((table.num_rows, head), np.float32)
    rest = np.empty((table.num_rows, table.num_columns - head), np.float32)
    for index, column in enumerate(table.columns):
        target = front[:, index] if index < head else rest[:, index - head]
        start = 0
        for chunk in column.chunks:
            values = _floats(chunk)
            if np.isinf(values).any():
                raise ValueError("a cell is infinite")
            target[start : start + len(chunk)] = values
            start += len(chunk)
    return front, rest


def _floats(chunk: Any) -> Any:
    """One chunk of a column as float32 with NaN for nulls.

    Raises:
        ValueError: its cells are no numbers.
    """
    kind = chunk.type
    if pyarrow.types.is_null(kind):
        return np.full(len(chunk), np.nan, np.float32)
    if pyarrow.types.is_boolean(kind) or pyarrow.types.is_integer(kind):
        chunk = chunk.cast(pyarrow.float64(), safe=False)
    elif pyarrow.types.is_string(kind) or pyarrow.types.is_binary(kind):
        values = [number(cell) for cell in chunk.cast(pyarrow.string()).fill_null("").to_pylist()]
        if None in values:
            raise ValueError("a cell is not a number")
        return np.array(values, np.float32)
    elif not pyarrow.types.is_floating(kind):
        raise ValueError("a cell is not a number")
    return chunk.to_numpy(zero_copy_only=False)


def _diagnosis(source: Source, delimiter: str, columns: int, cause: Exception) -> AlgorithmError:
    """The error for a file that does not parse: its first wrong cell."""
    text = io.StringIO(source.read().decode("utf-8-sig", "replace"), newline="")
    reader = csv.reader(text, delimiter=delimiter)
    ended = 0
    try:
        for cells in reader:
            line, ended = ended + 1, reader.line_num
            wrong = _wrong(cells, columns, line)
            if wrong:
                until = f" (an open quote makes it reach to line {ended})" if ended > line else ""
                return AlgorithmError(f"{source.title}, line {line}{wrong}{until}")
    except csv.Error as error:
        return AlgorithmError(f"{source.title}, line {ended + 1}: {error}.")
    return AlgorithmError(f"{source.title} cannot be read as CSV: {cause}")


def _wrong(cells: list[str], columns: int, line: int) -> str:
    """What is wrong with a row, "" where all is well."""
    if not cells:
        return ""
    bad = [index for index, cell in enumerate(cells) if number(cell) is None]
    if line == 1 and len(bad) * 2 > len(cells):
        return (
            f", column {bad[0] + 1}: '{_shown(cells[bad[0]])}' is not a number. The line looks like a header; CSV data "
            "must have none."
        )
    if len(cells) != columns:
        return f": {len(cells)} columns, but the first line has {columns}."
    if bad:
        return (
            f", column {bad[0] + 1}: '{_shown(cells[bad[0]])}' is not a number. CSV data must be numeric: encode "
            "categories first."
        )
    for index, cell in enumerate(cells):
        if abs(number(cell) or 0.0) > _LARGEST:
            return f", column {index + 1}: '{_shown(cell)}' is infinite as a 32-bit number."
    return ""


def _shown(cell: str) -> str:
    """A cell for a message: short and printable."""
    return "".join(sign if sign.isprintable() else "?" for sign in cell[:60])
