"""The examples of a document classifier: CSV files without a header, and augmented manifests."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clary.services.comprehend.programs.documents import files_below

LEAST_EXAMPLES = 10
MOST_CLASSES, MOST_LABELS = 1000, 100
MOST_LABEL_CHARACTERS = 5000
_MOST_NAMED = 5


class Unlearnable(Exception):
    """The examples do not suffice or cannot be read; the message is for the user."""


class Unreadable(Exception):
    """A page of a document that a line of the examples names cannot be read; the training goes on without it.

    Args:
        code: a word for programs.
        message: a sentence for the user.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(slots=True)
class Examples:
    """Documents with their classes.

    Attributes:
        texts: what they say.
        labels: of each its classes.
        skipped: pages that could not be read, as AWS's lines on failed annotations tell of them.
    """

    texts: list[str] = field(default_factory=list)
    labels: list[list[str]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)

    def add(self, text: str, labels: list[str]) -> None:
        """Adds a document."""
        self.texts.append(text)
        self.labels.append(labels)

    def __len__(self) -> int:
        return len(self.texts)


NativeText = Callable[[str, int], str]
"""The text of a page of a document: its file's name and the page's number, from 1; raises `Unreadable`."""


def read_csv(folder: Path, task: Mapping[str, Any], native: NativeText | None = None) -> Examples:
    """The examples of a channel's CSV files: class and text, or class, file and page.

    Args:
        task: "several" and "delimiter".
        native: set where the second and third column name a page of a document.

    Raises:
        Unlearnable: a line cannot be read.
    """
    examples = Examples()
    for name, path in files_below(folder):
        for line, row in _rows(name, path):
            if len(row) < 2 or (native is None and len(row) > 2):
                wanted = "CLASS,TEXT" if native is None else "CLASS,FILE,PAGE"
                raise Unlearnable(
                    f"{name}, line {line}: the line has {len(row)} columns; it must be {wanted}, with quotation marks "
                    "around a text that holds commas."
                )
            labels = _labels(row[0], task, f"{name}, line {line}")
            if native is not None:
                _add_page(examples, native, row[1], _page(row, f"{name}, line {line}"), labels)
                continue
            text = row[1]
            if not text.strip():
                raise Unlearnable(f"{name}, line {line}: the document is empty.")
            examples.add(text, labels)
    if not examples.texts and examples.skipped:
        told = examples.skipped[0]["ErrorMessage"]
        raise Unlearnable(f"None of the {len(examples.skipped)} pages can be read; the first: {told}")
    if not examples.texts:
        raise Unlearnable("The training data holds no lines.")
    return examples


def _add_page(examples: Examples, native: NativeText, name: str, number: int, labels: list[str]) -> None:
    """Adds a page of a document, or notes why it cannot be read."""
    try:
        text = native(name, number)
        if not text.strip():
            raise Unreadable("EMPTY_PAGE", f"Page {number} of {name} has no text.")
        examples.add(text, labels)
    except Unreadable as error:
        told = {"File": name, "Page": number, "ErrorCode": error.code, "ErrorMessage": error.message}
        examples.skipped.append(told)


def read_manifest(folder: Path, attributes: Sequence[str], *, several: bool) -> Examples:
    """The examples of an augmented manifest; lines whose label is missing (nobody labelled them) are left out.

    Raises:
        Unlearnable: a line cannot be read.
    """
    examples = Examples()
    for name, path in files_below(folder):
        for line, raw in enumerate(path.open("rb"), 1):
            if not raw.strip():
                continue
            where = f"{name}, line {line}"
            entry = manifest_entry(raw, where)
            source = entry.get("source")
            if not isinstance(source, str) or not source.strip():
                raise Unlearnable(f"{where}: the line has no text in its member source.")
            labels = _manifest_labels(entry, attributes, where, several=several)
            if labels:
                examples.add(source, labels)
    if not examples.texts:
        raise Unlearnable(unlabelled(folder, attributes))
    return examples


def unlabelled(folder: Path, attributes: Sequence[str]) -> str:
    """The message where no line of a manifest has any of the attributes."""
    names = ", ".join(name for name, _ in files_below(folder))
    return f"{names}: no line has a label in {' or '.join(attributes)}: AttributeNames must name the labelling job."


def check_examples(examples: Examples, *, several: bool) -> None:
    """Checks that there is enough to learn from.

    Raises:
        Unlearnable: there is not.
    """
    counts: dict[str, int] = {}
    for labels in examples.labels:
        for label in labels:
            counts[label] = counts.get(label, 0) + 1
    if len(counts) < 2:
        raise Unlearnable(f"The training data has {len(counts)} class(es); at least 2 are needed.")
    most = MOST_LABELS if several else MOST_CLASSES
    if len(counts) > most:
        raise Unlearnable(f"The training data has {len(counts)} classes; at most {most} are possible.")
    few = sorted(label for label, count in counts.items() if count < LEAST_EXAMPLES)
    if few:
        named = ", ".join(f"{label!r} ({counts[label]})" for label in few[:_MOST_NAMED])
        more = f" and {len(few) - _MOST_NAMED} others" if len(few) > _MOST_NAMED else ""
        raise Unlearnable(f"Each class needs at least {LEAST_EXAMPLES} documents; these have fewer: {named}{more}.")


def _rows(name: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file with the number of the line at which each ends."""
    csv.field_size_limit(1 << 30)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            for row in reader:
                if any(cell.strip() for cell in row):
                    yield reader.line_num, row
        except csv.Error as error:
            raise Unlearnable(f"{name}, line {reader.line_num}: the line is not valid CSV: {error}.") from error
        except UnicodeDecodeError as error:
            raise Unlearnable(f"{name}, after line {reader.line_num}: the file is not encoded in UTF-8.") from error


def _labels(cell: str, task: Mapping[str, Any], where: str) -> list[str]:
    parts = cell.split(task["delimiter"]) if task["several"] else [cell]
    labels = list(dict.fromkeys(part.strip() for part in parts))
    if not all(labels):
        raise Unlearnable(f"{where}: the class is empty.")
    if max(map(len, labels)) > MOST_LABEL_CHARACTERS:
        raise Unlearnable(f"{where}: the class is longer than {MOST_LABEL_CHARACTERS} characters.")
    return labels


def _page(row: Sequence[str], where: str) -> int:
    if len(row) < 3:
        return 1
    try:
        return int(row[2])
    except ValueError as error:
        raise Unlearnable(f"{where}: the page is {row[2]!r}, not a number.") from error


def manifest_entry(raw: bytes, where: str) -> dict[str, Any]:
    """A line of an augmented manifest.

    Args:
        where: the line's place, for the message.

    Raises:
        Unlearnable: it is no JSON object.
    """
    try:
        entry = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Unlearnable(f"{where}: the line is not valid JSON: {error}.") from error
    if not isinstance(entry, dict):
        raise Unlearnable(f"{where}: the line is not a JSON object.")
    return entry


def _manifest_labels(entry: Mapping[str, Any], attributes: Sequence[str], where: str, *, several: bool) -> list[str]:
    """The classes that the first of the attributes which is there tells."""
    for attribute in attributes:
        if attribute not in entry:
            continue
        metadata = entry.get(f"{attribute}-metadata", {})
        metadata = metadata if isinstance(metadata, dict) else {}
        if not several:
            name = metadata.get("class-name", entry[attribute])
            if not isinstance(name, str | int):
                raise Unlearnable(f"{where}: {attribute} names no class.")
            return [str(name)]
        names = metadata.get("class-map", {})
        own = entry[attribute]
        if not isinstance(own, list) or not isinstance(names, dict):
            raise Unlearnable(f"{where}: {attribute} is not a list of classes.")
        return [str(names.get(str(number), number)) for number in own]
    return []
