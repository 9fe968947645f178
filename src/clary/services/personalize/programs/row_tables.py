"""Items, users or actions column by column, in the order of their codes: what is learned from and filtered by."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from clary.engines.recommendation import features as feature_tools
from clary.engines.recommendation.contract import Categories, Features
from clary.engines.recommendation.vocabulary import Vocabulary
from clary.services.personalize.datasets.schema_rules import Column
from clary.services.personalize.events.event_store import Row

_PART = "|"
CREATED = "CREATION_TIMESTAMP"


def read_segments(
    root: Path,
    segments: Sequence[str],
    columns: Sequence[Column],
    deletions: Mapping[str, Sequence[str]] | None = None,
) -> pa.Table:
    """The rows of a data set's imports, oldest first; columns that came later are null in earlier imports.

    Args:
        root: Personalize's folder.
        segments: the folders of the imports.
        deletions: segment -> folders of the deletion jobs that came after it: the rows of their users are left out.

    Raises:
        FileNotFoundError: a segment was replaced by a later import and removed.
    """
    tables = []
    for segment in segments:
        if not (root / segment).is_dir():
            raise FileNotFoundError(root / segment)
        gone = _deleted_users(root, (deletions or {}).get(segment, ()))
        for path in sorted((root / segment).glob("part-*.parquet"), key=lambda path: int(path.stem[5:])):
            table = pq.read_table(path)
            for column in columns:
                if column.name not in table.column_names:
                    table = table.append_column(column.name, pa.nulls(table.num_rows, _arrow(column)))
            if len(gone) and "USER_ID" in table.column_names:
                table = table.filter(pc.invert(pc.is_in(table.column("USER_ID"), value_set=gone)))
            tables.append(table.select([column.name for column in columns]))
    if not tables:
        return pa.table({column.name: pa.array([], _arrow(column)) for column in columns})
    return pa.concat_tables(tables)


def _deleted_users(root: Path, folders: Sequence[str]) -> pa.Array:
    found: list[str] = []
    for folder in folders:
        found += json.loads((root / folder / "users.json").read_text(encoding="utf-8"))
    return pa.array(found, pa.string())


def _arrow(column: Column) -> pa.DataType:
    kinds = {"string": pa.string(), "int": pa.int32(), "long": pa.int64(), "boolean": pa.bool_()}
    return kinds.get(column.type, pa.float64())


class RowTable:
    """The rows of an items, users or actions data set.

    Attributes:
        ids: identifiers and their codes; shared with the log, so that codes may have no row.
        columns: the schema without its id.
        present: [len(ids)] which codes have a row.

    Args:
        id_column: "ITEM_ID", "USER_ID" or "ACTION_ID".
        ids: grows with the rows.
        parts: categories of each categorical column and their codes; they grow too.
    """

    def __init__(
        self, schema: Sequence[Column], id_column: str, ids: Vocabulary, parts: dict[str, Vocabulary] | None = None
    ) -> None:
        self.columns = [column for column in schema if column.name != id_column]
        self.ids = ids
        self.parts = parts or {}
        self.present: NDArray[np.bool_] = np.zeros(0, bool)
        self._id_column = id_column
        self._values: dict[str, list[Any]] = {}
        self._categories: dict[str, Categories] = {}
        self._numbers: dict[str, NDArray[np.float64]] = {}

    def fill(self, table: pa.Table | None, rows: Sequence[Row]) -> None:
        """Takes all rows: those of the imports, then what was put one by one; the last row of an id counts."""
        names = table.column(self._id_column).to_pylist() if table is not None else []
        codes = self.ids.learn(names)
        put_codes = self.ids.learn([row.id for row in rows])
        count = len(self.ids)
        self.present = np.zeros(count, bool)
        self.present[codes] = True
        self.present[put_codes] = True
        self._categories.clear()
        self._numbers.clear()
        for column in self.columns:
            values: list[Any] = [None] * count
            if table is not None:
                for code, value in zip(codes.tolist(), table.column(column.name).to_pylist(), strict=True):
                    values[code] = value
            for code, row in zip(put_codes.tolist(), rows, strict=True):
                values[code] = row.body.get(column.name)
            self._values[column.name] = values

    def value(self, code: int, column: str) -> Any:
        """What stands in a row, None for nothing."""
        values = self._values.get(column, ())
        return values[code] if 0 <= code < len(values) else None

    def numbers(self, column: str) -> NDArray[np.float64]:
        """[len(ids)] the numbers of a column, nan for none; booleans are 0 and 1."""
        found = self._numbers.get(column)
        if found is None:
            values = self._padded(column)
            found = np.array([np.nan if value is None else float(value) for value in values], np.float64)
            self._numbers[column] = found
        return found

    def categories(self, column: Column) -> Categories:
        """The categories of a column, row by row: the parts between vertical bars, or the whole value."""
        found = self._categories.get(column.name)
        if found is None:
            vocabulary = self.parts.setdefault(column.name, Vocabulary())
            split = [_parts(value, column) for value in self._padded(column.name)]
            vocabulary.learn([part for parts in split for part in parts])
            rows = [vocabulary.codes(parts).tolist() for parts in split]
            found = feature_tools.categories(rows, len(vocabulary))
            self._categories[column.name] = found
        return found

    def _padded(self, column: str) -> list[Any]:
        """Codes that were learned after the rows have none."""
        values = self._values[column]
        missing = len(self.ids) - len(values)
        return values + [None] * missing if missing else values

    def features(self, used: Mapping[str, bool] | None = None) -> Features:
        """What a model learns from: categories, numbers, words, and when each row came into being.

        Args:
            used: column -> whether it is learned from; all are by default.
        """
        categorical: dict[str, Categories] = {}
        numeric: dict[str, NDArray[np.float32]] = {}
        created = None
        for column in self.columns:
            if used is not None and not used.get(column.name, True):
                continue
            if column.name == CREATED:
                numbers = self.numbers(column.name)
                created = np.where(np.isnan(numbers), -1, numbers).astype(np.int64)
            elif column.textual:
                categorical[column.name] = self._words(column)
            elif column.categorical or column.type == "boolean":
                categorical[column.name] = self.categories(column)
            elif column.is_number:
                numeric[column.name] = self.numbers(column.name).astype(np.float32)
        return Features(len(self.ids), categorical, numeric, created)

    def _words(self, column: Column) -> Categories:
        """The words of a text; the words of the first filling are those that count later too."""
        texts = [value or "" for value in self._padded(column.name)]
        vocabulary = self.parts.get(column.name)
        if vocabulary is None:
            frequent: dict[str, int] = {}
            for text in texts:
                for word in set(feature_tools.WORD.findall(text.lower())):
                    frequent[word] = frequent.get(word, 0) + 1
            kept = sorted((word for word, rows in frequent.items() if rows > 1), key=lambda w: (-frequent[w], w))
            vocabulary = self.parts[column.name] = Vocabulary(kept[:5000])
        rows = []
        for text in texts:
            codes = vocabulary.codes(sorted(set(feature_tools.WORD.findall(text.lower()))))
            rows.append(codes[codes >= 0].tolist())
        return feature_tools.categories(rows, len(vocabulary))

    def save(self, folder: Path) -> None:
        """Writes the vocabularies of the columns, for a later table with equal codes."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, vocabulary in self.parts.items():
            vocabulary.save(folder / f"{name}.npz")
        np.save(folder / "present.npy", self.present)

    @staticmethod
    def load_parts(folder: Path) -> dict[str, Vocabulary]:
        """The vocabularies that `save` wrote."""
        return {path.stem: Vocabulary.load(path) for path in folder.glob("*.npz")}


def _parts(value: Any, column: Column) -> list[str]:
    if value is None:
        return []
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if not column.categorical:
        return [str(value)]
    return [part for part in str(value).split(_PART) if part]
