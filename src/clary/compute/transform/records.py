"""Selecting parts of records, and joining them with what the model made of them.

A cell of CSV is text and passes through as it was written.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from clary.compute.transform import json_path
from clary.compute.transform.errors import TransformError
from clary.compute.transform.json_path import NothingThere, Path

OUTPUT_NAME, INPUT_NAME = "SageMakerOutput", "SageMakerInput"
FORMATS = {
    "text/csv": "CSV",
    "application/json": "JSON",
    "application/jsonlines": "JSON Lines",
    "application/jsonl": "JSON Lines",
    "application/x-jsonlines": "JSON Lines",
}
"""The content types whose records can be looked into."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a transform does with records beside sending them.

    Attributes:
        join: whether the record comes back with the model's answer.
    """

    input: Path
    output: Path
    join: bool

    @property
    def are_needed(self) -> bool:
        """Whether they change anything."""
        return self.join or not (self.input.is_all and self.output.is_all)


class Format(Protocol):
    """How the records of a content type are read and written."""

    def read(self, payload: bytes) -> list[Any]:
        """The records of a payload.

        Raises:
            TransformError: it is not of this format.
        """
        ...

    def write(self, records: Sequence[Any]) -> bytes:
        """The payload that holds these records."""
        ...

    def joined(self, record: Any, answer: Any) -> Any:
        """A record together with the model's answer."""
        ...


def format_of(content_type: str, *, lines: bool) -> Format | None:
    """The format of a content type, None where its records cannot be looked into.

    Args:
        lines: whether a payload of JSON holds a document on each line, or is one document.
    """
    name = FORMATS.get(content_type.partition(";")[0].strip().lower())
    if name is None:
        return None
    return Csv() if name == "CSV" else Json(lines=lines or name == "JSON Lines")


class Csv:
    """Rows of cells; a cell is text."""

    def read(self, payload: bytes) -> list[list[str]]:
        """See `Format`."""
        text = payload.decode("utf-8", "surrogateescape")
        if '"' not in text:  # no quotes: a cell cannot hold a comma
            return [line.split(",") for line in text.replace("\r\n", "\n").split("\n") if line]
        try:
            return [row for row in csv.reader(io.StringIO(text, newline="")) if row]
        except csv.Error as error:
            raise TransformError(f"Invalid CSV: {error}") from None

    def write(self, records: Sequence[Any]) -> bytes:
        """See `Format`; a record that is a single value becomes a row of one cell."""
        rows = [record if isinstance(record, list) else [record] for record in records]
        text = "\n".join([",".join(map(str, row)) for row in rows])
        if '"' in text or text.count(",") != sum(map(len, rows)) - len(rows) or text.count("\n") != len(rows) - 1:
            out = io.StringIO(newline="")
            csv.writer(out, lineterminator="\n").writerows(rows)
            text = out.getvalue().removesuffix("\n")
        return text.encode("utf-8", "surrogateescape")

    def joined(self, record: Any, answer: Any) -> Any:
        """See `Format`: the answer's cells follow the record's."""
        return [*record, *answer]


class Json:
    """JSON documents.

    Args:
        lines: whether there is one on each line.
    """

    def __init__(self, *, lines: bool) -> None:
        self._lines = lines

    def read(self, payload: bytes) -> list[Any]:
        """See `Format`."""
        try:
            if not self._lines:
                return [orjson.loads(payload)]
            return [orjson.loads(line) for line in payload.splitlines() if line.strip()]
        except orjson.JSONDecodeError as error:
            raise TransformError(f"Invalid JSON: {error}") from None

    def write(self, records: Sequence[Any]) -> bytes:
        """See `Format`."""
        return b"\n".join(map(orjson.dumps, records))

    def joined(self, record: Any, answer: Any) -> Any:
        """See `Format`: the answer becomes a member of an object; another record becomes a member beside it."""
        if isinstance(record, dict):
            return {**record, OUTPUT_NAME: answer}
        return {INPUT_NAME: record, OUTPUT_NAME: answer}


class RecordFilter:
    """Applies a transform's filters to payloads and answers.

    Args:
        form: of the input's records, and of the model's answers.
    """

    def __init__(self, filters: Filters, form: Format) -> None:
        self._filters = filters
        self._form = form

    def outgoing(self, payload: bytes) -> tuple[bytes, list[Any]]:
        """What is sent for a payload, and its records, which `incoming` wants back.

        Raises:
            TransformError: it is not of the format, or InputFilter selects what is not there.
        """
        records = self._form.read(payload)
        if self._filters.input.is_all:
            return payload, records
        return self._form.write(_selected(records, self._filters.input, "InputFilter")), records

    def incoming(self, answer: bytes, records: Sequence[Any]) -> bytes:
        """What goes into the output for the model's answer.

        Raises:
            TransformError: it is not of the format, has not an answer for each record, or OutputFilter selects what is
                not there.
        """
        filters = self._filters
        if not filters.join and filters.output.is_all:
            return answer
        try:
            answers = self._form.read(answer)
        except TransformError as error:
            kind = "CSV" if isinstance(self._form, Csv) else "JSON"
            raise TransformError(
                f"Failed to parse output from the algorithm as {kind}", blame="AlgorithmError", detail=error.message
            ) from None
        if filters.join:
            if len(answers) != len(records):
                raise TransformError(
                    "Fail to join data: mismatched line count between the input and the output",
                    detail=f"The model answered {len(records)} records with {len(answers)}.",
                )
            answers = [self._form.joined(record, one) for record, one in zip(records, answers, strict=True)]
        if not filters.output.is_all:
            answers = _selected(answers, filters.output, "OutputFilter")
        return self._form.write(answers)


def _selected(records: Sequence[Any], path: Path, member: str) -> list[Any]:
    try:
        if path.indexes is None or (len(path.indexes) == 1 and not path.indexes[0].is_slice):
            return [path.select(record) for record in records]
        if len(path.indexes) == 1:  # a slice of every row, as in "$[1:]": the common case of CSV
            part = slice(path.indexes[0].start, path.indexes[0].stop)
            return [record[part] if isinstance(record, list) else path.select(record) for record in records]
        return [json_path.pick(path.indexes, record) for record in records]
    except NothingThere as error:
        raise TransformError(f"{member} {path.text} does not fit the data: {error}") from None
