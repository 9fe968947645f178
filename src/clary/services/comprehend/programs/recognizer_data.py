"""The examples of an entity recognizer: documents with annotations, with a list of names, or augmented manifests."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clary.engines.text.own_entities import EntityList, Mention
from clary.engines.text.words import words
from clary.services.comprehend.analyses import JOB_BYTES
from clary.services.comprehend.places import ONE_DOC_PER_FILE
from clary.services.comprehend.programs.annotated_pages import read_pages
from clary.services.comprehend.programs.classifier_data import Unlearnable, manifest_entry, unlabelled
from clary.services.comprehend.programs.documents import Position, documents, files_below

LEAST_MENTIONS = 5
_ANNOTATION_COLUMNS = ("file", "line", "begin offset", "end offset", "type")
_LIST_COLUMNS = ("text", "type")
_MOST_NAMED = 5


@dataclass(slots=True)
class Annotated:
    """Documents with the entities in them."""

    texts: list[str] = field(default_factory=list)
    mentions: list[list[Mention]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)

    def add(self, text: str, mentions: Sequence[Mention]) -> None:
        """Adds a document."""
        self.texts.append(text)
        self.mentions.append(sorted(mentions))

    def counts(self) -> dict[str, int]:
        """How many entities there are of each type."""
        found: dict[str, int] = {}
        for own in self.mentions:
            for mention in own:
                found[mention.type] = found.get(mention.type, 0) + 1
        return found


def read_annotated(texts: Path, annotations: Path, types: Sequence[str], form: str | None) -> Annotated:
    """Documents with the annotations of a CSV file: File, Line, Begin Offset, End Offset, Type.

    Args:
        texts, annotations: the folders of the two channels.
        types: those to learn; annotations of others are left out.
        form: ONE_DOC_PER_LINE or ONE_DOC_PER_FILE; None takes the first where annotations name lines.

    Raises:
        Unlearnable: an annotation cannot be read, or points beside its document.
    """
    rows = list(_table(annotations, _ANNOTATION_COLUMNS))
    by_line = form != ONE_DOC_PER_FILE if form else any(row["line"].strip() for _, row in rows)
    wanted = set(types)
    own: dict[tuple[str, int | None], list[Mention]] = {}
    for where, row in rows:
        place = (row["file"].strip(), _number(row["line"], where) if by_line else None)
        begin, end = _number(row["begin offset"], where), _number(row["end offset"], where)
        if begin >= end:
            raise Unlearnable(f"{where}: End Offset {end} must be greater than Begin Offset {begin}.")
        if row["type"].strip() in wanted:
            own.setdefault(place, []).append(Mention(begin, end, row["type"].strip()))
    found = Annotated()
    files = files_below(texts)
    for document in documents(files, by_line=by_line, most_bytes=JOB_BYTES, start=Position()):
        mentions = own.pop((document.file, document.line), None) or own.pop(
            (Path(document.file).name, document.line), []
        )
        for mention in mentions:
            if mention.end > len(document.text):
                raise Unlearnable(
                    f"An annotation of {document.file}{'' if document.line is None else f', line {document.line}'} "
                    f"ends at {mention.end}, but the document has {len(document.text)} characters."
                )
        if document.problem is None:
            found.add(document.text, mentions)
    if own:
        name, line = next(iter(own))
        raise Unlearnable(f"Annotations name {name}{'' if line is None else f', line {line}'}, which is not there.")
    return found


def read_list(folder: Path, types: Sequence[str]) -> list[tuple[str, str]]:
    """The names of a CSV file: Text, Type.

    Raises:
        Unlearnable: it cannot be read, or holds no name of the types.
    """
    wanted = set(types)
    rows = [(row["text"].strip(), row["type"].strip()) for _, row in _table(folder, _LIST_COLUMNS)]
    listed = [(name, kind) for name, kind in rows if name and kind in wanted]
    if not listed:
        raise Unlearnable(f"The entity list holds no name of the types {sorted(wanted)}.")
    return listed


def read_listed(texts: Path, listed: EntityList, language: str, form: str | None) -> Annotated:
    """Documents in which the names of a list are the entities."""
    found = Annotated()
    by_line = form != ONE_DOC_PER_FILE
    for document in documents(files_below(texts), by_line=by_line, most_bytes=JOB_BYTES, start=Position()):
        if document.problem is not None:
            continue
        own = words(document.text, language)
        mentions = [Mention(own[begin].begin, own[end - 1].end, kind) for begin, end, kind in listed.matches(own)]
        found.add(document.text, mentions)
    return found


def read_any_manifest(channels: Path, manifest: Mapping[str, Any], types: Sequence[str]) -> Annotated:
    """The documents of an augmented manifest of plain text, or of pages of PDFs.

    Args:
        channels: the folder of a job's channels.
        manifest: as `manifests.manifest_tasks` tells of it.
        types: those to learn.

    Raises:
        Unlearnable: it cannot be read.
    """
    if not manifest.get("annotations"):
        return read_manifest(channels / manifest["channel"], manifest["attributes"], types)
    found = Annotated()
    wanted = set(types)
    annotations = channels / manifest["annotations"]
    for _, text, mentions in read_pages(channels / manifest["channel"], annotations, manifest["attributes"]):
        found.add(text, [mention for mention in mentions if mention.type in wanted])
    return found


def read_manifest(folder: Path, attributes: Sequence[str], types: Sequence[str]) -> Annotated:
    """The documents of an augmented manifest that Ground Truth wrote for named entities.

    Raises:
        Unlearnable: a line cannot be read.
    """
    found = Annotated()
    wanted = set(types)
    labelled = False
    for name, path in files_below(folder):
        for line, raw in enumerate(path.open("rb"), 1):
            if raw.strip():
                where = f"{name}, line {line}"
                text, entities = _manifest_line(raw, attributes, where)
                labelled = labelled or entities is not None
                mentions = [_manifest_mention(entity, len(text), where) for entity in entities or ()]
                found.add(text, [mention for mention in mentions if mention.type in wanted])
    if not labelled:
        raise Unlearnable(unlabelled(folder, attributes))
    return found


def check_examples(found: Annotated, types: Sequence[str]) -> None:
    """Checks that there is enough to learn from.

    Raises:
        Unlearnable: there is not.
    """
    counts = found.counts()
    few = [kind for kind in types if counts.get(kind, 0) < LEAST_MENTIONS]
    if few:
        named = ", ".join(f"{kind} ({counts.get(kind, 0)})" for kind in few[:_MOST_NAMED])
        raise Unlearnable(
            f"Each entity type needs at least {LEAST_MENTIONS} mentions in the documents; these have fewer: {named}."
        )


def _table(folder: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a channel's CSV files, which have a header, with where each stands."""
    csv.field_size_limit(1 << 30)
    for name, path in files_below(folder):
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            try:
                header = [cell.strip().lower() for cell in next(reader, [])]
                if not set(columns) <= set(header):
                    raise Unlearnable(f"{name}: the first line must name the columns {', '.join(columns)}.")
                for row in reader:
                    if len(row) < len(header) and any(row):
                        raise Unlearnable(f"{name}, line {reader.line_num}: the line has {len(row)} columns.")
                    if any(row):
                        yield f"{name}, line {reader.line_num}", dict(zip(header, row, strict=False))
            except csv.Error as error:
                raise Unlearnable(f"{name}, line {reader.line_num}: the line is not valid CSV: {error}.") from error
            except UnicodeDecodeError as error:
                raise Unlearnable(f"{name}: the file is not encoded in UTF-8.") from error


def _number(text: str, where: str) -> int:
    try:
        number = int(text)
    except ValueError as error:
        raise Unlearnable(f"{where}: {text!r} is not a whole number.") from error
    if number < 0:
        raise Unlearnable(f"{where}: {number} is negative.")
    return number


def _manifest_line(raw: bytes, attributes: Sequence[str], where: str) -> tuple[str, list[Any] | None]:
    """A line's text and its entities; None where it has none of the attributes."""
    entry = manifest_entry(raw, where)
    if "source-ref" in entry:
        raise Unlearnable(f"{where}: source-ref names a PDF, but DocumentType is PLAIN_TEXT_DOCUMENT.")
    text = entry.get("source")
    if not isinstance(text, str):
        raise Unlearnable(f"{where}: the line has no text in its member source.")
    for attribute in attributes:
        label = entry.get(attribute)
        if isinstance(label, dict):
            annotations = label.get("annotations", {})
            entities = annotations.get("entities", []) if isinstance(annotations, dict) else []
            return text, entities if isinstance(entities, list) else []
    return text, None


def _manifest_mention(entity: Any, length: int, where: str) -> Mention:
    members: Mapping[str, Any] = entity if isinstance(entity, dict) else {}
    begin, end, kind = members.get("startOffset"), members.get("endOffset"), members.get("label")
    if not isinstance(begin, int) or not isinstance(end, int) or not isinstance(kind, str):
        raise Unlearnable(f"{where}: an entity lacks startOffset, endOffset or label.")
    if not 0 <= begin < end <= length:
        raise Unlearnable(f"{where}: an entity from {begin} to {end} does not lie in its text.")
    return Mention(begin, end, kind)
