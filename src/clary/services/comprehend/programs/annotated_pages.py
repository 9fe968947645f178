"""The pages of PDFs in which people marked entities, as Ground Truth's jobs for documents write them.

Each line of the manifest names a file with the page's blocks and its entities; those refer to lines of the page by the
ids of their blocks. The text is that of the blocks: the PDF itself need not be read again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from clary.engines.text.own_entities import Mention
from clary.services.comprehend.programs.classifier_data import Unlearnable, manifest_entry
from clary.services.comprehend.programs.documents import files_below

REFERENCE = "annotation-ref"


def read_pages(
    manifests: Path, annotations: Path, attributes: Sequence[str]
) -> Iterator[tuple[str, str, list[Mention]]]:
    """Yields each annotated page: its file's name, its text and the entities in it.

    Lines of the manifest that have none of the attributes were not annotated, and are left out.

    Args:
        manifests: the channel of the manifest.
        annotations: the channel of the files that it names.
        attributes: the members of a line that name its file.

    Raises:
        Unlearnable: a line or a file cannot be read.
    """
    files = [(f"/{name}", path) for name, path in files_below(annotations)]
    for name, path in files_below(manifests):
        for line, raw in enumerate(path.open("rb"), 1):
            reference = _reference(raw, attributes, f"{name}, line {line}") if raw.strip() else None
            if reference is None:
                continue
            file = next((path for end, path in files if reference.endswith(end)), None)
            if file is None:
                raise Unlearnable(f"{name}, line {line}: {reference} is not below AnnotationDataS3Uri.")
            shown = Path(reference).name
            text, mentions = _page(file, shown)
            yield shown, text, mentions


def _reference(raw: bytes, attributes: Sequence[str], where: str) -> str | None:
    entry = manifest_entry(raw, where)
    for attribute in attributes:
        label = entry.get(attribute)
        if isinstance(label, dict):
            reference = label.get(REFERENCE)
            if not isinstance(reference, str):
                raise Unlearnable(f"{where}: {attribute} has no {REFERENCE}.")
            return reference
    return None


def _page(path: Path, name: str) -> tuple[str, list[Mention]]:
    try:
        content = json.loads(path.read_bytes())
        lines = [block for block in content["Blocks"] if block["BlockType"] == "LINE"]
        places: dict[str, tuple[int, int]] = {}
        at = 0
        for block in lines:
            places[block["Id"]] = (at, len(block["Text"]))
            at += len(block["Text"]) + 1
        return "\n".join(block["Text"] for block in lines), [
            _mention(entity, places, name) for entity in content["Entities"]
        ]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unlearnable(f"{name}: the annotations cannot be read: {error!r}.") from error


def _mention(entity: Mapping[str, Any], places: Mapping[str, tuple[int, int]], name: str) -> Mention:
    """The entity's place in the page's text; one that runs over several lines lies from the first to the last."""
    pieces = []
    for reference in entity["BlockReferences"]:
        start, length = places[reference["BlockId"]]
        begin, end = int(reference["BeginOffset"]), int(reference["EndOffset"])
        if not 0 <= begin < end <= length:
            raise Unlearnable(
                f"{name}: an entity from {begin} to {end} does not lie in its line of {length} characters."
            )
        pieces.append((start + begin, start + end))
    if not pieces:
        raise Unlearnable(f"{name}: an entity refers to no line.")
    return Mention(min(begin for begin, _ in pieces), max(end for _, end in pieces), str(entity["Type"]))
