"""Logs of interactions: parts of them, and files of their columns that grow batch by batch in constant memory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from clary.engines.recommendation.contract import Interactions, Mask

_TYPES: dict[str, str] = {
    "users": "<i4",
    "items": "<i4",
    "timestamps": "<i8",
    "event_types": "<i4",
    "values": "<f4",
}
_SHAPE = "log.json"


def where(log: Interactions, keep: Mask) -> Interactions:
    """The interactions marked in `keep` [n]; users and items keep their codes."""
    return Interactions(
        log.users[keep],
        log.items[keep],
        log.timestamps[keep],
        log.user_count,
        log.item_count,
        log.event_types[keep] if log.event_types is not None else None,
        log.values[keep] if log.values is not None else None,
        {name: codes[keep] for name, codes in log.contexts.items()},
        log.weights[keep] if log.weights is not None else None,
    )


def resized(log: Interactions, user_count: int, item_count: int) -> Interactions:
    """The log, for at least so many users and items."""
    return Interactions(
        log.users,
        log.items,
        log.timestamps,
        max(log.user_count, user_count),
        max(log.item_count, item_count),
        log.event_types,
        log.values,
        log.contexts,
        log.weights,
    )


class LogWriter:
    """Appends batches of interactions to one file per column; a batch is all the memory it needs.

    `writer` makes one. What was written is a log only after its end: an interrupted one leaves no `log.json`, and
    `open_log` refuses the folder.
    """

    def __init__(self, files: Mapping[str, BinaryIO]) -> None:
        self._files = files
        self.count = 0
        self.user_count = 0
        self.item_count = 0

    def append(self, batch: Mapping[str, NDArray[Any]]) -> None:
        """Adds rows.

        Args:
            batch: the same columns each time: "users", "items", "timestamps" (as in `Interactions`), where there are
                some "event_types" and "values", and "context.<name>".

        Raises:
            ValueError: a column is missing, unknown or of another length.
        """
        if set(batch) != set(self._files):
            raise ValueError(f"a batch has the columns {sorted(batch)}, the log has {sorted(self._files)}")
        lengths = {len(column) for column in batch.values()}
        if len(lengths) != 1:
            raise ValueError(f"the columns of a batch have different lengths: {sorted(lengths)}")
        for name, column in batch.items():
            self._files[name].write(np.ascontiguousarray(column, _TYPES.get(name, "<i4")).tobytes())
        self.count += lengths.pop()
        self.user_count = max(self.user_count, int(np.max(batch["users"], initial=-1)) + 1)
        self.item_count = max(self.item_count, int(np.max(batch["items"], initial=-1)) + 1)


@contextmanager
def writer(folder: Path, columns: tuple[str, ...]) -> Iterator[LogWriter]:
    """A writer of a new log into an empty folder; the log is complete when the block ends without an error.

    Args:
        columns: see `LogWriter.append`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, BinaryIO] = {}
    try:
        for name in columns:
            files[name] = (folder / f"{name}.bin").open("wb")
        log = LogWriter(files)
        yield log
    finally:
        for file in files.values():
            file.close()
    shape = {"columns": columns, "count": log.count, "user_count": log.user_count, "item_count": log.item_count}
    (folder / _SHAPE).write_text(json.dumps(shape), encoding="utf-8")


def open_log(folder: Path) -> Interactions:
    """A written log, its columns memory-mapped.

    Raises:
        FileNotFoundError: the folder holds no complete log.
    """
    shape = json.loads((folder / _SHAPE).read_text(encoding="utf-8"))
    count = int(shape["count"])

    def column(name: str) -> NDArray[Any]:
        kind = _TYPES.get(name, "<i4")
        if not count:
            return np.zeros(0, kind)
        return np.memmap(folder / f"{name}.bin", kind, "r", shape=(count,)).view(np.ndarray)

    names = set(shape["columns"])
    return Interactions(
        column("users"),
        column("items"),
        column("timestamps"),
        int(shape["user_count"]),
        int(shape["item_count"]),
        column("event_types") if "event_types" in names else None,
        column("values") if "values" in names else None,
        {name.partition(".")[2]: column(name) for name in sorted(names) if name.startswith("context.")},
    )
