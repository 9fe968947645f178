"""What every reader gives: the rows of a channel as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from clary.algorithms.contract import AlgorithmError

Floats = npt.NDArray[np.float32]

MOST_COLUMNS = 1 << 27  # every learner keeps something for each column; more is a broken index, not a data set


@dataclass(slots=True)
class Table:
    """Rows of numbers.

    Attributes:
        features: float32, shape (rows, columns): an array in which NaN is a missing value, or a CSR matrix in which
            what is not stored is missing.
        labels: float32, shape (rows,), or (rows, label_size) when there are several; None without labels.
        weights: float32, shape (rows,), or None.
        queries: int64, shape (rows,): the query of each row of ranking data, or None.
    """

    features: Any
    labels: Floats | None = None
    weights: Floats | None = None
    queries: npt.NDArray[np.int64] | None = None

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.features.shape[0])

    @property
    def columns(self) -> int:
        """The number of features."""
        return int(self.features.shape[1])


@dataclass(frozen=True, slots=True)
class Source:
    """A file of a channel, or what a pipe delivered.

    Attributes:
        name: the path below the channel's folder, or what delivered the data ("The request").
        path: the file; None when `data` holds the bytes.
    """

    name: str
    path: Path | None = None
    data: bytes = b""

    @property
    def title(self) -> str:
        """The source as the first words of a message."""
        return self.name if self.path is None else f"File {self.name}"

    def read(self) -> bytes:
        """All bytes."""
        return self.data if self.path is None else self.path.read_bytes()

    def first_line(self) -> bytes:
        """The first line that is not blank, with its line end; at most 4 MiB of it."""
        if self.path is None:
            return _first(self.data[: 4 << 20])
        with self.path.open("rb") as file:
            while line := file.readline(4 << 20):
                if found := _first(line):
                    return found
        return b""


def _first(data: bytes) -> bytes:
    """The first line that is not blank; carriage returns end lines too."""
    return next((line for line in data.splitlines(keepends=True) if line.strip()), b"")


def widened(features: Any, columns: int) -> Any:
    """A CSR matrix with at least `columns` columns; the new ones are missing everywhere."""
    if features.shape[1] >= columns:
        return features
    return sparse.csr_matrix((features.data, features.indices, features.indptr), shape=(features.shape[0], columns))


def joined(tables: Sequence[Table], names: Sequence[str]) -> Table:
    """One table of the rows of several.

    Args:
        names: the titles of the sources, for messages.

    Raises:
        AlgorithmError: the tables do not fit together.
    """
    if len(tables) == 1:
        return tables[0]
    if any(sparse.issparse(table.features) for table in tables):
        columns = max(table.columns for table in tables)
        parts = [sparse.csr_matrix(table.features) for table in tables]
        features: Any = sparse.vstack([widened(part, columns) for part in parts], format="csr")
    else:
        for table, name in zip(tables, names, strict=True):
            if table.columns != tables[0].columns:
                raise AlgorithmError(
                    f"{name} has {table.columns} feature columns, but {names[0]} has {tables[0].columns}."
                )
        features = np.concatenate([table.features for table in tables])
    return Table(
        features,
        _joined([table.labels for table in tables]),
        _joined([table.weights for table in tables]),
        _joined([table.queries for table in tables]),
    )


def _joined(arrays: Sequence[Any]) -> Any:
    """One array of several, or None when one of them is missing."""
    return None if any(array is None for array in arrays) else np.concatenate(arrays)


def check_labels(labels: Floats, name: str, first_line: int = 1) -> None:
    """Refuses missing and infinite labels.

    Args:
        first_line: the line or record number of the first label.

    Raises:
        AlgorithmError: names the file and the line.
    """
    bad = ~np.isfinite(labels if labels.ndim == 1 else labels.sum(axis=1))
    if bad.any():
        row = int(np.argmax(bad))
        raise AlgorithmError(f"{name}, line {row + first_line}: the label is missing or not finite.")
