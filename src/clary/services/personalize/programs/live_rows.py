"""The rows of items and users as they are now, for a process that answers: read again when something changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from clary.engines.recommendation.contract import Features
from clary.engines.recommendation.vocabulary import Vocabulary
from clary.services.personalize.datasets.schema_rules import columns_of
from clary.services.personalize.events.event_reader import EventReader
from clary.services.personalize.events.event_store import Row
from clary.services.personalize.programs.filter_masks import FilterMasks
from clary.services.personalize.programs.row_tables import RowTable, read_segments


class LiveRows:
    """One data set's rows.

    Attributes:
        table: the rows.
        masks: filters them.

    Args:
        root: Personalize's folder.
        dataset: "id", "schema" and "segments".
        trained: the folder that the training wrote for this table.
        used: columns that are learned from.
    """

    def __init__(
        self,
        root: Path,
        dataset: Mapping[str, Any],
        id_column: str,
        ids: Vocabulary,
        trained: Path,
        used: Mapping[str, bool],
    ) -> None:
        self._root = root
        self._dataset = dataset
        self._columns = columns_of(dataset["schema"])
        self._used = used
        self._segments: tuple[str, ...] = tuple(dataset["segments"])
        self._last = -1
        self.table = RowTable(self._columns, id_column, ids, RowTable.load_parts(trained))
        self.masks = FilterMasks(self.table)
        present = trained / "present.npy"
        self._before = np.load(present) if present.exists() else np.zeros(0, bool)
        self._features: Features | None = None

    def refresh(self, reader: EventReader, segments: Sequence[str] | None) -> bool:
        """Reads the rows again if there are others; tells whether it did.

        Args:
            segments: the imports that count now; None: the same as before.
        """
        wanted = self._segments if segments is None else tuple(segments)
        last = reader.last_row(self._dataset["id"])
        if last == self._last and wanted == self._segments:
            return False
        rows = reader.rows(self._dataset["id"])
        deletions = self._dataset.get("deletions")
        try:
            imported = read_segments(self._root, wanted, self._columns, deletions) if wanted else None
        except FileNotFoundError:  # replaced by a later import: the next request names that one
            if self._last < 0:
                self._take(None, rows)
            return False
        self._take(imported, rows)
        self._last, self._segments = last, wanted
        return True

    def _take(self, imported: pa.Table | None, rows: Sequence[Row]) -> None:
        self.table.fill(imported, rows)
        self.masks = FilterMasks(self.table)
        self._features = None

    def features(self) -> Features:
        """What is known of the rows, coded as in training."""
        if self._features is None:
            self._features = self.table.features(self._used)
        return self._features

    def gone(self, count: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """[count] rows that were there when the model was trained and are not any more."""
        before, now = np.zeros(count, bool), np.zeros(count, bool)
        if self._last < 0:  # nothing is known yet
            return before
        before[: len(self._before)] = self._before[:count]
        now[: len(self.table.present)] = self.table.present[:count]
        found: np.ndarray[Any, np.dtype[np.bool_]] = before & ~now
        return found

    def of(self, code: int) -> dict[str, Any]:
        """One row's values by upper-case column."""
        return {column.name.upper(): self.table.value(code, column.name) for column in self.table.columns}
