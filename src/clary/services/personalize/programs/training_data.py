"""Brings together what a model learns from: imports, what was put since, what was deleted; as codes and arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clary.engines.recommendation.contract import Interactions
from clary.engines.recommendation.vocabulary import Vocabulary
from clary.services.personalize.datasets.schema_rules import Column, columns_of
from clary.services.personalize.datasets.schema_tables import DATASET_TYPES, ID_COLUMNS
from clary.services.personalize.events.event_reader import EventReader
from clary.services.personalize.events.event_store import Event
from clary.services.personalize.programs.row_tables import RowTable, read_segments

_NO_CONTEXT = ID_COLUMNS | {"TIMESTAMP", "EVENT_TYPE", "EVENT_VALUE", "IMPRESSION", "RECOMMENDATION_ID"}


@dataclass(slots=True)
class Log:
    """All interactions of a data set, column by column.

    Attributes:
        users, items, types: codes; a type of -1 is none.
        times: seconds since 1970.
        values: nan for none.
        contexts: codes by the name of a categorical column, -1 for none.
        last_event: the place of the last event that is in it.
    """

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    times: NDArray[np.int64]
    types: NDArray[np.int32]
    values: NDArray[np.float32]
    contexts: dict[str, NDArray[np.int32]] = field(default_factory=dict)
    last_event: int = 0


@dataclass(slots=True)
class Vocabularies:
    """The identifiers behind the codes; event types are in lower case."""

    users: Vocabulary = field(default_factory=Vocabulary)
    items: Vocabulary = field(default_factory=Vocabulary)
    types: Vocabulary = field(default_factory=Vocabulary)
    contexts: dict[str, Vocabulary] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Writes them."""
        (folder / "contexts").mkdir(parents=True, exist_ok=True)
        self.users.save(folder / "users.npz")
        self.items.save(folder / "items.npz")
        self.types.save(folder / "types.npz")
        for name, vocabulary in self.contexts.items():
            vocabulary.save(folder / "contexts" / f"{name}.npz")

    @classmethod
    def load(cls, folder: Path) -> Vocabularies:
        """What `save` wrote."""
        users, items, types = (Vocabulary.load(folder / f"{name}.npz") for name in ("users", "items", "types"))
        return cls(
            users,
            items,
            types,
            contexts={path.stem: Vocabulary.load(path) for path in (folder / "contexts").glob("*.npz")},
        )


def load_log(
    root: Path,
    dataset: Mapping[str, Any],
    vocabularies: Vocabularies,
    item_column: str = "ITEM_ID",
) -> Log:
    """The interactions of a data set: imported ones, then those that were put.

    Args:
        root: Personalize's folder.
        dataset: "id", "schema", "segments" and "deletions".
    """
    columns = columns_of(dataset["schema"])
    table = read_segments(root, dataset["segments"], columns, dataset.get("deletions"))
    reader = EventReader(root)
    last = reader.last_event(dataset["id"])
    events = _all_events(reader, dataset["id"], last)
    reader.close()
    table = pa.concat_tables([table, _event_table(events, columns, item_column, table.schema)])
    names = set(table.column_names)
    types = _codes(table, "EVENT_TYPE", vocabularies.types, lower=True) if "EVENT_TYPE" in names else None
    values = table.column("EVENT_VALUE").to_numpy().astype(np.float32) if "EVENT_VALUE" in names else None
    contexts = {}
    for column in columns:
        if column.categorical and column.name not in _NO_CONTEXT:
            vocabulary = vocabularies.contexts.setdefault(column.name, Vocabulary())
            contexts[column.name] = _codes(table, column.name, vocabulary)
    rows = table.num_rows
    return Log(
        _codes(table, "USER_ID", vocabularies.users),
        _codes(table, item_column, vocabularies.items),
        table.column("TIMESTAMP").to_numpy().astype(np.int64),
        np.full(rows, -1, np.int32) if types is None else types,
        np.full(rows, np.nan, np.float32) if values is None else values,
        contexts,
        last,
    )


def _all_events(reader: EventReader, dataset: str, last: int) -> list[Event]:
    found: list[Event] = []
    after = 0
    while after < last:
        batch = reader.events(dataset, after)
        if not batch:
            break
        found += [event for event in batch if event.item and event.seq <= last]
        after = batch[-1].seq
    return found


def _event_table(events: Sequence[Event], columns: Sequence[Column], item_column: str, schema: pa.Schema) -> pa.Table:
    """Events as rows; an anonymous session counts as a user of its own."""
    arrays = {}
    for column in columns:
        if column.name == "USER_ID":
            values: list[Any] = [event.user or event.session for event in events]
        elif column.name == item_column:
            values = [event.item for event in events]
        elif column.name == "TIMESTAMP":
            values = [event.time for event in events]
        elif column.name == "EVENT_TYPE":
            values = [event.type for event in events]
        elif column.name == "EVENT_VALUE":
            values = [event.value for event in events]
        else:
            values = [event.body.get(column.name) for event in events]
        arrays[column.name] = pa.array(values, schema.field(column.name).type)
    return pa.table(arrays, schema=schema)


def put_table(reader: EventReader, dataset: str, columns: Sequence[Column]) -> pa.Table:
    """What was put into a data set record by record, as rows of its schema."""
    empty = read_segments(Path(), (), columns)
    names = {column.name for column in columns}
    if "TIMESTAMP" in names:
        item_column = "ACTION_ID" if "ACTION_ID" in names else "ITEM_ID"
        events = _all_events(reader, dataset, reader.last_event(dataset))
        return _event_table(events, columns, item_column, empty.schema)
    rows = [row.body for row in reader.rows(dataset)]
    return pa.Table.from_pylist([{name: row.get(name) for name in empty.column_names} for row in rows], empty.schema)


def _codes(table: pa.Table, column: str, vocabulary: Vocabulary, *, lower: bool = False) -> NDArray[np.int32]:
    """Codes of a column of strings, -1 for null."""
    values = table.column(column)
    if lower:
        values = pc.utf8_lower(values)
    encoded = values.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    names = vocabulary.learn(encoded.dictionary.to_pylist())
    indices = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    if not len(names):
        return np.full(len(indices), -1, np.int32)
    return np.where(indices < 0, -1, names[indices]).astype(np.int32)


def chosen(log: Log, events: Sequence[Mapping[str, Any]], types: Vocabulary) -> NDArray[np.bool_]:
    """Which interactions a solution learns from.

    Args:
        events: {"type", "threshold", "weight"}; none chooses all, and a kind without weight is not learned from.
    """
    if not events:
        return np.ones(len(log.users), bool)
    keep = np.zeros(len(log.users), bool)
    for rule in events:
        matching = log.types == types.code(rule["type"]) if rule["type"] else np.ones(len(log.users), bool)
        if "threshold" in rule:
            matching &= np.nan_to_num(log.values, nan=-np.inf) >= rule["threshold"]
        if (types.code(rule["type"]) < 0 and rule["type"]) or not rule.get("weight", 1.0):
            continue
        keep |= matching
    return keep


def weights(log: Log, events: Sequence[Mapping[str, Any]], types: Vocabulary) -> NDArray[np.float32] | None:
    """How much each interaction counts by its kind; None when all count alike."""
    if all(rule.get("weight", 1.0) == 1.0 for rule in events):
        return None
    found = np.ones(len(log.users), np.float32)
    for rule in events:
        found[log.types == types.code(rule["type"])] = rule.get("weight", 1.0)
    return found


def interactions(
    log: Log, keep: NDArray[np.bool_], vocabularies: Vocabularies, worth: NDArray[np.float32] | None = None
) -> Interactions:
    """The chosen part of the log as the engine takes it.

    Args:
        worth: [rows of the log] how much each counts, see `weights`.
    """
    return Interactions(
        log.users[keep],
        log.items[keep],
        log.times[keep],
        len(vocabularies.users),
        len(vocabularies.items),
        log.types[keep],
        log.values[keep],
        {name: codes[keep] for name, codes in log.contexts.items()},
        worth[keep] if worth is not None else None,
    )


def load_rows(root: Path, dataset: Mapping[str, Any], table: RowTable) -> int:
    """Fills a table with a data set's rows; returns the place of the last row that was put."""
    columns = columns_of(dataset["schema"])
    reader = EventReader(root)
    rows = reader.rows(dataset["id"])
    reader.close()
    imported = read_segments(root, dataset["segments"], columns, dataset.get("deletions"))
    table.fill(imported if dataset["segments"] else None, rows)
    return rows[-1].seq if rows else 0


def used_columns(task: Mapping[str, Any], kind: str, columns: Sequence[Column]) -> dict[str, bool]:
    """Which columns of a data set are learned from, as trainingDataConfig says."""
    config = task.get("columns", {})

    def of(member: str) -> list[str] | None:
        for text, names in config.get(member, {}).items():
            if DATASET_TYPES.get(text.lower()) == kind:
                return list(names)
        return None

    excluded, included = of("excludedDatasetColumns") or [], of("includedDatasetColumns")
    return {
        column.name: column.name not in excluded and (included is None or column.name in included) for column in columns
    }
