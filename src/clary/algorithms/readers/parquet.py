"""Parquet: the first column is the label, the others are features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet

from clary.algorithms.contract import AlgorithmError
from clary.algorithms.readers.table import Floats, Source, Table, check_labels, joined

_MAGIC = b"PAR1"


def read(sources: Sequence[Source], label_size: int = 1) -> Table:
    """Reads Parquet files; a source in memory may hold several files one after the other, as a pipe delivers them.

    Raises:
        AlgorithmError: a file is not Parquet, or a column is not numeric.
    """
    tables, names = [], []
    for source in sources:
        for stream in _streams(source):
            rows = _numbers(stream, source.title)
            if rows.shape[1] <= label_size:
                raise AlgorithmError(f"{source.title} has {rows.shape[1]} columns; label and features are needed.")
            labels = None
            if label_size:
                labels = np.ascontiguousarray(rows[:, 0] if label_size == 1 else rows[:, :label_size])
                check_labels(labels, source.title)
            tables.append(Table(rows[:, label_size:], labels))
            names.append(source.title)
    if not tables:
        return Table(np.empty((0, 0), np.float32), np.empty(0, np.float32))
    return joined(tables, names)


def _streams(source: Source) -> list[Any]:
    """The Parquet files of a source, opened."""
    if source.path is not None:
        return [pyarrow.OSFile(str(source.path))] if source.path.stat().st_size else []
    data, parts, start = source.data, [], 0
    while start < len(data):
        end = data.find(_MAGIC + _MAGIC, start + 4)
        while end >= 0 and not _is_whole(data[start : end + 4]):
            end = data.find(_MAGIC + _MAGIC, end + 4)
        stop = len(data) if end < 0 else end + 4
        parts.append(pyarrow.BufferReader(data[start:stop]))
        start = stop
    return parts


def _is_whole(data: bytes) -> bool:
    """Whether these bytes are one whole Parquet file."""
    try:
        pyarrow.parquet.ParquetFile(pyarrow.BufferReader(data))
    except (pyarrow.ArrowException, OSError):
        return False
    return True


def _numbers(stream: Any, name: str) -> Floats:
    """All values of a file, float32, shape (rows, columns)."""
    try:
        with stream:
            file = pyarrow.parquet.ParquetFile(stream)
            schema = file.schema_arrow
            for field in schema:
                if not _is_numeric(field.type):
                    raise AlgorithmError(
                        f"{name}: column '{field.name}' has the type {field.type}; all columns must be numeric."
                    )
            rows = np.empty((file.metadata.num_rows, len(schema)), np.float32)
            start = 0
            for batch in file.iter_batches(batch_size=65_536):
                for index, column in enumerate(batch.columns):
                    values = column.cast(pyarrow.float64(), safe=False).to_numpy(zero_copy_only=False)
                    rows[start : start + len(values), index] = values
                start += batch.num_rows
            return rows[:start]
    except (pyarrow.ArrowException, OSError, ValueError, MemoryError) as error:
        raise AlgorithmError(f"{name} cannot be read as Parquet: {error}") from None


def _is_numeric(kind: Any) -> bool:
    """Whether a column type stands for numbers."""
    return bool(
        pyarrow.types.is_integer(kind)
        or pyarrow.types.is_floating(kind)
        or pyarrow.types.is_boolean(kind)
        or pyarrow.types.is_decimal(kind)
        or pyarrow.types.is_null(kind)
    )
