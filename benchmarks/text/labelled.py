"""Labelled texts beside the project, and timing."""

from __future__ import annotations

import csv
import gzip
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[3] / "shared" / "data"
SENTENCE = (
    "The hotel was close to the station and the rooms were clean, but breakfast took far too long and nobody at the "
    "desk could tell us why."
)
"""An English sentence of 27 words."""


def every(default: int) -> int:
    """Only every so manyth text is measured: the number after `--every`."""
    return int(sys.argv[sys.argv.index("--every") + 1]) if "--every" in sys.argv else default


def json_rows(path: str) -> list[dict[str, Any]]:
    """Reads JSON lines, gzipped or not."""
    content = (DATA / path).read_bytes()
    whole = gzip.decompress(content) if path.endswith(".gz") else content
    return [json.loads(line) for line in whole.decode().split("\n") if line]


def csv_rows(path: str) -> list[dict[str, str]]:
    """Reads a CSV file."""
    with (DATA / path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def texts_a_second(answer: Callable[[list[str]], Any], texts: Sequence[str]) -> float:
    """Texts a CPU second, all at once."""
    start = time.process_time()
    answer(list(texts))
    return len(texts) / (time.process_time() - start)


def median_milliseconds(answer: Callable[[list[str]], Any], text: str, times: int = 100) -> float:
    """Wall time of one text alone, read for the first time each time: a number at its end makes it another."""
    return median_milliseconds_of(answer, [f"{text} {number}" for number in range(times)])


def median_milliseconds_of(answer: Callable[[list[str]], Any], texts: Sequence[str]) -> float:
    """Wall time of one text alone, over several."""
    taken = []
    for text in texts:
        start = time.perf_counter()
        answer([text])
        taken.append(time.perf_counter() - start)
    return 1000 * sorted(taken)[len(texts) // 2]
