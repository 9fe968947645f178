"""Pages with their true words, from the data sets beside the project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.documents.word_measures import Found

DATA = Path(__file__).parents[3] / "shared" / "data"


@dataclass(frozen=True)
class Labelled:
    """A picture and what stands on it."""

    path: Path
    words: list[Found]


def forms(part: slice = slice(None)) -> Iterator[Labelled]:
    """FUNSD: forms, word by word; empty words are dropped."""
    for path in sorted((DATA / "forms_funsd/dev/images").iterdir())[part]:
        label = DATA / "forms_funsd/dev/annotations" / f"{path.stem}.json"
        items = json.loads(label.read_text())["form"]
        words = [(word["text"], tuple(word["box"])) for item in items for word in item["words"] if word["text"].strip()]
        yield Labelled(path, words)


def receipts(part: slice = slice(None)) -> Iterator[Labelled]:
    """SROIE: receipts, line by line."""
    for path in sorted((DATA / "receipts_sroie/dev/img").iterdir())[part]:
        label = DATA / "receipts_sroie/dev/box" / f"{path.stem}.csv"
        yield Labelled(path, [quadrilateral(line) for line in label.read_text().splitlines() if line.strip()])


def scenes(part: slice = slice(None)) -> Iterator[Labelled]:
    """ICDAR 2015: photographs of streets, word by word."""
    for path in sorted((DATA / "scene_text_icdar2015/dev").glob("*.jpg"))[part]:
        label = path.with_name(f"gt_{path.stem}.txt")
        lines = label.read_text(encoding="utf-8-sig").splitlines()
        yield Labelled(path, [quadrilateral(line) for line in lines if line.strip()])


def quadrilateral(line: str) -> Found:
    """x1,y1,...,x4,y4,text; the text may hold commas."""
    *numbers, text = line.split(",", 8)
    across, down = [float(one) for one in numbers[0::2]], [float(one) for one in numbers[1::2]]
    return text, (min(across), min(down), max(across), max(down))
