"""Results of jobs: one JSON value a line, read from any line on without reading what comes before it.

Beside NAME.jsonl lies NAME.places: where each line begins, eight bytes a line, and at last where the last one ends.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

_PLACE_BYTES = 8


def write_lines(path: Path, values: Iterable[Any]) -> int:
    """Writes values durably, as a whole or not at all; returns how many.

    Args:
        path: without suffix.
    """
    places = array("Q", [0])
    draft = path.with_name(path.name + ".draft")
    with draft.open("wb") as file:
        for value in values:
            line = orjson.dumps(value) + b"\n"
            file.write(line)
            places.append(places[-1] + len(line))
        _flush(file.fileno(), file)
    with path.with_suffix(".places").open("wb") as file:
        file.write(places.tobytes())
        _flush(file.fileno(), file)
    draft.replace(path.with_suffix(".jsonl"))
    return len(places) - 1


def _flush(descriptor: int, file: Any) -> None:
    file.flush()
    os.fsync(descriptor)


def read_lines(path: Path, start: int, count: int) -> tuple[list[Any], int]:
    """Up to `count` values from number `start` on, and how many there are in all.

    Raises:
        FileNotFoundError: nothing was written.
    """
    with path.with_suffix(".places").open("rb") as file:
        total = os.fstat(file.fileno()).st_size // _PLACE_BYTES - 1
        first, last = min(start, total), min(start + count, total)
        file.seek(first * _PLACE_BYTES)
        places = array("Q")
        places.frombytes(file.read((last - first + 1) * _PLACE_BYTES))
    with path.with_suffix(".jsonl").open("rb") as file:
        file.seek(places[0])
        data = file.read(places[-1] - places[0])
    return [orjson.loads(line) for line in data.splitlines()], total
