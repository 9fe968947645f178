"""Selection elements, signatures, fields of forms, queries and layout as blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clary.engines.documents.contract import Box
from clary.engines.documents.understanding import (
    Answer,
    KeyValue,
    LayoutKind,
    LayoutPart,
    SelectionElement,
    Signature,
)
from clary.services.textract.blocks.blocks import PageBlocks

_LAYOUT = {kind: f"LAYOUT_{kind.name}" for kind in LayoutKind}


def add_selections(blocks: PageBlocks, selections: Sequence[SelectionElement]) -> list[str]:
    """Adds check boxes and the like; returns their ids, by position."""
    return [
        blocks.add(
            "SELECTION_ELEMENT",
            element.box,
            confidence=element.confidence,
            SelectionStatus="SELECTED" if element.selected else "NOT_SELECTED",
        )
        for element in selections
    ]


def add_signatures(blocks: PageBlocks, signatures: Sequence[Signature]) -> list[tuple[str, Box]]:
    """Adds signatures; returns their ids with their boxes."""
    return [
        (blocks.add("SIGNATURE", signature.box, confidence=signature.confidence, of_page=True), signature.box)
        for signature in signatures
    ]


def add_key_value(
    blocks: PageBlocks,
    field: KeyValue,
    selections: Sequence[tuple[str, Box]],
    signatures: Sequence[tuple[str, Box]],
) -> str:
    """Adds a field of a form, which is two blocks; returns the id of the key's."""
    chosen = selections[field.selection] if field.selection is not None else None
    if chosen is not None:
        place = chosen[1]
    elif field.value is not None:
        place = field.value.box
    else:  # nothing was filled in: the value has its place where the key ends
        place = Box(field.key.box.right, field.key.box.top, field.key.box.right, field.key.box.bottom)
    held = [blocks.words[position] for position in field.value.words] if field.value is not None else []
    held += [chosen[0]] if chosen is not None else []
    held += [identifier for identifier, box in signatures if place.holds(box.centre)]
    value = blocks.add(
        "KEY_VALUE_SET",
        place,
        confidence=field.confidence,
        related={"CHILD": held},
        of_page=True,
        EntityTypes=["VALUE"],
    )
    return blocks.add(
        "KEY_VALUE_SET",
        field.key.box,
        confidence=field.confidence,
        related={"VALUE": [value], "CHILD": [blocks.words[position] for position in field.key.words]},
        of_page=True,
        EntityTypes=["KEY"],
    )


def add_queries(blocks: PageBlocks, queries: Sequence[Mapping[str, Any]], answers: Sequence[Answer]) -> None:
    """Adds the questions that were asked about the page, and what it answers.

    Args:
        queries: Query structures of the request, those that are asked of this page.
        answers: which name the questions by position.
    """
    found = {answer.question: answer.passage for answer in answers}
    for position, query in enumerate(queries):
        passage = found.get(position)
        results = []
        if passage is not None:
            results = [
                blocks.add("QUERY_RESULT", passage.box, confidence=passage.confidence, text=passage.text, of_page=True)
            ]
        blocks.add("QUERY", None, related={"ANSWER": results}, of_page=True, Query=dict(query))


def add_layout(blocks: PageBlocks, parts: Sequence[LayoutPart]) -> None:
    """Adds the parts of the page in the order of reading."""
    for part in parts:
        _add_part(blocks, part, of_page=True)


def _add_part(blocks: PageBlocks, part: LayoutPart, *, of_page: bool) -> str:
    children = [_add_part(blocks, child, of_page=True) for child in part.children]
    if not children:
        children = [blocks.lines[position] for position in part.lines]
    return blocks.add(
        _LAYOUT[part.kind], part.box, confidence=part.confidence, related={"CHILD": children}, of_page=of_page
    )
