"""The examples of a flywheel's data sets as they are kept: lines of JSON in Comprehend's folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from clary.engines.text.own_entities import Mention
from clary.services.comprehend.programs.classifier_data import Examples
from clary.services.comprehend.programs.recognizer_data import Annotated

FILE = "examples.jsonl"


def write_classified(path: Path, examples: Examples) -> None:
    """Writes documents with their classes."""
    _write(path, ({"text": text, "labels": own} for text, own in zip(examples.texts, examples.labels, strict=True)))


def read_classified(folders: Sequence[Path]) -> Examples:
    """Reads documents with their classes from several data sets."""
    found = Examples()
    for entry in _read(folders):
        found.add(entry["text"], entry["labels"])
    return found


def write_annotated(path: Path, found: Annotated) -> None:
    """Writes documents with the entities in them."""
    _write(
        path,
        (
            {"text": text, "mentions": [[one.begin, one.end, one.type] for one in own]}
            for text, own in zip(found.texts, found.mentions, strict=True)
        ),
    )


def read_annotated(folders: Sequence[Path]) -> Annotated:
    """Reads documents with the entities in them from several data sets."""
    found = Annotated()
    for entry in _read(folders):
        found.add(entry["text"], [Mention(*one) for one in entry["mentions"]])
    return found


def _write(path: Path, entries: Iterator[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", errors="surrogatepass") as file:
        for entry in entries:
            file.write(json.dumps(entry) + "\n")


def _read(folders: Sequence[Path]) -> Iterator[dict[str, Any]]:
    for folder in folders:
        with (folder / FILE).open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)
